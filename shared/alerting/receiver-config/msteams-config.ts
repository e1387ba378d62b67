import type { HttpAuth, MsteamsIntegration } from '../receivers.ts';
import type { FieldReader } from './field-reader.ts';
import { readHttpAuth, readSecretUrl } from './http-config.ts';

export const MSTEAMS_KEYS = ['webhook_url', 'webhook_url_file', 'send_resolved', 'http_config', 'title', 'text'];

export const readMsteams = (reader: FieldReader, auth: HttpAuth): Omit<MsteamsIntegration, 'id' | 'receiver'> => ({
  channel: 'msteams',
  url: readSecretUrl(reader, 'webhook_url'),
  auth: readHttpAuth(reader, auth),
  title: reader.optional('title'),
  text: reader.optional('text'),
  sendResolved: reader.flag('send_resolved', true),
});
