import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parseAlertmanagerFile } from '../../../shared/alerting/alertmanager-file.ts';
import type { WebhookMessage } from '../../../shared/alerting/message.ts';
import type { ChannelPorts, SnsMessage } from '../../../shared/channels/channel-ports.ts';
import { SecretFileError } from '../../../shared/channels/secret.ts';
import { send } from '../../../shared/channels/send.ts';
import type { SendOutcome } from '../../../shared/channels/send-outcome.ts';
import { MESSAGE } from './mail.ts';

const SECRET = `whsec_${Buffer.from('a secret of more than 24 bytes').toString('base64')}`;
const NEXT_SECRET = `whsec_${Buffer.from('the next one, which replaces it').toString('base64')}`;

const FIRING: WebhookMessage = { ...MESSAGE, status: 'firing', externalURL: 'http://tidemark.example', alerts: MESSAGE.alerts.map((alert) => ({ ...alert, status: 'firing' })) };

interface Call {
  readonly url: string;
  readonly headers: Headers;
  readonly body: string;
}

/** Sends by the first integration of a receiver, to somebody who answers so. */
const sendBy = async (receiver: string, message: WebhookMessage, answer = new Response('ok'), more: Partial<ChannelPorts> = {}): Promise<{ outcome: SendOutcome; call: Call | undefined }> => {
  const { config, errors } = parseAlertmanagerFile(`route: {receiver: r}\nreceivers: [{name: r, ${receiver}}]\n`, 'am.yml');
  const integration = config?.receivers[0]?.integrations[0];
  if (integration === undefined) throw new Error(errors.join('\n'));
  let call: Call | undefined;
  const ports: ChannelPorts = {
    fetch: async (url, init) => {
      call = { url, headers: new Headers(init.headers), body: String(init.body) };
      return answer;
    },
    createTransport: () => {
      throw new Error('no mail here');
    },
    readSecret: async (path) => {
      if (path === '/missing') throw new SecretFileError(path);
      return `from ${path}\n`;
    },
    ...more,
  };
  const outcome = await send(ports, integration, { id: 'the-id', dedupKey: 'group-hash', subject: '[FIRING:1] A', message, nowMs: 1_700_000_000_500 }, new Map());
  return { outcome, call };
};

describe('PagerDuty', () => {
  const RECEIVER = "pagerduty_configs: [{routing_key: k3y, severity: critical, class: disk, details: {team: infra}, client: T}]";

  it('triggers and resolves under the group\'s key', async () => {
    const trigger = await sendBy(RECEIVER, FIRING, new Response('{"status":"success"}', { status: 202 }));
    expect(trigger.outcome.kind).toBe('sent');
    expect(trigger.call?.url).toBe('https://events.pagerduty.com/v2/enqueue');
    expect(JSON.parse(trigger.call?.body ?? '')).toMatchObject({
      routing_key: 'k3y',
      event_action: 'trigger',
      dedup_key: 'group-hash',
      client: 'T',
      client_url: 'http://tidemark.example',
      payload: { summary: '[FIRING:1] A', severity: 'critical', class: 'disk', source: 'T', custom_details: { num_firing: '1', num_resolved: '0', team: 'infra' } },
    });
    const resolve = await sendBy(RECEIVER, MESSAGE, new Response('', { status: 202 }));
    expect(JSON.parse(resolve.call?.body ?? '')).toEqual({ routing_key: 'k3y', event_action: 'resolve', dedup_key: 'group-hash' });
  });

  it.each([[202, 'sent'], [400, 'failed'], [403, 'retry'], [429, 'retry'], [500, 'retry'], [302, 'failed']] as const)('%i is %s', async (status, kind) => {
    expect((await sendBy(RECEIVER, FIRING, new Response('x', { status }))).outcome.kind).toBe(kind);
  });

  it('keeps the key out of the answer, and leaves details out of an event that is too large', async () => {
    const alerts = Array.from({ length: 40 }, () => ({ ...(FIRING.alerts[0] as WebhookMessage['alerts'][number]), annotations: { text: 'x'.repeat(16_000) } }));
    const { call, outcome } = await sendBy(RECEIVER, { ...FIRING, alerts });
    expect(Buffer.byteLength(call?.body ?? '')).toBeLessThan(512_000);
    expect(call?.body).toContain('details left out');
    expect(outcome.answer).not.toContain('k3y');
  });
});

