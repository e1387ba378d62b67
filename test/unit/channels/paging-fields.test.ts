import { describe, expect, it } from 'vitest';
import { parseAlertmanagerFile } from '../../../shared/alerting/alertmanager-file.ts';
import type { WebhookMessage } from '../../../shared/alerting/message.ts';
import { noSecretFiles } from '../../../shared/channels/secret.ts';
import { send } from '../../../shared/channels/send.ts';
import { MESSAGE } from './mail.ts';

const FIRING: WebhookMessage = { ...MESSAGE, status: 'firing', externalURL: 'http://tidemark.example', alerts: MESSAGE.alerts.map((alert) => ({ ...alert, status: 'firing' })) };

interface Call {
  readonly url: string;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

/** What a receiver's first integration posts. */
const callOf = async (receiver: string, message = FIRING): Promise<Call> => {
  const { config, errors } = parseAlertmanagerFile(`global: {http_config: {basic_auth: {username: u, password: p}}}\nroute: {receiver: r}\nreceivers: [{name: r, ${receiver}}]\n`, 'am.yml');
  const integration = config?.receivers[0]?.integrations[0];
  if (integration === undefined) throw new Error(errors.join('\n'));
  const calls: Call[] = [];
  const ports = {
    fetch: async (url: string, init: RequestInit) => {
      calls.push({ url, headers: new Headers(init.headers), body: JSON.parse(String(init.body)) as Record<string, unknown> });
      return new Response('ok');
    },
    createTransport: () => {
      throw new Error('no mail here');
    },
    readSecret: noSecretFiles,
  };
  expect(await send(ports, integration, { id: 'id', dedupKey: 'group', subject: '[FIRING:1] A', message, nowMs: 0 }, new Map())).toMatchObject({ kind: 'sent' });
  return calls[0] as Call;
};

describe('a service key of PagerDuty', () => {
  const RECEIVER = "pagerduty_configs: [{service_key: k3y, client: C, details: {team: '{{ .Status }}'}}]";

  it('triggers by the first Events API, with its key in the body', async () => {
    const { url, body } = await callOf(RECEIVER);
    expect(url).toBe('https://events.pagerduty.com/generic/2010-04-15/create_event.json');
    expect(body).toMatchObject({ service_key: 'k3y', event_type: 'trigger', incident_key: 'group', description: '[FIRING:1] A', client: 'C', client_url: 'http://tidemark.example', details: { num_firing: '1', team: 'firing' } });
    expect(body).not.toHaveProperty('payload');
  });

  it('resolves under the same key', async () => {
    expect((await callOf(RECEIVER, MESSAGE)).body).toMatchObject({ service_key: 'k3y', event_type: 'resolve', incident_key: 'group' });
  });

  it('cuts an event that is too large', async () => {
    const large: WebhookMessage = { ...FIRING, alerts: [{ ...(FIRING.alerts[0] as WebhookMessage['alerts'][number]), annotations: { note: 'x'.repeat(600_000) } }] };
    expect((await callOf(RECEIVER, large)).body['details']).toEqual({ error: expect.stringContaining('details left out') });
  });
});

it('PagerDuty is given images and links, expanded', async () => {
  const { body } = await callOf("pagerduty_configs: [{routing_key: k, images: [{src: a, alt: '{{ .Status }}', href: c}], links: [{href: a, text: b}]}]");
  expect(body).toMatchObject({ images: [{ src: 'a', alt: 'firing', href: 'c' }], links: [{ href: 'a', text: 'b' }] });
});

it('Slack is given the fields of the attachment and of the message', async () => {
  const { body } = await callOf(
    `slack_configs: [{api_url: 'https://a.example/', channel: c, callback_id: i, image_url: m, thumb_url: t, link_names: true, mrkdwn_in: [text], message_text: '{{ .Status }}',
      actions: [{type: button, text: a, url: 'https://b.example/{{ .Status }}', style: danger, name: n}, {type: button, text: b, name: n, value: v, confirm: {text: sure, ok_text: yes}}]}]`,
  );
  expect(body).toMatchObject({ link_names: true, text: 'firing' });
  expect((body['attachments'] as object[])[0]).toMatchObject({
    callback_id: 'i',
    image_url: 'm',
    thumb_url: 't',
    mrkdwn_in: ['text'],
    actions: [{ type: 'button', text: 'a', url: 'https://b.example/firing', style: 'danger' }, { type: 'button', text: 'b', name: 'n', value: 'v', confirm: { text: 'sure', ok_text: 'yes' } }],
  });
});

it("a Slack app's token goes to the web API", async () => {
  const { url, headers } = await callOf('slack_configs: [{app_token: xoxb, channel: c, http_config: {}}]');
  expect([url, headers.get('authorization')]).toEqual(['https://slack.com/api/chat.postMessage', 'Bearer xoxb']);
});

it('Opsgenie is given responders, note, entity and actions, and its own key before the way of http_config', async () => {
  const { headers, body } = await callOf(
    "opsgenie_configs: [{api_key: k3y, note: n, entity: e, actions: 'a, b', responders: [{type: teams, name: 'x, y'}, {type: User, username: '{{ .Status }}'}, {type: teams, name: '{{ .CommonLabels.none }}'}, {type: schedule, id: '{{ .CommonLabels.none }}'}]}]",
  );
  expect(headers.get('authorization')).toBe('GenieKey k3y');
  expect(body).toMatchObject({ note: 'n', entity: 'e', actions: ['a', 'b'], responders: [{ type: 'team', name: 'x' }, { type: 'team', name: 'y' }, { type: 'user', username: 'firing' }] });
});

it('Teams is given the summary', async () => {
  expect((await callOf("msteams_configs: [{webhook_url: 'https://a.example/', title: t, summary: s}]")).body).toMatchObject({ title: 't', summary: 's' });
});
