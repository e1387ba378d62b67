import type { FieldReader } from './field-reader.ts';
import type { EmailIntegration, Secret } from '../receivers.ts';

/** `global.smtp_*`: what an e-mail receiver takes where it says nothing itself. */
export interface SmtpDefaults {
  readonly from: string;
  readonly smarthost: string;
  readonly hello: string;
  readonly username: string;
  readonly password: Secret;
  readonly requireTls: boolean;
}

export const SMTP_KEYS = ['smtp_from', 'smtp_smarthost', 'smtp_hello', 'smtp_auth_username', 'smtp_auth_password', 'smtp_auth_password_file', 'smtp_require_tls'];

/** Alertmanager's default, which people write out; here that body has no template. */
const DEFAULT_HTML = /^\s*\{\{-?\s*template "email\.default\.html" \.\s*-?\}\}\s*$/;

export const EMAIL_KEYS = ['to', 'from', 'smarthost', 'hello', 'auth_username', 'auth_password', 'auth_password_file', 'require_tls', 'headers', 'send_resolved', 'text', 'html'];

export const readSmtpDefaults = (global: FieldReader): SmtpDefaults => ({
  from: global.plain('smtp_from'),
  smarthost: checkedSmarthost(global, 'smtp_smarthost'),
  hello: global.text('smtp_hello'),
  username: global.text('smtp_auth_username'),
  password: global.secret('smtp_auth_password') ?? { text: '' },
  requireTls: global.flag('smtp_require_tls', true),
});

export const readEmail = (reader: FieldReader, smtp: SmtpDefaults): Omit<EmailIntegration, 'id' | 'receiver'> => {
  const to = reader.plain('to');
  if (to === '') reader.fail('to', 'found no to, every e-mail receiver needs one');
  const from = reader.plain('from') || smtp.from;
  if (from === '') reader.fail('from', 'found neither from nor global smtp_from, one of them is needed');
  const smarthost = checkedSmarthost(reader, 'smarthost') || smtp.smarthost;
  if (smarthost === '' && !reader.has('smarthost')) reader.fail('smarthost', 'found neither smarthost nor global smtp_smarthost, one of them is needed');
  const username = reader.text('auth_username') || smtp.username;
  const headers = reader.pairs('headers');
  if (headers.some(([name, value]) => !/^[!-9;-~]+$/.test(name) || /[\r\n]/.test(value))) {
    reader.fail('headers', 'headers: found a line break in a value, or a name that is no header name');
  }
  return {
    channel: 'email',
    to,
    from,
    smarthost: splitHostPort(smarthost) ?? { host: '', port: 0 },
    hello: reader.text('hello') || smtp.hello,
    auth: username === '' ? undefined : { username, password: reader.secret('auth_password') ?? smtp.password },
    requireTls: reader.flag('require_tls', smtp.requireTls),
    headers,
    sendResolved: reader.flag('send_resolved', false),
    text: reader.optional('text'),
    html: DEFAULT_HTML.test(reader.text('html')) ? undefined : reader.optional('html'),
  };
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
