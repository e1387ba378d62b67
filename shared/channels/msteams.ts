import type { MsteamsIntegration } from '../alerting/receivers.ts';
import type { Outgoing } from './channel-ports.ts';
import { alertListText, cutTo } from './default-text.ts';
import { postJson } from './http-post.ts';
import type { PostPorts } from './http-post.ts';
import { secretText } from './secret.ts';
import type { SendOutcome } from './send-outcome.ts';

/** A message may have 28 KB (Microsoft Teams, "Limits and specifications"); a character has up to 3 bytes. */
const MAX_TEXT_CHARS = 7000;

/** Posts a message card to an incoming webhook of a channel. Never rejects. */
export const sendMsteams = (ports: PostPorts, integration: MsteamsIntegration, outgoing: Outgoing): Promise<SendOutcome> =>
  postJson(
    ports,
    integration,
    outgoing.nowMs,
    async () => ({
      url: await secretText(integration.url, ports.readSecret),
      headers: {},
      body: JSON.stringify(cardOf(integration, outgoing)),
    }),
    judge,
  );

/** Teams answers 200 and says in the text that it was too much. */
const judge = (status: number, text: string): SendOutcome['kind'] | undefined => (status === 200 && text.includes('HTTP error 429') ? 'retry' : undefined);

const cardOf = (integration: MsteamsIntegration, { subject, message }: Outgoing): object => ({
  '@type': 'MessageCard',
  '@context': 'http://schema.org/extensions',
  title: integration.title ?? subject,
  summary: integration.summary ?? integration.title ?? subject,
  text: cutTo(integration.text ?? alertListText(message.alerts), MAX_TEXT_CHARS),
  themeColor: message.status === 'firing' ? '8C1A1A' : '2DC72D',
});
