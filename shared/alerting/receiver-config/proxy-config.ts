import type { ProxySettings, SecretHeader } from '../http-client.ts';
import type { FieldReader } from './field-reader.ts';
import { checkedHeader, isHttpUrl } from './http-texts.ts';

/** They stand beside the other fields of an `http_config`, or of its `oauth2`. */
export const PROXY_KEYS = ['proxy_url', 'no_proxy', 'proxy_from_environment', 'proxy_connect_header'];

export const readProxy = (reader: FieldReader): ProxySettings | undefined => {
  const url = reader.text('proxy_url');
  const noProxy = reader.text('no_proxy');
  const isOfEnvironment = reader.flag('proxy_from_environment', false);
  const connectHeaders = readConnectHeaders(reader);
  if (isOfEnvironment && url !== '') reader.fail('proxy_url', 'found both proxy_url and proxy_from_environment, one of them is allowed');
  if (noProxy !== '' && url === '') reader.fail('no_proxy', 'found no_proxy without proxy_url, which it is an exception of');
  if (connectHeaders.length > 0 && !isOfEnvironment && url === '') reader.fail('proxy_connect_header', 'found proxy_connect_header without a proxy, proxy_url or proxy_from_environment is needed');
  if (url !== '' && !isHttpUrl(url)) reader.fail('proxy_url', 'proxy_url: found no address, http://... or https://... is allowed');
  if (isOfEnvironment) return { kind: 'environment', connectHeaders };
  return url === '' ? undefined : { kind: 'url', url: { text: url }, noProxy, connectHeaders };
};

const readConnectHeaders = (reader: FieldReader): readonly SecretHeader[] =>
  reader.mappingOf('proxy_connect_header').map(({ name, list }) => ({
    name: checkedHeader(reader, 'proxy_connect_header', name),
    values: list().map(({ text }) => ({ text: checkedHeader(reader, 'proxy_connect_header', text, 'value') })),
  }));
