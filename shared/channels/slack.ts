import type { SlackIntegration } from '../alerting/receivers.ts';
import type { ChannelPorts, Outgoing } from './channel-ports.ts';
import { alertsUrl, cutTo } from './default-text.ts';
import { postJson } from './http-post.ts';
import { authHeaders, secretText } from './secret.ts';
import type { SendOutcome } from './send-outcome.ts';

/** Slack cuts longer titles and texts itself, in the middle of its own markup (alertmanager, notify/slack: maxTitleLenRunes). */
const MAX_TITLE_CHARS = 1024;
const MAX_TEXT_CHARS = 8000;

/** Posts one attachment to an incoming webhook, or to chat.postMessage. Never rejects. */
export const sendSlack = ({ fetch, readSecret }: Pick<ChannelPorts, 'fetch' | 'readSecret'>, integration: SlackIntegration, outgoing: Outgoing): Promise<SendOutcome> =>
  postJson(
    fetch,
    async () => ({
      url: await secretText(integration.url, readSecret),
      headers: await authHeaders(integration.auth, readSecret),
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
    mrkdwn_in: ['fallback', 'pretext', 'text'],
    ...(integration.fields.length === 0 ? {} : { fields: integration.fields.map(({ title: name, value, short }) => ({ title: name, value, short: short ?? integration.shortFields })) }),
  };
  return {
    ...(integration.to === '' ? {} : { channel: integration.to }),
    username: integration.username,
    ...(integration.iconEmoji === '' ? {} : { icon_emoji: integration.iconEmoji }),
    ...(integration.iconUrl === '' ? {} : { icon_url: integration.iconUrl }),
    attachments: [attachment],
  };
};
