import type { WebhookMessage } from '../alerting/message.ts';
import type { PagerdutyIntegration } from '../alerting/receivers.ts';
import type { ChannelPorts, Outgoing } from './channel-ports.ts';
import { alertListText } from './default-text.ts';
import { postJson } from './http-post.ts';
import { authHeaders, secretText } from './secret.ts';
import type { SendOutcome } from './send-outcome.ts';

/** Of a summary (Events API v2, PD-CEF). */
const MAX_SUMMARY_CHARS = 1024;

/** An event may have 512 KB (Events API v2); the details give way when it is larger. */
const MAX_EVENT_BYTES = 512_000;

/** Triggers or resolves by Events API v2, under one key for all events of a group. Never rejects. */
export const sendPagerduty = ({ fetch, readSecret }: Pick<ChannelPorts, 'fetch' | 'readSecret'>, integration: PagerdutyIntegration, outgoing: Outgoing): Promise<SendOutcome> =>
  postJson(
    fetch,
    async () => ({
      url: integration.url,
      headers: await authHeaders(integration.auth, readSecret),
      body: boundedEvent(integration, outgoing, await secretText(integration.routingKey, readSecret)),
    }),
    judge,
  );

/** 403 is what the API says of too many calls at times; every other 4xx is about the event (developer guide, "API response codes"). */
const judge = (status: number): SendOutcome['kind'] | undefined => (status === 403 ? 'retry' : undefined);

const boundedEvent = (integration: PagerdutyIntegration, outgoing: Outgoing, routingKey: string): string => {
  const whole = JSON.stringify(eventOf(integration, outgoing, routingKey, detailsOf(integration, outgoing.message)));
  if (Buffer.byteLength(whole) <= MAX_EVENT_BYTES) return whole;
  return JSON.stringify(eventOf(integration, outgoing, routingKey, { error: `details left out: the event had ${Buffer.byteLength(whole)} bytes, ${MAX_EVENT_BYTES} are allowed` }));
};

const eventOf = (integration: PagerdutyIntegration, { dedupKey, message, subject }: Outgoing, routingKey: string, details: Record<string, string>): object => {
  const event = { routing_key: routingKey, event_action: message.status === 'firing' ? 'trigger' : 'resolve', dedup_key: dedupKey };
  if (message.status === 'resolved') return event;
  return {
    ...event,
    client: integration.client,
    client_url: integration.clientUrl ?? message.externalURL,
    payload: {
      summary: (integration.description ?? subject).slice(0, MAX_SUMMARY_CHARS).toWellFormed(),
      source: integration.source ?? integration.client,
      severity: integration.severity,
      ...(integration.class === '' ? {} : { class: integration.class }),
      ...(integration.component === '' ? {} : { component: integration.component }),
      ...(integration.group === '' ? {} : { group: integration.group }),
      custom_details: details,
    },
  };
};

const detailsOf = (integration: PagerdutyIntegration, { alerts }: WebhookMessage): Record<string, string> => {
  const firing = alerts.filter(({ status }) => status === 'firing');
  const resolved = alerts.filter(({ status }) => status === 'resolved');
  return {
    firing: alertListText(firing),
    resolved: alertListText(resolved),
    num_firing: String(firing.length),
    num_resolved: String(resolved.length),
    ...Object.fromEntries(integration.details),
  };
};
