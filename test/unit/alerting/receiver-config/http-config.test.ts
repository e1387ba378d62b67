import { describe, expect, it } from 'vitest';
import { parseAlertmanagerFile } from '../../../../shared/alerting/alertmanager-file.ts';
import { type Integration, integrationsOf } from '../../../../shared/alerting/receivers.ts';
import { LATER_CONFIG } from './later-config.ts';

const file = (http: string, global = '{}'): string => `global: ${global}\nroute: {receiver: a}\nreceivers:\n  - name: a\n    webhook_configs:\n      - url: http://a.example/\n        http_config:\n${http.replace(/^/gm, '          ')}\n`;
const parse = (text: string): ReturnType<typeof parseAlertmanagerFile> => parseAlertmanagerFile(text, 'am.yml');

const read = (text: string): Integration => {
  const { config, errors } = parse(text);
  expect(errors).toEqual([]);
  return (config === undefined ? [] : integrationsOf(config, 'a'))[0] as Integration;
};

describe('http_config', () => {
  it('reads TLS, a proxy, headers and tokens', () => {
    const hook = read(
      file(`oauth2:
  client_id: me
  client_secret_file: s
  token_url: https://id.example/
  scopes: [a]
  endpoint_params: {audience: x}
  tls_config: {insecure_skip_verify: true}
tls_config: {ca_file: ca.pem, cert_file: c.pem, key_file: k.pem, server_name: n, min_version: TLS11, max_version: TLS13}
proxy_url: http://me:pw@p.example:1
no_proxy: x
proxy_connect_header: {X-A: [1, 2]}
http_headers: {X-B: {values: [v], secrets: [s], files: [f]}}`),
    );
    expect(hook).toMatchObject({
      auth: {
        kind: 'oauth2',
        oauth2: { tokenUrl: { text: 'https://id.example/' }, clientId: 'me', clientSecret: { file: 's' }, scopes: ['a'], endpointParams: [['audience', { text: 'x' }]], tls: { serverName: '', isVerified: false } },
      },
      tls: { ca: { file: 'ca.pem' }, certificate: { cert: { file: 'c.pem' }, key: { file: 'k.pem' } }, serverName: 'n', isVerified: true, minVersion: 'TLSv1.1', maxVersion: 'TLSv1.3' },
      proxy: { kind: 'url', url: { text: 'http://me:pw@p.example:1' }, noProxy: 'x', connectHeaders: [{ name: 'X-A', values: [{ text: '1' }, { text: '2' }] }] },
      headers: [{ name: 'X-B', values: [{ text: 'v' }, { text: 's' }, { file: 'f' }] }],
    });
  });

  it('is the global one where a receiver has none, and nothing of it where it has one', () => {
    const global = '{http_config: {proxy_from_environment: true, basic_auth: {username: u, password_file: f}}}';
    expect(read(file('{}', global))).toMatchObject({ auth: { kind: 'none' } });
    expect(read(file('{}', global))).not.toHaveProperty('proxy');
    expect(read(file('{}', global).replace(/ +http_config:\n.*\n/, ''))).toMatchObject({ auth: { kind: 'basic', username: { text: 'u' }, password: { file: 'f' } }, proxy: { kind: 'environment' } });
  });

  it('tells everything that is wrong with it, each with its place, and no value', () => {
    const { errors } = parse(
      file(`basic_auth: {username: a, username_file: b, password: hunter2, password_file: c}
oauth2: {client_secret: hunter2, token_url: hunter2}
proxy_url: socks5://hunter2
proxy_from_environment: true
no_proxy: a
tls_config: {ca: hunter2, cert_file: a, min_version: TLS13, max_version: TLS12}
http_headers: {Host: {values: [a]}, "a:b": {}, X-C: {secrets: ["hunter2\\n"]}, X-D: {other: 1}}
follow_redirects: maybe
nonsense: 1`),
    );
    const found = errors.map((error) => error.replace(/^am\.yml:(\d+):\d+: receiver "a": webhook 1: http_config: /, '$1 '));
    expect(errors.every((error) => /^am\.yml:\d+:\d+: /.test(error))).toBe(true);
    expect(errors.join('\n')).not.toContain('hunter2');
    expect(found).toEqual([
      expect.stringContaining('16 the field "nonsense" is unknown'),
      '15 follow_redirects: found neither true nor false',
      expect.stringContaining('13 tls_config: ca: found no certificate in PEM'),
      expect.stringContaining('13 tls_config: found cert without key'),
      expect.stringContaining('13 tls_config: max_version: found a version before min_version'),
      '10 found both proxy_url and proxy_from_environment, one of them is allowed',
      expect.stringContaining('10 proxy_url: found no address'),
      '14 http_headers "Host": found a header that is set here, others are allowed',
      '14 http_headers: found a name that is no name of a header',
      '14 http_headers "X-C": secrets: found characters that no header may have, printable ASCII is allowed',
      expect.stringContaining('14 http_headers "X-D": the field "other" is unknown'),
      '9 found basic_auth and oauth2, one of them is allowed',
      '8 basic_auth: found both username and username_file, one of them is allowed',
      '8 basic_auth: found both password and password_file, one of them is allowed',
    ]);
  });

  it.each([
    ['oauth2: {token_url: "https://a.example/"}', 'found no client_id'],
    ['oauth2: {client_id: a, token_url: "ftp://a"}', 'token_url: found no address'],
    ['oauth2: {client_id: a, client_secret: a, client_secret_file: b, token_url: "https://a"}', 'found both client_secret and client_secret_file'],
    ['no_proxy: a', 'found no_proxy without proxy_url'],
    ['proxy_connect_header: {a: [b]}', 'found proxy_connect_header without a proxy'],
    ['proxy_url: http://a\nproxy_connect_header: {a: b}', 'a list is needed'],
    ['tls_config: {min_version: TLS14}', 'allowed are TLS10, TLS11, TLS12, TLS13'],
    ['tls_config: {key_file: a}', 'found key without cert'],
    ['authorization: {type: Basic, credentials: a}', 'which is basic_auth'],
  ])('refuses %j', (http, message) => {
    expect(parse(file(http)).errors.join('\n')).toContain(message);
  });

  it('warns of redirects that are asked for, once the file says so', () => {
    expect(parse(file('follow_redirects: true')).warnings).toEqual([expect.stringMatching(/^am\.yml:8:\d+: warning: receiver "a": webhook 1: http_config: follow_redirects: redirects are never followed/)]);
    expect([...parse(file('follow_redirects: false')).warnings, ...parse(file('enable_http2: true')).warnings]).toEqual([]);
  });
});

