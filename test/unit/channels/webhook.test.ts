import { describe, expect, it } from 'vitest';
import type { WebhookMessage } from '../../../shared/alerting/message.ts';
import type { WebhookIntegration } from '../../../shared/alerting/receivers.ts';
import type { Fetch } from '../../../shared/channels/http-post.ts';
import { MAX_DELAY_MS, retryDelayMs } from '../../../shared/channels/retry-delay.ts';
import { noSecretFiles } from '../../../shared/channels/secret.ts';
import { sendWebhook } from '../../../shared/channels/webhook.ts';

const HOOK: WebhookIntegration = { id: 'ops/webhook/0', receiver: 'ops', channel: 'webhook', url: { text: 'http://hook.example/t0ken' }, auth: { kind: 'none' }, maxAlerts: 0, signingSecrets: [], sendResolved: true };
const MESSAGE: WebhookMessage = {
  version: '4',
  groupKey: '{}',
  truncatedAlerts: 0,
  status: 'firing',
  receiver: 'ops',
  groupLabels: {},
  commonLabels: {},
  commonAnnotations: {},
  externalURL: '',
  alerts: [],
};

const post = (fetch: Fetch, changes: Partial<WebhookIntegration> = {}, message = MESSAGE) =>
  sendWebhook({ fetch, readSecret: noSecretFiles }, { ...HOOK, ...changes }, { id: 'the-id', dedupKey: 'group', subject: 'S', message, nowMs: 1_700_000_000_000 });

describe('sendWebhook', () => {
  it('reads at most 64 KB of an endless answer', async () => {
    let chunks = 0;
    let cancelled = false;
    const endless = new ReadableStream({
      pull: (controller) => {
        chunks++;
        controller.enqueue(new Uint8Array(16_384).fill(97));
      },
      cancel: () => {
        cancelled = true;
      },
    });
    const outcome = await post(async () => new Response(endless));
    expect(outcome.kind).toBe('sent');
    expect(chunks).toBeLessThan(8);
    expect(cancelled).toBe(true);
  });

  it('counts an answer as sent even when its text breaks off', async () => {
    const broken = new ReadableStream({ pull: (controller) => controller.error(new Error('reset')) });
    expect(await post(async () => new Response(broken))).toMatchObject({ kind: 'sent' });
  });

  it('has a time limit, names its id, and keeps the address out of the answer', async () => {
    let init: RequestInit = {};
    const fetch = async (_url: string, given: RequestInit): Promise<Response> => {
      init = given;
      throw new DOMException('timed out: http://hook.example/t0ken', 'TimeoutError');
    };
    expect(await post(fetch)).toEqual({ kind: 'retry', answer: 'no answer within 10000 ms' });
    expect(init.signal).toBeInstanceOf(AbortSignal);
    expect(new Headers(init.headers).get('webhook-id')).toBe('the-id');
  });

  it.each([
    ['120', 120_000],
    ['999999', MAX_DELAY_MS],
    ['Wed, 21 Oct 2026 07:28:00 GMT', undefined],
  ])('takes Retry-After %s', async (header, afterMs) => {
    const outcome = await post(async () => new Response('', { status: 503, headers: { 'retry-after': header } }));
    expect(outcome.kind === 'retry' ? outcome.afterMs : 'none').toBe(afterMs);
  });
});

describe('retryDelayMs', () => {
  it('doubles from 5 s to 15 minutes, less a part that the id decides', () => {
    expect([1, 2, 3, 8, 9, 1000].map((attempts) => retryDelayMs(attempts, '0000'))).toEqual([5000, 10_000, 20_000, 640_000, 900_000, 900_000]);
    expect(retryDelayMs(9, 'ffff')).toBeGreaterThanOrEqual(810_000);
    expect(retryDelayMs(9, 'ffff')).toBeLessThan(811_000);
  });
});
