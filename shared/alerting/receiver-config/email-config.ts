import type { TlsSettings } from '../http-client.ts';
import type { EmailIntegration, Secret } from '../receivers.ts';
import type { FieldReader } from './field-reader.ts';
import { readTls } from './tls-config.ts';

/** `global.smtp_*`: what an e-mail receiver takes where it says nothing itself. */
export interface SmtpDefaults {
  readonly from: string;
  readonly smarthost: string;
  readonly hello: string;
  readonly username: string;
  readonly password: Secret | undefined;
  /** Of CRAM-MD5. */
  readonly secret: Secret | undefined;
  readonly requireTls: boolean;
  readonly implicitTls: boolean | undefined;
  readonly tls: TlsSettings | undefined;
}

export const SMTP_KEYS = [
  'smtp_from', 'smtp_smarthost', 'smtp_hello', 'smtp_auth_username', 'smtp_auth_password', 'smtp_auth_password_file', 'smtp_auth_identity', 'smtp_auth_secret', 'smtp_auth_secret_file', 'smtp_require_tls', 'smtp_force_implicit_tls', 'smtp_tls_config',
];

/** Alertmanager's default, which people write out; here that body has no template. */
const DEFAULT_HTML = /^\s*\{\{-?\s*template "email\.default\.html" \.\s*-?\}\}\s*$/;

export const EMAIL_KEYS = [
  'to', 'from', 'smarthost', 'hello', 'auth_username', 'auth_password', 'auth_password_file', 'auth_identity', 'auth_secret', 'auth_secret_file', 'require_tls', 'force_implicit_tls', 'tls_config', 'threading',
  'headers', 'send_resolved', 'text', 'html',
];

export const readSmtpDefaults = (global: FieldReader): SmtpDefaults => ({
  from: global.plain('smtp_from'),
  smarthost: checkedSmarthost(global, 'smtp_smarthost'),
  hello: global.text('smtp_hello'),
  username: username(global, 'smtp_auth_'),
  password: global.secret('smtp_auth_password'),
  secret: global.secret('smtp_auth_secret'),
  requireTls: global.flag('smtp_require_tls', true),
  implicitTls: choice(global, 'smtp_force_implicit_tls'),
  tls: readTls(global, 'smtp_tls_config'),
});

/** PLAIN may name another one to act as; who logs in acts here. */
const username = (reader: FieldReader, prefix: string): string => {
  const name = reader.text(`${prefix}username`);
  const identity = reader.text(`${prefix}identity`);
  if (identity !== '' && identity !== name) reader.warn(`${prefix}identity`, `${prefix}identity: it is not sent, the server is told the username alone`);
  return name;
};

const choice = (reader: FieldReader, key: string): boolean | undefined => (reader.text(key) === '' ? undefined : reader.flag(key, false));

export const readEmail = (reader: FieldReader, smtp: SmtpDefaults): Omit<EmailIntegration, 'id' | 'receiver'> => {
  const to = reader.plain('to');
  if (to === '') reader.fail('to', 'found no to, every e-mail receiver needs one');
  const from = reader.plain('from') || smtp.from;
  if (from === '') reader.fail('from', 'found neither from nor global smtp_from, one of them is needed');
  const smarthost = checkedSmarthost(reader, 'smarthost') || smtp.smarthost;
  if (smarthost === '' && !reader.has('smarthost')) reader.fail('smarthost', 'found neither smarthost nor global smtp_smarthost, one of them is needed');
  const headers = reader.pairs('headers');
  if (headers.some(([name, value]) => !/^[!-9;-~]+$/.test(name) || /[\r\n]/.test(value))) {
    reader.fail('headers', 'headers: found a line break in a value, or a name that is no header name');
  }
  const implicitTls = choice(reader, 'force_implicit_tls') ?? smtp.implicitTls;
  const tls = readTls(reader, 'tls_config') ?? smtp.tls;
  return {
    channel: 'email',
    to,
    from,
    smarthost: splitHostPort(smarthost) ?? { host: '', port: 0 },
    hello: reader.text('hello') || smtp.hello,
    auth: readAuth(reader, smtp),
    requireTls: reader.flag('require_tls', smtp.requireTls),
    ...(implicitTls === undefined ? {} : { implicitTls }),
    ...(tls === undefined ? {} : { tls }),
    ...readThreading(reader),
    headers,
    sendResolved: reader.flag('send_resolved', false),
    text: reader.optional('text'),
    html: DEFAULT_HTML.test(reader.text('html')) ? undefined : reader.optional('html'),
  };
};

/** Alertmanager's way: a password for LOGIN and PLAIN, a secret for CRAM-MD5. With both the password is taken, which every server can ask for. */
const readAuth = (reader: FieldReader, smtp: SmtpDefaults): EmailIntegration['auth'] => {
  const name = username(reader, 'auth_') || smtp.username;
  if (name === '') return undefined;
  const password = reader.secret('auth_password') ?? smtp.password;
  const secret = reader.secret('auth_secret') ?? smtp.secret;
  return password === undefined && secret !== undefined ? { username: name, password: secret, method: 'CRAM-MD5' } : { username: name, password: password ?? { text: '' } };
};

const readThreading = (reader: FieldReader): Pick<EmailIntegration, 'threading'> => {
  if (!reader.has('threading')) return {};
  const threading = reader.under('threading', ['enabled', 'thread_by_date']);
  const byDate = threading.text('thread_by_date') || 'daily';
  if (byDate !== 'daily' && byDate !== 'none') threading.fail('thread_by_date', 'thread_by_date: found another word, allowed are daily, none');
  return threading.flag('enabled', false) ? { threading: byDate === 'none' ? 'none' : 'daily' } : {};
};

/** The text of a `host:port` field, '' when it is missing or wrong. */
const checkedSmarthost = (reader: FieldReader, key: string): string => {
  const text = reader.text(key);
  if (!reader.has(key) || splitHostPort(text) !== undefined) return text;
  reader.fail(key, `${key}: found no host:port, such as mail.example.com:587`);
  return '';
};

/** `mail.example.com:587`, `[::1]:25`. */
const splitHostPort = (text: string): { host: string; port: number } | undefined => {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:\s/[\]]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  return match === null || port < 1 || port > 65_535 ? undefined : { host: (match[1] ?? match[2]) as string, port };
};
