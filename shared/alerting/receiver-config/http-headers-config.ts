import type { SecretHeader } from '../http-client.ts';
import type { FieldReader } from './field-reader.ts';
import { checkedHeader } from './http-texts.ts';

/** Those of the connection, of the body and of `Authorization`, which has fields of its own (prometheus/common, config/headers.go: reservedHeaders). */
const RESERVED: ReadonlySet<string> = new Set([
  'authorization', 'host', 'content-encoding', 'content-length', 'content-type', 'user-agent', 'connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'www-authenticate', 'accept-encoding',
  'x-prometheus-remote-write-version', 'x-prometheus-remote-read-version', 'x-prometheus-scrape-timeout-seconds', 'x-amz-date', 'x-amz-security-token', 'x-amz-content-sha256',
]);

/** `http_headers` of an `http_config`: values to show, values to hide, and files with one value each. */
export const readHttpHeaders = (http: FieldReader): readonly SecretHeader[] =>
  http.mappingOf('http_headers').map(({ name, under }) => {
    checkedHeader(http, 'http_headers', name);
    const header = under(['values', 'secrets', 'files']);
    if (RESERVED.has(name.toLowerCase())) header.yaml.fail(header.place, `${header.what}: found a header that is set here, others are allowed`);
    const texts = (key: string): SecretHeader['values'] => header.texts(key).map(({ text }) => ({ text: checkedHeader(header, key, text, 'value') }));
    return { name, values: [...texts('values'), ...texts('secrets'), ...header.texts('files').map(({ text }) => ({ file: text }))] };
  });