describe('signed webhooks', () => {
  const RECEIVER = `webhook_configs: [{url: 'http://hook.example/x', signing_secrets: ['${SECRET}', '${NEXT_SECRET}'], max_alerts: 1, http_config: {authorization: {credentials_file: /token}}}]`;

  it('signs id, time and body by both secrets', async () => {
    const { call } = await sendBy(RECEIVER, FIRING);
    const signed = `the-id.1700000000.${call?.body ?? ''}`;
    const by = (secret: string) => `v1,${createHmac('sha256', Buffer.from(secret.slice(6), 'base64')).update(signed).digest('base64')}`;
    expect(call?.headers.get('webhook-id')).toBe('the-id');
    expect(call?.headers.get('webhook-timestamp')).toBe('1700000000');
    expect(call?.headers.get('webhook-signature')).toBe(`${by(SECRET)} ${by(NEXT_SECRET)}`);
    expect(call?.headers.get('authorization')).toBe('Bearer from /token');
  });

  it("gives the specification's own signature", async () => {
    // The example of Standard Webhooks' reference libraries.
    const { signatureHeaders } = await import('../../../shared/channels/webhook.ts');
    const headers = signatureHeaders(['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'], { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestampS: 1614265330, body: '{"test": 2432232314}' });
    expect(headers['webhook-signature']).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  it('leaves out alerts beyond max_alerts, and says how many', async () => {
    const two = { ...FIRING, alerts: [...FIRING.alerts, ...FIRING.alerts] };
    expect(JSON.parse((await sendBy(RECEIVER, two)).call?.body ?? '')).toMatchObject({ truncatedAlerts: 1, alerts: [{}] });
  });

  it('waits for a secret file that is not there', async () => {
    const { outcome, call } = await sendBy("webhook_configs: [{url_file: /missing}]", FIRING);
    expect(call).toBeUndefined();
    expect(outcome).toEqual({ kind: 'retry', answer: 'read secret: found no readable file /missing' });
  });

  it.each(['signing_secrets: [short]', `signing_secrets: ['${SECRET}', '${SECRET}', '${SECRET}']`])('refuses %s without quoting it', async (field) => {
    await expect(sendBy(`webhook_configs: [{url: 'http://hook.example/x', ${field}}]`, FIRING)).rejects.toThrow(/^am\.yml:2:\d+: (?!.*(short\b|whsec_Y))/);
  });
});

describe('Slack, Opsgenie, Teams and SNS', () => {
  it('Slack gets one attachment, in the color of the state', async () => {
    const { call } = await sendBy("slack_configs: [{api_url: 'http://slack.example/T/B/x', channel: '#ops', send_resolved: true, fields: [{title: t, value: v}]}]", MESSAGE);
    expect(JSON.parse(call?.body ?? '')).toMatchObject({ channel: '#ops', attachments: [{ title: '[FIRING:1] A', color: 'good', fields: [{ title: 't', value: 'v', short: false }] }] });
  });

  it.each([['{"ok":false,"error":"invalid_auth"}', 'failed'], ['{"ok":false,"error":"ratelimited"}', 'retry'], ['{"ok":true}', 'sent'], ['{garbage', 'sent'], ['ok', 'sent']] as const)('Slack\'s answer %s is %s', async (text, kind) => {
    expect((await sendBy("slack_configs: [{api_url: 'http://slack.example/x'}]", FIRING, new Response(text))).outcome.kind).toBe(kind);
  });

  it('Opsgenie opens and closes by the alias', async () => {
    const receiver = "opsgenie_configs: [{api_key: k3y, priority: P1, tags: 'a, b'}]";
    const opened = await sendBy(receiver, FIRING);
    expect(opened.call?.headers.get('authorization')).toBe('GenieKey k3y');
    expect(JSON.parse(opened.call?.body ?? '')).toMatchObject({ alias: 'group-hash', priority: 'P1', tags: ['a', 'b'] });
    expect((await sendBy(receiver, MESSAGE)).call?.url).toBe('https://api.opsgenie.com/v2/alerts/group-hash/close?identifierType=alias');
  });

  it('Teams says in a 200 that it was too much', async () => {
    const receiver = "msteams_configs: [{webhook_url: 'http://teams.example/x'}]";
    expect((await sendBy(receiver, FIRING, new Response('Webhook message delivery failed: HTTP error 429'))).outcome.kind).toBe('retry');
    expect((await sendBy(receiver, FIRING, new Response('1'))).outcome.kind).toBe('sent');
  });

  it('SNS gets the text, a phone the subject alone; without an account it is a failure that says so', async () => {
    const seen: SnsMessage[] = [];
    const publishSns = async (message: SnsMessage): Promise<SendOutcome> => (seen.push(message), { kind: 'sent', answer: '' });
    const topic = "sns_configs: [{topic_arn: 'arn:aws:sns:eu-central-1:123456789012:ops'}]";
    await sendBy(topic, FIRING, undefined, { publishSns });
    await sendBy("sns_configs: [{phone_number: '+491711234567'}]", FIRING, undefined, { publishSns });
    expect(seen.map(({ message }) => message.split('\n').length > 1)).toEqual([true, false]);
    expect((await sendBy(topic, FIRING)).outcome).toMatchObject({ kind: 'failed', answer: expect.stringContaining('no AWS account') as string });
  });
});
