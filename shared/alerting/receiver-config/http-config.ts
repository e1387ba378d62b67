import { POST_TIMEOUT_MS } from '../../channels/http-post.ts';
import type { HttpAuth, HttpClient } from '../http-client.ts';
import type { Secret } from '../receivers.ts';
import type { FieldReader } from './field-reader.ts';
import { readHttpHeaders } from './http-headers-config.ts';
import { isHeaderValue, isHttpUrl, isToken } from './http-texts.ts';
import { readOauth2 } from './oauth2-config.ts';
import { PROXY_KEYS, readProxy } from './proxy-config.ts';
import { readTls } from './tls-config.ts';

const KEYS = ['basic_auth', 'authorization', 'oauth2', 'bearer_token', 'bearer_token_file', 'tls_config', ...PROXY_KEYS, 'http_headers', 'follow_redirects', 'enable_http2'];

const WAYS = ['basic_auth', 'authorization', 'oauth2', 'bearer_token', 'bearer_token_file'];

/** What speaks to receivers where no `http_config` does. */
const PLAIN: HttpClient = { auth: { kind: 'none' } };

/** `http_config` of a receiver, or the global one where it has none. */
export const readHttpClient = (reader: FieldReader, otherwise: HttpClient = PLAIN): HttpClient => {
  if (!reader.has('http_config')) return otherwise;
  const http = reader.under('http_config', KEYS);
  if (http.flag('follow_redirects', true)) http.warn('follow_redirects', 'follow_redirects: redirects are never followed here, an address that moved is an error');
  http.flag('enable_http2', true); // HTTP/1.1 is spoken, which every server understands
  const tls = readTls(http, 'tls_config');
  const proxy = readProxy(http);
  const headers = readHttpHeaders(http);
  return {
    auth: readAuth(http),
    ...(tls === undefined ? {} : { tls }),
    ...(proxy === undefined ? {} : { proxy }),
    ...(headers.length === 0 ? {} : { headers }),
  };
};

const readAuth = (http: FieldReader): HttpAuth => {
  const ways = WAYS.filter((key) => http.has(key));
  if (ways.length > 1) http.fail(ways[1] as string, `found ${ways.join(' and ')}, one of them is allowed`);
  if (http.has('basic_auth')) return basicAuth(http.under('basic_auth', ['username', 'username_file', 'password', 'password_file']));
  if (http.has('oauth2')) return { kind: 'oauth2', oauth2: readOauth2(http) };
  const bearer = http.secret('bearer_token');
  if (bearer !== undefined) return { kind: 'header', scheme: 'Bearer', credentials: checked(http, 'bearer_token', bearer) };
  return http.has('authorization') ? headerAuth(http.under('authorization', ['type', 'credentials', 'credentials_file'])) : { kind: 'none' };
};

const basicAuth = (reader: FieldReader): HttpAuth => ({ kind: 'basic', username: reader.secret('username') ?? { text: '' }, password: reader.secret('password') ?? { text: '' } });

const headerAuth = (reader: FieldReader): HttpAuth => {
  const scheme = reader.text('type').trim() || 'Bearer';
  if (!isToken(scheme)) reader.fail('type', 'type: found no name of a scheme, one such as Bearer is needed');
  if (scheme.toLowerCase() === 'basic') reader.fail('type', 'type: found basic, which is basic_auth');
  const credentials = reader.secret('credentials');
  if (credentials === undefined) reader.fail('credentials', 'found neither credentials nor credentials_file, one of them is needed');
  return { kind: 'header', scheme, credentials: checked(reader, 'credentials', credentials ?? { text: '' }) };
};

const checked = (reader: FieldReader, key: string, secret: Secret): Secret => {
  if ('text' in secret && !isHeaderValue(secret.text)) reader.fail(key, `${key}: found characters that no header may have, printable ASCII is allowed`);
  return secret;
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

/** `timeout` of a receiver, which may shorten attempts. */
export const readTimeout = (reader: FieldReader): { readonly timeoutMs?: number } => {
  const timeoutMs = reader.durationMs('timeout', 0);
  if (timeoutMs > POST_TIMEOUT_MS) reader.warn('timeout', `timeout: attempts end after ${POST_TIMEOUT_MS / 1000}s here, and are made again`);
  return timeoutMs === 0 || timeoutMs > POST_TIMEOUT_MS ? {} : { timeoutMs };
};
