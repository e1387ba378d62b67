import type { HttpClient } from '../http-client.ts';
import type { MsteamsIntegration } from '../receivers.ts';
import type { FieldReader } from './field-reader.ts';
import { readHttpClient, readSecretUrl } from './http-config.ts';

export const MSTEAMS_KEYS = ['webhook_url', 'webhook_url_file', 'send_resolved', 'http_config', 'title', 'summary', 'text'];

export const readMsteams = (reader: FieldReader, client: HttpClient): Omit<MsteamsIntegration, 'id' | 'receiver'> => ({
  channel: 'msteams',
  url: readSecretUrl(reader, 'webhook_url'),
  ...readHttpClient(reader, client),
  title: reader.optional('title'),
  summary: reader.optional('summary'),
  text: reader.optional('text'),
  sendResolved: reader.flag('send_resolved', true),
});
