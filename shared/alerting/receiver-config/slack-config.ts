import type { HttpAuth, Secret, SlackIntegration } from '../receivers.ts';
import type { FieldReader } from './field-reader.ts';
import { readHttpAuth, readSecretUrl } from './http-config.ts';

export const SLACK_KEYS = [
  'api_url', 'api_url_file', 'send_resolved', 'http_config', 'channel', 'username', 'color', 'title', 'title_link', 'pretext', 'text', 'fallback', 'footer', 'icon_emoji', 'icon_url',
  'short_fields', 'fields',
];

export const readSlack = (reader: FieldReader, auth: HttpAuth, globalUrl: Secret | undefined): Omit<SlackIntegration, 'id' | 'receiver'> => ({
  channel: 'slack',
  url: readSecretUrl(reader, 'api_url', globalUrl),
  auth: readHttpAuth(reader, auth),
  to: reader.plain('channel'),
  username: reader.has('username') ? reader.plain('username') : 'Tidemark',
  color: reader.optional('color'),
  title: reader.optional('title'),
  titleLink: reader.optional('title_link'),
  pretext: reader.plain('pretext'),
  text: reader.optional('text'),
  fallback: reader.optional('fallback'),
  footer: reader.plain('footer'),
  iconEmoji: reader.plain('icon_emoji'),
  iconUrl: reader.plain('icon_url'),
  shortFields: reader.flag('short_fields', false),
  fields: reader.each('fields', ['title', 'value', 'short']).map(readField),
  sendResolved: reader.flag('send_resolved', false),
});

const readField = (field: FieldReader): SlackIntegration['fields'][number] => {
  if (field.text('title') === '') field.fail('title', 'found no title, every field needs one');
  if (field.text('value') === '') field.fail('value', 'found no value, every field needs one');
  return { title: field.plain('title'), value: field.plain('value'), short: field.has('short') ? field.flag('short', false) : undefined };
};