describe('a file with fields of later versions', () => {
  it('is read, and shown without its secrets', () => {
    const { config, errors, warnings } = parse(LATER_CONFIG);
    expect(errors).toEqual([]);
    expect(config?.redactedText).not.toContain('hunter2');
    expect(config?.redactedText).toContain('shown');
    expect(warnings.join('\n')).not.toContain('hunter2');
    expect(warnings.map((line) => /warning: (?:receiver "all": )?(.*?): /.exec(line)?.[1])).toEqual(['global', 'global', 'global', 'global', 'global', 'alertmanager file', 'pagerduty 1']);
    expect(parse(config?.redactedText.replaceAll('<secret>', 'https://x.example/PRIVATE KEY-----') ?? '').errors).toEqual([]);
  });

  it('means what it says', () => {
    const { config } = parse(LATER_CONFIG);
    const all = config === undefined ? [] : integrationsOf(config, 'all');
    const of = (id: string): Integration | undefined => all.find((each) => each.id === `all/${id}`);
    expect(of('webhook/0')).toMatchObject({ timeoutMs: 5000, auth: { kind: 'oauth2', oauth2: { clientSecret: { file: 'f' } } } });
    expect(of('email/0')).toMatchObject({ implicitTls: false, threading: 'none', tls: { certificate: { cert: { file: 'c.pem' } } }, auth: { username: 'a', password: { file: 'f' } } });
    expect(of('pagerduty/0')).toMatchObject({ api: 'v2', key: { file: 'f' } });
    expect(of('pagerduty/1')).toMatchObject({ api: 'v1', key: { file: 'f' }, proxy: { kind: 'environment' } });
    expect(of('slack/0')).toMatchObject({ url: { text: 'https://slack.example.com/api' }, auth: { kind: 'header', scheme: 'Bearer', credentials: { text: 'hunter2' } }, messageText: 'm' });
    expect(of('slack/1')).toMatchObject({ auth: { credentials: { file: 'f' } } });
    expect(of('slack/2')).toMatchObject({ url: { file: 'f' }, auth: { kind: 'basic' } });
    expect(of('opsgenie/0')).toMatchObject({ responders: [{ type: 'teams', name: 'a, b' }], headers: [{ name: 'X-Team' }] });
    expect(of('msteams/0')).toMatchObject({ summary: 's' });
  });
});
