import type { HttpAuth, Secret } from '../receivers.ts';
import type { FieldReader } from './field-reader.ts';

/** `follow_redirects` and `enable_http2` are taken and mean nothing: redirects are never followed. */
const KEYS = ['basic_auth', 'authorization', 'bearer_token', 'bearer_token_file', 'follow_redirects', 'enable_http2'];

const HEADER_TEXT = /^[\x20-\x7e]*$/;

/** `http_config` of a receiver, or the global one where it has none. */
export const readHttpAuth = (reader: FieldReader, otherwise: HttpAuth = { kind: 'none' }): HttpAuth => {
  if (!reader.has('http_config')) return otherwise;
  const http = reader.under('http_config', KEYS);
  const ways = ['basic_auth', 'authorization', 'bearer_token', 'bearer_token_file'].filter((key) => http.has(key));
  if (ways.length > 1) http.fail(ways[1] as string, `found ${ways.join(' and ')}, one of them is allowed`);
  http.flag('follow_redirects', true);
  http.flag('enable_http2', true);
  if (http.has('basic_auth')) return basicAuth(http.under('basic_auth', ['username', 'password', 'password_file']));
  const bearer = http.secret('bearer_token');
  if (bearer !== undefined) return { kind: 'header', scheme: 'Bearer', credentials: checked(http, 'bearer_token', bearer) };
  return http.has('authorization') ? headerAuth(http.under('authorization', ['type', 'credentials', 'credentials_file'])) : { kind: 'none' };
};

const basicAuth = (reader: FieldReader): HttpAuth => ({ kind: 'basic', username: reader.text('username'), password: reader.secret('password') ?? { text: '' } });

const headerAuth = (reader: FieldReader): HttpAuth => {
  const scheme = reader.text('type') || 'Bearer';
  if (!/^[!#$%&'*+\-.^`|~\w]+$/.test(scheme)) reader.fail('type', 'type: found no name of a scheme, one such as Bearer is needed');
  if (scheme.toLowerCase() === 'basic') reader.fail('type', 'type: found basic, which is basic_auth');
  const credentials = reader.secret('credentials');
  if (credentials === undefined) reader.fail('credentials', 'found neither credentials nor credentials_file, one of them is needed');
  return { kind: 'header', scheme, credentials: checked(reader, 'credentials', credentials ?? { text: '' }) };
};

const checked = (reader: FieldReader, key: string, secret: Secret): Secret => {
  if ('text' in secret && !HEADER_TEXT.test(secret.text)) reader.fail(key, `${key}: found characters that no header may have, printable ASCII is allowed`);
  return secret;
};

export const isHttpUrl = (text: string): boolean => {
  const url = URL.parse(text);
  return url !== null && (url.protocol === 'http:' || url.protocol === 'https:') && url.hostname !== '';
};

/** An address that may hold a secret: `key`, or `key_file`; the global one where there is neither. */
export const readSecretUrl = (reader: FieldReader, key: string, otherwise?: Secret): Secret => {
  const url = reader.secret(key) ?? (reader.has(key) ? undefined : otherwise);
  if (url === undefined || ('text' in url && !isHttpUrl(url.text))) reader.fail(key, `${key}: found no address, http://... or https://... is needed`);
  return url ?? { text: '' };
};

/** An address that people may see, without credentials in it. */
export const readUrl = (reader: FieldReader, key: string, otherwise: string): string => {
  const url = reader.text(key) || otherwise;
  if (!isHttpUrl(url)) reader.fail(key, `${key}: found no address, http://... or https://... is needed`);
  return url;
};
