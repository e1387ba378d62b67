import type { WebhookMessage } from '../alerting/message.ts';
import type { PagerdutyIntegration } from '../alerting/receivers.ts';
import type { Outgoing } from './channel-ports.ts';
import { alertListText, cutTo } from './default-text.ts';
import { postJson } from './http-post.ts';
import type { PostPorts } from './http-post.ts';
import { secretText } from './secret.ts';
import type { SendOutcome } from './send-outcome.ts';

/** Of a summary (Events API v2, PD-CEF). */
const MAX_SUMMARY_CHARS = 1024;

/** An event may have 512 KB (Events API v2); the details give way when it is larger. */
const MAX_EVENT_BYTES = 512_000;

/** Of Events API v1, which has one address (PagerDuty, "Events API v1 overview"). */
const V1_URL = 'https://events.pagerduty.com/generic/2010-04-15/create_event.json';

/** Triggers or resolves by the Events API, under one key for all events of a group. Never rejects. */
export const sendPagerduty = (ports: PostPorts, integration: PagerdutyIntegration, outgoing: Outgoing): Promise<SendOutcome> =>
  postJson(
    ports,
    integration,
    outgoing.nowMs,
    async () => ({
      url: integration.api === 'v1' ? V1_URL : integration.url,
      headers: {},
      body: boundedEvent(integration, outgoing, await secretText(integration.key, ports.readSecret)),
    }),
    judge,
  );

/** 403 is what the API says of too many calls at times; every other 4xx is about the event (developer guide, "API response codes"). */
const judge = (status: number): SendOutcome['kind'] | undefined => (status === 403 ? 'retry' : undefined);

const boundedEvent = (integration: PagerdutyIntegration, outgoing: Outgoing, key: string): string => {
  const event = integration.api === 'v1' ? eventOfV1 : eventOfV2;
  const whole = JSON.stringify(event(integration, outgoing, key, detailsOf(integration, outgoing.message)));
  if (Buffer.byteLength(whole) <= MAX_EVENT_BYTES) return whole;
  return JSON.stringify(event(integration, outgoing, key, { error: `details left out: the event had ${Buffer.byteLength(whole)} bytes, ${MAX_EVENT_BYTES} are allowed` }));
};

const eventOfV1 = (integration: PagerdutyIntegration, { dedupKey, message, subject }: Outgoing, key: string, details: Record<string, string>): object => {
  const event = { service_key: key, event_type: message.status === 'firing' ? 'trigger' : 'resolve', incident_key: dedupKey, description: cutTo(integration.description ?? subject, MAX_SUMMARY_CHARS), details };
  return message.status === 'resolved' ? event : { ...event, client: integration.client, client_url: integration.clientUrl ?? message.externalURL };
};

const eventOfV2 = (integration: PagerdutyIntegration, { dedupKey, message, subject }: Outgoing, routingKey: string, details: Record<string, string>): object => {
  const event = { routing_key: routingKey, event_action: message.status === 'firing' ? 'trigger' : 'resolve', dedup_key: dedupKey };
  if (message.status === 'resolved') return event;
  return {
    ...event,
    client: integration.client,
    client_url: integration.clientUrl ?? message.externalURL,
    ...(integration.images.length === 0 ? {} : { images: integration.images }),
    ...(integration.links.length === 0 ? {} : { links: integration.links }),
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
