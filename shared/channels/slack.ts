import type { SlackAction, SlackIntegration } from '../alerting/receivers.ts';
import type { Outgoing } from './channel-ports.ts';
import { alertsUrl, cutTo } from './default-text.ts';
import { postJson } from './http-post.ts';
import type { PostPorts } from './http-post.ts';
import { secretText } from './secret.ts';
import type { SendOutcome } from './send-outcome.ts';

/** Slack cuts longer titles and texts itself, in the middle of its own markup (alertmanager, notify/slack: maxTitleLenRunes). */
const MAX_TITLE_CHARS = 1024;
const MAX_TEXT_CHARS = 8000;

/** Posts one attachment to an incoming webhook, or to chat.postMessage. Never rejects. */
export const sendSlack = (ports: PostPorts, integration: SlackIntegration, outgoing: Outgoing): Promise<SendOutcome> =>
  postJson(
    ports,
    integration,
    outgoing.nowMs,
    async () => ({
      url: await secretText(integration.url, ports.readSecret),
      headers: {},
      body: JSON.stringify(requestOf(integration, outgoing)),
    }),
    judge,
  );

/** The web API says what went wrong in the body of a 200. */
const judge = (status: number, text: string): SendOutcome['kind'] | undefined => {
  if (status !== 200 || !text.startsWith('{')) return undefined;
  try {
    const { ok, error } = JSON.parse(text) as { ok?: unknown; error?: unknown };
    if (ok !== false) return undefined;
    return error === 'ratelimited' || error === 'internal_error' || error === 'fatal_error' ? 'retry' : 'failed';
  } catch {
    return undefined;
  }
};

const requestOf = (integration: SlackIntegration, { subject, message }: Outgoing): object => {
  const title = cutTo(integration.title ?? subject, MAX_TITLE_CHARS);
  const link = integration.titleLink ?? alertsUrl(message);
  const attachment = {
    title,
    title_link: link,
    pretext: integration.pretext,
    text: cutTo(integration.text ?? '', MAX_TEXT_CHARS),
    fallback: cutTo(integration.fallback ?? `${title} | ${link}`, MAX_TITLE_CHARS),
    footer: integration.footer,
    color: integration.color ?? (message.status === 'firing' ? 'danger' : 'good'),
    mrkdwn_in: integration.markdownIn,
    ...(integration.callbackId === '' ? {} : { callback_id: integration.callbackId }),
    ...(integration.imageUrl === '' ? {} : { image_url: integration.imageUrl }),
    ...(integration.thumbUrl === '' ? {} : { thumb_url: integration.thumbUrl }),
    ...(integration.actions.length === 0 ? {} : { actions: integration.actions.map(actionOf) }),
    ...(integration.fields.length === 0 ? {} : { fields: integration.fields.map(({ title: name, value, short }) => ({ title: name, value, short: short ?? integration.shortFields })) }),
  };
  return {
    ...(integration.to === '' ? {} : { channel: integration.to }),
    username: integration.username,
    ...(integration.iconEmoji === '' ? {} : { icon_emoji: integration.iconEmoji }),
    ...(integration.iconUrl === '' ? {} : { icon_url: integration.iconUrl }),
    ...(integration.linkNames ? { link_names: true } : {}),
    ...(integration.messageText === '' ? {} : { text: cutTo(integration.messageText, MAX_TEXT_CHARS) }),
    attachments: [attachment],
  };
};

/** A link, or a button with a name and a value; a link asks nothing back. */
const actionOf = ({ type, text, link, style, name, value, confirm }: SlackAction): object => ({
  type,
  text,
  ...(style === '' ? {} : { style }),
  ...(link === '' ? { name, value, ...(confirm === undefined ? {} : { confirm: { text: confirm.text, ...confirmTexts(confirm) } }) } : { url: link }),
});

const confirmTexts = ({ title, okText, dismissText }: NonNullable<SlackAction['confirm']>): object => ({
  ...(title === '' ? {} : { title }),
  ...(okText === '' ? {} : { ok_text: okText }),
  ...(dismissText === '' ? {} : { dismiss_text: dismissText }),
});
