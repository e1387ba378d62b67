import { createHmac } from 'node:crypto';
import type { WebhookMessage } from '../alerting/message.ts';
import type { WebhookIntegration } from '../alerting/receivers.ts';
import type { Outgoing } from './channel-ports.ts';
import { postJson } from './http-post.ts';
import type { PostPorts } from './http-post.ts';
import { TellableError, secretText } from './secret.ts';
import type { SendOutcome } from './send-outcome.ts';

/** A secret of Standard Webhooks: 24 to 64 bytes in base64 (specification, "Signature scheme"). */
const SIGNING_SECRET = /^(?:whsec_)?[A-Za-z0-9+/]{32,86}={0,2}$/;

export const isSigningSecret = (text: string): boolean => SIGNING_SECRET.test(text);

/** Posts Alertmanager's JSON, signed where there are secrets for it. Never rejects. */
export const sendWebhook = (ports: PostPorts, integration: WebhookIntegration, { id, message, nowMs }: Outgoing): Promise<SendOutcome> =>
  postJson(ports, integration, nowMs, async () => {
    const body = JSON.stringify(limited(message, integration.maxAlerts));
    const secrets = await Promise.all(integration.signingSecrets.map((secret) => secretText(secret, ports.readSecret)));
    if (!secrets.every(isSigningSecret)) throw new TellableError('sign request: found no signing secret of 24 to 64 bytes in base64, whsec_... is needed');
    const signature = secrets.length === 0 ? {} : signatureHeaders(secrets, { id, timestampS: Math.floor(nowMs / 1000), body });
    return {
      url: await secretText(integration.url, ports.readSecret),
      headers: { 'webhook-id': id, ...signature },
      body,
    };
  });

const limited = (message: WebhookMessage, maxAlerts: number): WebhookMessage => {
  const over = maxAlerts === 0 ? 0 : Math.max(0, message.alerts.length - maxAlerts);
  return over === 0 ? message : { ...message, alerts: message.alerts.slice(0, maxAlerts), truncatedAlerts: message.truncatedAlerts + over };
};

/** The headers of Standard Webhooks (specification 1.0): a signature by each secret, the receiver takes either. */
export const signatureHeaders = (
  secrets: readonly string[],
  { id, timestampS, body }: { readonly id: string; readonly timestampS: number; readonly body: string },
): Record<string, string> => ({
  'webhook-timestamp': String(timestampS),
  'webhook-signature': secrets.map((secret) => `v1,${createHmac('sha256', keyOf(secret)).update(`${id}.${timestampS}.${body}`).digest('base64')}`).join(' '),
});

const keyOf = (secret: string): Buffer => Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
