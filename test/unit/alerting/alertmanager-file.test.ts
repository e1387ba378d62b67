import { describe, expect, it } from 'vitest';
import { parseAlertmanagerFile } from '../../../shared/alerting/alertmanager-file.ts';
import { findIntegration, integrationsOf } from '../../../shared/alerting/receivers.ts';

const GOOD = `global:
  resolve_timeout: 10m
  smtp_from: alerts@example.com
  smtp_smarthost: mail.example.com:587
  smtp_auth_username: robot
  smtp_auth_password: hunter2
route:
  receiver: ops
receivers:
  - name: ops
    webhook_configs:
      - url: http://127.0.0.1:9000/hook
      - {url: 'https://example.com/x', send_resolved: false}
    email_configs:
      - to: ops@example.com
        require_tls: false
        smarthost: '[::1]:25'
        headers: {Reply-To: a@example.com}
  - name: unused
`;

describe('parseAlertmanagerFile', () => {
  it('reads webhooks and e-mail of the default receiver', () => {
    const { config, errors } = parseAlertmanagerFile(GOOD, 'am.yml');
    expect(errors).toEqual([]);
    expect(config?.resolveTimeoutMs).toBe(600_000);
    const [first, second, email] = config === undefined ? [] : integrationsOf(config, 'ops');
    expect(first).toMatchObject({ channel: 'webhook', id: 'ops/webhook/0', receiver: 'ops', url: { text: 'http://127.0.0.1:9000/hook' }, sendResolved: true });
    expect(second).toMatchObject({ id: 'ops/webhook/1', sendResolved: false });
    expect(email).toMatchObject({
      id: 'ops/email/0',
      to: 'ops@example.com',
      from: 'alerts@example.com',
      smarthost: { host: '::1', port: 25 },
      auth: { username: 'robot', password: { text: 'hunter2' } },
      requireTls: false,
      sendResolved: false,
      headers: [['Reply-To', 'a@example.com']],
    });
    expect(config === undefined ? undefined : findIntegration(config, 'ops/email/0')).toBe(email);
  });

  it('tells everything that is wrong, all at once, each with its place', () => {
    const { config, errors } = parseAlertmanagerFile(
      `route:
  receiver: nobody
  group_by: [a, a]
  group_interval: 0s
  matchers: [x="y"]
  routes:
    - matchers: ['a=~"("', 'b']
      mute_time_intervals: [weekends]
receivers:
  - name: ops
    victorops_configs: []
    webhook_configs:
      - url: s3cret-token
        http_config: {proxy_url: x}
    email_configs:
      - to: '{{ .x '
        send_resolved: maybe
    pagerduty_configs: [{}]
    slack_configs: [{channel: '#x'}]
  - name: ops
inhibit_rules: [{source_matchers: ['!'], unknown: 1}]
time_intervals:
  - name: x
    time_intervals: [{times: [{start_time: '25:00', end_time: '01:00'}], weekdays: ['friday:monday'], location: Nowhere/Land}]
`,
      'am.yml',
    );
    expect(config).toBeUndefined();
    expect(errors.every((error) => /^am\.yml:\d+:\d+: /.test(error))).toBe(true);
    const words = [
      'victorops_configs', 'proxy_url', 'template', 'neither true nor false', 'smtp_from', 'smtp_smarthost', 'routing_key', 'api_url', '"ops": found this name twice', '"nobody"', 'url: found no address',
      '"a" twice', 'group_interval: found 0', 'root route may not have', 'missing closing', 'no name, operator and value', '"weekends"', '"unknown"', 'start_time', 'weekdays', 'Nowhere/Land',
    ];
    for (const word of words) expect(errors.join('\n')).toContain(word);
    expect(errors.join('\n')).not.toContain('s3cret');
  });

  it('never quotes a secret', () => {
    const wrong = [
      GOOD.replace('hunter2', '[hunter2'),
      GOOD.replace('hunter2', '*hunter2'),
      GOOD.replace('hunter2', '{hunter2: hunter2}'),
      GOOD.replace('http://127.0.0.1:9000/hook', 'hunter2'),
      GOOD.replace('mail.example.com:587', 'hunter2'),
    ];
    for (const text of wrong) {
      const { errors } = parseAlertmanagerFile(text, 'am.yml');
      expect(errors.length).toBeGreaterThan(0);
      expect(errors.join('\n')).not.toContain('hunter2');
    }
  });

  it.each([
    'global: {smtp_auth_password:hunter2}',
    'global: {smtp_auth_password:hunter2, smtp_auth_password:hunter2}',
    'receivers: [{name: ops, webhook_configs: [{url:https://hunter2}]}]',
    'receivers: [{name: ops, email_configs: [{to: a, headers: {X-Token:hunter2: "{{ x }}", X-Token:hunter2: [1]}}]}]',
    'global: {? {hunter2: x} : y}',
    'hunter2 hunter2 hunter2: x',
    'global: {smtp_auth_password=hunter2: x}',
  ])('does not quote one that a missing space makes a part of the key: %s', (text) => {
    const { errors } = parseAlertmanagerFile(`route: {receiver: ops}\n${text}\n`, 'am.yml');
    expect(errors.length).toBeGreaterThan(0);
    expect(errors.join('\n').replace(/the field "hunter2…"/, '')).not.toContain('hunter2');
  });

  it('names an unknown field, as far as it looks like a name', () => {
    expect(parseAlertmanagerFile('global: {smtp_auth_pasword: x}', 'am.yml').errors.join()).toContain('"smtp_auth_pasword"');
    expect(parseAlertmanagerFile('global: {smtp_auth_password:x}', 'am.yml').errors.join()).toContain('"smtp_auth_password…"');
  });

  it('needs a route and known receivers', () => {
    expect(parseAlertmanagerFile('receivers: [{name: a}]', 'am.yml').errors.join()).toContain('found no route');
    expect(parseAlertmanagerFile('route: {}\nreceivers: [{name: a}]', 'am.yml').errors.join()).toContain('found no receiver');
  });
});
