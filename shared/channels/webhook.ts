import type { WebhookMessage } from '../alerting/notification.ts';
import type { WebhookIntegration } from '../alerting/receivers.ts';
import { MAX_DELAY_MS } from './retry-delay.ts';
import { shortAnswer } from './send-outcome.ts';
import type { SendOutcome } from './send-outcome.ts';

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** Alertmanager's receivers answer in milliseconds; a slow one must not hold the others back. */
export const WEBHOOK_TIMEOUT_MS = 10_000;

/** Of an answer; nothing more is read. */
const MAX_ANSWER_BYTES = 64 * 1024;

/** Answers that may be different next time, beside 5xx: timeout, too early, too many requests. */
const RETRIED = new Set([408, 425, 429]);

/**
 * Posts Alertmanager's JSON. No redirects are followed: an address that moved is a final failure that a person must see.
 * Never rejects.
 */
export const sendWebhook = async (fetch: Fetch, integration: WebhookIntegration, id: string, message: WebhookMessage): Promise<SendOutcome> => {
  try {
    const response = await fetch(integration.url, {
      method: 'POST',
      redirect: 'manual',
      signal: AbortSignal.timeout(WEBHOOK_TIMEOUT_MS),
      headers: { 'content-type': 'application/json', 'user-agent': 'tidemark', 'webhook-id': id },
      body: JSON.stringify(message),
    });
    const text = await readSome(response);
    const answer = shortAnswer(`HTTP ${response.status} ${text}`);
    if (response.status >= 200 && response.status < 300) return { kind: 'sent', answer };
    if (response.status < 500 && !RETRIED.has(response.status)) return { kind: 'failed', answer };
    return { kind: 'retry', answer, ...retryAfter(response) };
  } catch (error) {
    return { kind: 'retry', answer: shortAnswer(networkProblem(error)) };
  }
};

/** The beginning of the answer. What is wrong with it does not matter: the status has said all. */
const readSome = async (response: Response): Promise<string> => {
  const reader = response.body?.getReader();
  if (reader === undefined) return '';
  const pieces: Uint8Array[] = [];
  try {
    for (let bytes = 0; bytes < MAX_ANSWER_BYTES; ) {
      const { done, value } = await reader.read();
      if (done) break;
      bytes += value.length;
      pieces.push(value);
    }
    await reader.cancel();
  } catch {
    return Buffer.concat(pieces).toString('utf8');
  }
  return Buffer.concat(pieces).toString('utf8');
};

/** `Retry-After` in seconds; a date is ignored, as the caller's own delay is good enough. */
const retryAfter = (response: Response): { afterMs?: number } => {
  const seconds = /^\d{1,6}$/.exec(response.headers.get('retry-after') ?? '')?.[0];
  return seconds === undefined ? {} : { afterMs: Math.min(Number(seconds) * 1000, MAX_DELAY_MS) };
};

/** The kind of problem alone: messages of the network stack may quote the address, which may hold a secret. */
const networkProblem = (error: unknown): string => {
  if (error instanceof Error && error.name === 'TimeoutError') return `no answer within ${WEBHOOK_TIMEOUT_MS} ms`;
  const cause = error instanceof Error ? (error.cause ?? error) : undefined;
  const code = cause !== null && typeof cause === 'object' && 'code' in cause ? String(cause.code) : 'network error';
  return `no answer: ${code}`;
};
