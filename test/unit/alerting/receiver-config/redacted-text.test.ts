import { describe, expect, it } from 'vitest';
import { parseAlertmanagerFile } from '../../../../shared/alerting/alertmanager-file.ts';
import { redactedText } from '../../../../shared/alerting/receiver-config/redacted-text.ts';

const CERT = '-----BEGIN CERTIFICATE-----';
const TLS = `{cert: "${CERT}", key: "-----BEGIN PRIVATE KEY----- hunter2"}`;
const hook = (http: string): string => `webhook_configs: [{url: 'http://hook.example/', http_config: {${http}}}]`;
const shown = (receiver: string, global = '{}'): string => {
  const { config, errors } = parseAlertmanagerFile(`global: ${global}\nroute: {receiver: a}\nreceivers:\n  - name: a\n    ${receiver}\n`, 'am.yml', []);
  expect(errors).toEqual([]);
  return config?.redactedText ?? 'hunter2';
};

describe('the text of a file for people', () => {
  it.each([
    ['the key of the global SMTP server', '', `{smtp_tls_config: ${TLS}}`],
    ['a key by a merge', hook(`tls_config: {<<: ${TLS}}`), undefined],
    ['a key of a mapping that is used twice', hook('tls_config: *tls'), `{smtp_tls_config: &tls ${TLS}}`],
    ['a secret that another field uses', 'pagerduty_configs: [{routing_key: &key hunter2, client: *key}]', undefined],
    ['a text that is used as a secret', 'pagerduty_configs: [{client: &key hunter2, routing_key: *key}]', undefined],
    ['an address that is used as that of a webhook', "pagerduty_configs: [{routing_key: a, client_url: &url 'https://hook.example/hunter2'}]\n    webhook_configs: [{url: *url}]", undefined],
    ['the address of a webhook that another field uses', "webhook_configs: [{url: &url 'https://hook.example/hunter2'}]\n    pagerduty_configs: [{routing_key: a, client_url: *url}]", undefined],
    ['a list of secrets that is used as one of values', hook('proxy_url: http://p, proxy_connect_header: {X: &list [hunter2]}, http_headers: {Y: {values: *list}}'), undefined],
    ['parameters by a merge', hook('oauth2: {client_id: a, token_url: https://id.example/, endpoint_params: {<<: {secret: hunter2}}}'), undefined],
  ])('does not say %s', (_what, receiver, global) => {
    expect(shown(receiver, global)).not.toContain('hunter2');
  });

  it('says of an address with a login who is at its end', () => {
    expect(shown(hook("proxy_url: 'http://me:hunter2@proxy.example'"))).toContain('http://xxxxx@proxy.example');
  });

  it('ends where aliases lead back to where they stand', () => {
    expect(redactedText('password: &loop [hunter2, *loop]\n')).toBe('password: &loop [ <secret>, *loop ]\n');
  });

  it.each([' http://me:hunter2@proxy.example', 'http:me:hunter2@proxy.example', 'http:/me:hunter2@proxy.example', 'http:\\\\me:hunter2@proxy.example', 'ht\ttp://me:hunter2@proxy.example', 'http:///me:hunter2@proxy.example'])(
    'is not made of a file with an address such as %j, whose login nobody would see',
    (url) => {
      const { config, errors } = parseAlertmanagerFile(`route: {receiver: a}\nreceivers: [{name: a, webhook_configs: [{url: 'http://hook.example/', http_config: {proxy_url: ${JSON.stringify(url)}}}]}]`, 'am.yml', []);
      expect(config).toBeUndefined();
      expect(errors.join('\n')).toContain('proxy_url: found no address');
      expect(errors.join('\n')).not.toContain('hunter2');
    },
  );
});
