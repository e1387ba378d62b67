import { describe, expect, it } from 'vitest';
import { parseAlertmanagerFile } from '../../../shared/alerting/alertmanager-file.ts';
import { expandTexts } from '../../../shared/alerting/message-template.ts';
import type { MessageAlert, WebhookMessage } from '../../../shared/alerting/message.ts';
import { type TemplateFile, parseTemplateFiles, templatePatterns } from '../../../shared/alerting/template-files.ts';
import { alertListText } from '../../../shared/channels/default-text.ts';

const MESSAGE: WebhookMessage = {
  version: '4',
  groupKey: '{}',
  truncatedAlerts: 0,
  status: 'firing',
  receiver: 'ops',
  groupLabels: { alertname: '<Hot>' },
  commonLabels: {},
  commonAnnotations: {},
  externalURL: 'http://t',
  alerts: [],
};

const expand = (files: readonly TemplateFile[], text: string, key = 'title'): string | undefined => {
  const { templates, errors } = parseTemplateFiles(files);
  expect(errors).toEqual([]);
  return expandTexts<Readonly<Record<string, string>>>({ [key]: text }, MESSAGE, { nowMs: 0, templates })[key];
};

const FILES = [
  { file: 'conf/a.tmpl', text: '{{ define "title" }}[{{ .Status | toUpper }}] {{ template "name" .GroupLabels }}{{ end }}file a' },
  { file: 'conf/b.tmpl', text: '{{ define "name" }}{{ .alertname }}{{ end }}' },
];

describe('files of templates', () => {
  it('define what texts of receivers run, across files', () => {
    expect(expand(FILES, '{{ template "title" . }}!')).toBe('[FIRING] <Hot>!');
    expect(expand(FILES, '{{ template "title" . }}', 'html')).toBe('[FIRING] &lt;Hot&gt;');
    expect(expand(FILES, '{{ template "a.tmpl" . }}')).toBe('file a');
  });

  it('give way to what the text itself defines, and an earlier file to a later one', () => {
    expect(expand(FILES, '{{ define "name" }}own{{ end }}{{ template "title" . }}')).toBe('[FIRING] own');
    expect(expand([...FILES, { file: 'c.tmpl', text: '{{ define "name" }}later{{ end }}' }], '{{ template "title" . }}')).toBe('[FIRING] later');
  });

  it('name file and line of what fails while it runs, and of a name that nobody defines', () => {
    const files = [{ file: 'a.tmpl', text: '\n\n{{ define "x" }}{{ .Nothing }}{{ end }}' }];
    expect(expand(files, '{{ template "x" . }}')).toMatch(/^<error expanding template: template: a\.tmpl:3:\d+: executing "x" at <\.Nothing>: /);
    expect(expand(files, '{{ template "y" . }}')).toContain('template "y" not defined');
  });

  it('find the templates that every Alertmanager has, and may define them anew', () => {
    const others = { ...MESSAGE, commonLabels: { alertname: '<Hot>', dc: 'eu', host: 'a' }, receiver: 'o p' };
    const over = (text: string): string => expandTexts(text, others, { nowMs: 0, templates: new Map() });
    expect(over('{{ template "slack.default.title" . }}')).toBe('[FIRING:0] <Hot> (eu a)');
    expect(expand([], '{{ template "__subject" . }}')).toBe('[FIRING:0] <Hot>');
    expect(over('{{ template "__alertmanagerURL" . }}')).toBe('http://t/#/alerts?receiver=o+p');
    expect(expand([{ file: 'a.tmpl', text: '{{ define "__subject" }}ours{{ end }}' }], '{{ template "pagerduty.default.description" . }}')).toBe('ours');
  });

  it('have the list of alerts as the receivers write it without a text', () => {
    const alert: MessageAlert = { status: 'firing', labels: { alertname: 'Hot', host: 'a' }, annotations: { summary: 'it is' }, startsAt: '2026-01-01T00:00:00Z', endsAt: '0001-01-01T00:00:00Z', generatorURL: 'http://g', fingerprint: '0' };
    const message: WebhookMessage = { ...MESSAGE, alerts: [alert, { ...alert, status: 'resolved', annotations: {} }] };
    const over = (text: string): string => expandTexts(text, message, { nowMs: 0, templates: new Map() });
    expect(over('{{ template "pagerduty.default.instances" .Alerts }}')).toBe(alertListText(message.alerts));
    expect(over('{{ template "sns.default.message" . }}')).toBe(`Alerts Firing:\n${alertListText(message.alerts.slice(0, 1))}Alerts Resolved:\n${alertListText(message.alerts.slice(1))}`);
  });

  it('leave the default body of a mail to the default', () => {
    const htmlOf = (html: string): unknown => {
      const text = `route: {receiver: ops}\nreceivers: [{name: ops, email_configs: [{to: a@b.c, from: d@e.f, smarthost: 'h:25', html: '${html}'}]}]\n`;
      return parseAlertmanagerFile(text, 'am.yml').config?.receivers[0]?.integrations[0];
    };
    expect(htmlOf('{{ template "email.default.html" . }}')).toMatchObject({ html: undefined });
    expect(htmlOf('{{ template "mine" . }}')).toMatchObject({ html: '{{ template "mine" . }}' });
  });

  it('that call one another without end are stopped', () => {
    expect(expand([{ file: 'a.tmpl', text: '{{ define "x" }}{{ template "x" . }}{{ end }}' }], '{{ template "x" . }}')).toContain('exceeded maximum template depth');
  });

  it('that do not read are errors with file and line, all of them', () => {
    const files = [
      { file: 'a.tmpl', text: '\n{{ unknown . }}' },
      { file: 'b.tmpl', problem: 'EACCES: permission denied' },
      { file: 'c.tmpl', text: '{{ define "x" }}' },
    ];
    const { config, errors } = parseAlertmanagerFile('route: {receiver: ops}\nreceivers: [{name: ops}]\ntemplates: ["*.tmpl"]\n', 'am.yml', files);
    expect(config).toBeUndefined();
    expect(errors).toEqual([expect.stringMatching(/^a\.tmpl:2: .*"unknown"/), 'b.tmpl: EACCES: permission denied', expect.stringMatching(/^c\.tmpl:1: unexpected EOF/)]);
  });

  it('are refused when they are too large together', () => {
    const { errors } = parseTemplateFiles([{ file: 'a.tmpl', text: ' '.repeat(200_000) }, { file: 'b.tmpl', text: ' '.repeat(100_000) }]);
    expect(errors).toEqual(['templates: found 300000 bytes in 2 files, at most 262144 are allowed']);
  });

  it('are named by patterns in a list', () => {
    expect(templatePatterns('route: {receiver: a}\ntemplates: [a/*.tmpl, "/etc/b.tmpl"]\n')).toEqual(['a/*.tmpl', '/etc/b.tmpl']);
    expect(templatePatterns('route: {}\n')).toEqual([]);
    expect(templatePatterns(': : {')).toEqual([]);
    expect(parseAlertmanagerFile('route: {receiver: ops}\nreceivers: [{name: ops}]\ntemplates: {a: b}\n', 'am.yml').errors).toEqual([expect.stringMatching(/^am\.yml:3:\d+: .*templates: found a mapping, a list is needed/)]);
  });
});
