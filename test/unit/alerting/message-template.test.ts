import { describe, expect, it } from 'vitest';
import { expandTexts, templateProblem } from '../../../shared/alerting/message-template.ts';
import type { MessageAlert, WebhookMessage } from '../../../shared/alerting/message.ts';

const alertOf = (host: string, status: 'firing' | 'resolved'): MessageAlert => ({
  status,
  labels: { alertname: 'Hot', dc: 'eu', host },
  annotations: { summary: `${host} is hot` },
  startsAt: '2026-01-01T00:00:00.000Z',
  endsAt: '2026-01-01T01:00:00.000Z',
  generatorURL: 'http://g/',
  fingerprint: '00',
});

const MESSAGE: WebhookMessage = {
  version: '4',
  groupKey: '{}',
  truncatedAlerts: 0,
  status: 'firing',
  receiver: 'ops',
  groupLabels: { alertname: 'Hot' },
  commonLabels: { dc: 'eu', alertname: 'Hot' },
  commonAnnotations: {},
  externalURL: 'http://t',
  alerts: [alertOf('a', 'firing'), alertOf('b', 'firing'), alertOf('c', 'resolved')],
};

const SETTING = { nowMs: 0, templates: new Map() };

const expand = (text: string): string => expandTexts({ text, title: text }, MESSAGE, SETTING).title;

describe("texts of receivers, over Alertmanager's data", () => {
  it.each([
    ['plain', 'plain'],
    ['{{ .Status | toUpper }} {{ .Receiver }} {{ .ExternalURL }}', 'FIRING ops http://t'],
    ['{{ .CommonLabels.alertname }}{{ .CommonLabels.missing }}{{ .GroupLabels.alertname }}', 'HotHot'],
    ['[{{ .Alerts.Firing | len }}/{{ len .Alerts.Resolved }}/{{ len .Alerts }}]', '[2/1/3]'],
    ['{{ range .Alerts.Firing }}{{ .Labels.host }}: {{ .Annotations.summary }}; {{ end }}', 'a: a is hot; b: b is hot; '],
    ['{{ .CommonLabels.SortedPairs.Values | join " " }}', 'Hot eu'],
    ['{{ with .CommonLabels.Remove .GroupLabels.Names }}{{ .Values | join "," }}{{ end }}', 'eu'],
    ['{{ range .CommonLabels.SortedPairs }}{{ .Name }}={{ .Value }} {{ end }}', 'alertname=Hot dc=eu '],
    ['{{ if eq .Status "firing" }}bad{{ else }}good{{ end }}', 'bad'],
    ['{{ (index .Alerts 0).Labels.host }}{{ index .CommonLabels "dc" }}', 'aeu'],
    ['{{ .CommonLabels.Remove (stringSlice "dc") | len }}', '1'],
    ['{{ reReplaceAll "H(.)t" "$1" .CommonLabels.alertname }}', 'o'],
  ])('%s', (source, expected) => {
    expect(expand(source)).toBe(expected);
  });

  it('a template that fails prints its error, and names what does not read', () => {
    expect(expand('{{ .Nothing }}')).toMatch(/^<error expanding template: .*Nothing/);
    expect(templateProblem('{{ .x ')).toBeDefined();
    expect(templateProblem('{{ unknown . }}')).toBeDefined();
    expect(templateProblem('{{ .x }}')).toBeUndefined();
  });

  it('escapes what stands in HTML', () => {
    const message = { ...MESSAGE, commonLabels: { host: '<b>"' } };
    expect(expandTexts({ html: '<p>{{ .CommonLabels.host }}</p>', text: '{{ .CommonLabels.host }}' }, message, SETTING)).toEqual({ html: '<p>&lt;b&gt;&#34;</p>', text: '<b>"' });
  });

  it('leaves paths of secrets alone: labels do not say which file is read', () => {
    const secrets = { apiKey: { file: '/secrets/{{ .CommonLabels.dc }}' }, headers: [{ name: 'X-Team', values: [{ file: '{{ .CommonLabels.dc }}' }, { text: '{{ .CommonLabels.dc }}' }] }] };
    expect(expandTexts(secrets, MESSAGE, SETTING)).toEqual(secrets);
  });

  it('goes into lists and mappings, and leaves names and secrets alone', () => {
    const integration = { id: '{{ .Status }}', url: '{{ .Status }}', key: { text: '{{ .Status }}' }, details: [['k', '{{ .Status }}']], fields: [{ value: '{{ .Status }}', short: true }], text: undefined };
    expect(expandTexts(integration, MESSAGE, SETTING)).toEqual({ ...integration, details: [['k', 'firing']], fields: [{ value: 'firing', short: true }] });
  });
});
