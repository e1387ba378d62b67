import type { HttpClient } from '../http-client.ts';
import type { Secret, SlackAction, SlackIntegration } from '../receivers.ts';
import type { FieldReader } from './field-reader.ts';
import { readHttpClient, readSecretUrl, readTimeout, readUrl } from './http-config.ts';

export const SLACK_KEYS = [
  'api_url', 'api_url_file', 'send_resolved', 'http_config', 'channel', 'username', 'color', 'title', 'title_link', 'pretext', 'text', 'fallback', 'footer', 'icon_emoji', 'icon_url',
  'short_fields', 'fields', 'app_token', 'app_token_file', 'app_url', 'callback_id', 'image_url', 'thumb_url', 'link_names', 'mrkdwn_in', 'actions', 'message_text', 'timeout',
];

/** Of the web API, for apps with a token (Slack, chat.postMessage). */
export const SLACK_APP_URL = 'https://slack.com/api/chat.postMessage';

export interface SlackDefaults {
  readonly url: Secret | undefined;
  readonly appToken: Secret | undefined;
  readonly appUrl: string;
}

export const readSlack = (reader: FieldReader, client: HttpClient, defaults: SlackDefaults): Omit<SlackIntegration, 'id' | 'receiver'> => ({
  channel: 'slack',
  ...readWay(reader, readHttpClient(reader, client), defaults),
  ...readTimeout(reader),
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
  callbackId: reader.plain('callback_id'),
  imageUrl: reader.plain('image_url'),
  thumbUrl: reader.plain('thumb_url'),
  linkNames: reader.flag('link_names', false),
  markdownIn: reader.has('mrkdwn_in') ? reader.texts('mrkdwn_in').map(({ text }) => text) : ['fallback', 'pretext', 'text'],
  actions: reader.each('actions', ['type', 'text', 'url', 'style', 'name', 'value', 'confirm']).map(readAction),
  messageText: reader.plain('message_text'),
  shortFields: reader.flag('short_fields', false),
  fields: reader.each('fields', ['title', 'value', 'short']).map(readField),
  sendResolved: reader.flag('send_resolved', false),
});

const readField = (field: FieldReader): SlackIntegration['fields'][number] => {
  if (field.text('title') === '') field.fail('title', 'found no title, every field needs one');
  if (field.text('value') === '') field.fail('value', 'found no value, every field needs one');
  return { title: field.plain('title'), value: field.plain('value'), short: field.has('short') ? field.flag('short', false) : undefined };
};

/** An app's token stands for an address and for who sends; an own `api_url` counts before the global token. */
const readWay = (reader: FieldReader, client: HttpClient, { url, appToken: globalToken, appUrl }: SlackDefaults): HttpClient & { readonly url: Secret } => {
  const own = reader.secret('app_token');
  const hasUrl = reader.has('api_url') || reader.has('api_url_file');
  if (own !== undefined && hasUrl) reader.fail('app_token', 'found both app_token and api_url, one of them is allowed');
  const token = own ?? (hasUrl ? undefined : globalToken);
  if (token === undefined) return { ...client, url: readSecretUrl(reader, 'api_url', url) };
  if (client.auth.kind !== 'none') reader.fail('http_config', 'found both an app token and another way to say who sends in http_config, one of them is allowed');
  return { ...client, auth: { kind: 'header', scheme: 'Bearer', credentials: token }, url: { text: readUrl(reader, 'app_url', appUrl) } };
};

const readAction = (action: FieldReader): SlackAction => {
  for (const key of ['type', 'text']) if (action.text(key) === '') action.fail(key, `found no ${key}, every action needs one`);
  if (action.text('url') === '' && action.text('name') === '') action.fail('name', 'found neither name nor url, one of them is needed');
  const [type, text, link, style, name, value] = ['type', 'text', 'url', 'style', 'name', 'value'].map((key) => action.plain(key)) as [string, string, string, string, string, string];
  return { type, text, link, style, name, value, confirm: action.has('confirm') ? readConfirm(action.under('confirm', ['text', 'title', 'ok_text', 'dismiss_text'])) : undefined };
};

const readConfirm = (confirm: FieldReader): NonNullable<SlackAction['confirm']> => {
  if (confirm.text('text') === '') confirm.fail('text', 'found no text, every question needs one');
  return { text: confirm.plain('text'), title: confirm.plain('title'), okText: confirm.plain('ok_text'), dismissText: confirm.plain('dismiss_text') };
};
