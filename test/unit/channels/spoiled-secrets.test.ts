import { expect, it } from 'vitest';
import type { WebhookIntegration } from '../../../shared/alerting/receivers.ts';
import type { WebhookMessage } from '../../../shared/alerting/message.ts';
import type { Fetch } from '../../../shared/channels/http-post.ts';
import { sendWebhook } from '../../../shared/channels/webhook.ts';

const MESSAGE: WebhookMessage = { version: '4', groupKey: '{}', truncatedAlerts: 0, status: 'firing', receiver: 'ops', groupLabels: {}, commonLabels: {}, commonAnnotations: {}, externalURL: '', alerts: [] };
const HOOK: WebhookIntegration = { id: 'ops/webhook/0', receiver: 'ops', channel: 'webhook', url: { text: 'http://hook.example/' }, auth: { kind: 'none' }, maxAlerts: 0, signingSecrets: [], sendResolved: true };

/** What comes of a post with a file that reads `text`, and how many requests. */
const post = async (text: string, changes: Partial<WebhookIntegration>): Promise<unknown> => {
  let requests = 0;
  const fetch: Fetch = async () => new Response(String(requests++), { status: 401 });
  const { kind, answer } = await sendWebhook({ fetch, readSecret: async () => text }, { ...HOOK, ...changes }, { id: 'the-id', dedupKey: 'group', subject: 'S', message: MESSAGE, nowMs: 0 });
  return [kind, answer, requests];
};

it('a file that is empty while it is written anew is not taken as a secret, whose refusal would be final', async () => {
  const told = ['retry', 'read secret: found no text in pw, a secret is needed', 0];
  expect(await post(' \n', { auth: { kind: 'basic', username: { text: 'me' }, password: { file: 'pw' } } })).toEqual(told);
  expect(await post('', { signingSecrets: [{ file: 'pw' }] })).toEqual(told);
});

it.each(['whsec_', 'hunter2', `whsec_${'!'.repeat(32)}`, 'a'.repeat(100)])('a file that says %j signs nothing: its key would be another one', async (text) => {
  expect(await post(text, { signingSecrets: [{ file: 'key' }] })).toEqual(['retry', 'sign request: found no signing secret of 24 to 64 bytes in base64, whsec_... is needed', 0]);
  expect(await post('whsec_' + Buffer.alloc(24).toString('base64'), { signingSecrets: [{ file: 'key' }] })).toEqual(['failed', 'HTTP 401 0', 1]);
});
