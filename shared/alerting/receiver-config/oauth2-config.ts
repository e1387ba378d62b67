import type { Oauth2 } from '../http-client.ts';
import type { FieldReader } from './field-reader.ts';
import { isHttpUrl } from './http-texts.ts';
import { PROXY_KEYS, readProxy } from './proxy-config.ts';
import { readTls } from './tls-config.ts';

const KEYS = ['client_id', 'client_secret', 'client_secret_file', 'token_url', 'scopes', 'endpoint_params', 'tls_config', ...PROXY_KEYS];

/** `oauth2` of an `http_config`: the grant of client credentials. */
export const readOauth2 = (http: FieldReader): Oauth2 => {
  const oauth2 = http.under('oauth2', KEYS);
  if (oauth2.text('client_id') === '') oauth2.fail('client_id', 'found no client_id, one is needed');
  if (!isHttpUrl(oauth2.text('token_url'))) oauth2.fail('token_url', 'token_url: found no address, http://... or https://... is needed');
  const tls = readTls(oauth2, 'tls_config');
  const proxy = readProxy(oauth2);
  return {
    tokenUrl: { text: oauth2.text('token_url') },
    clientId: oauth2.text('client_id'),
    clientSecret: oauth2.secret('client_secret') ?? { text: '' },
    scopes: oauth2.texts('scopes').map(({ text }) => text),
    endpointParams: oauth2.mappingOf('endpoint_params').map(({ name, text }) => [name, { text: text() }] as const),
    ...(tls === undefined ? {} : { tls }),
    ...(proxy === undefined ? {} : { proxy }),
  };
};
