import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { notify } from '../../../functions/notify/notify.ts';
import type { NotifyPorts } from '../../../functions/notify/notify.ts';
import { readFailedDeliveries } from '../../../shared/alerting/failed-deliveries.ts';
import { readLedger } from '../../../shared/alerting/ledger.ts';
import type { GroupPlace } from '../../../shared/alerting/dispatch/alert-group.ts';
import { placesOf } from '../../../shared/alerting/dispatch/alert-group.ts';
import { notificationOf } from '../../../shared/alerting/dispatch/group-notification.ts';
import type { AlertStatus } from '../../../shared/alerting/message.ts';
import type { PublishedNotification } from '../../../shared/alerting/publish.ts';
import { NO_RECEIVERS, findIntegration } from '../../../shared/alerting/receivers.ts';
import type { AlertmanagerConfig, EmailIntegration, Integration, WebhookIntegration } from '../../../shared/alerting/receivers.ts';
import { makeIsOpen } from '../../../shared/channels/open-address.ts';
import { makeSmtpTransport } from '../../../shared/channels/smtp-transport.ts';
import { noSecretFiles } from '../../../shared/channels/secret.ts';
import { openItemTables } from '../../../shared/embedded/item-sqlite.ts';
import type { ItemTables } from '../../../shared/embedded/item-sqlite.ts';
import { makeLabels } from '../../../shared/model/labels.ts';
import { MAIL as DEFAULT_MAIL } from '../channels/mail.ts';

const HOOK: WebhookIntegration = { id: 'ops/webhook/0', receiver: 'ops', channel: 'webhook', url: { text: 'http://hook.example/secret-path' }, auth: { kind: 'none' }, maxAlerts: 0, signingSecrets: [], sendResolved: true };
const MAIL: EmailIntegration = {
  ...DEFAULT_MAIL,
  sendResolved: true,
  smarthost: { host: '127.0.0.1', port: 1 },
  hello: 'tidemark.test',
  auth: undefined,
  requireTls: false,
  headers: [['X-Team', 'infra']],
};
const HOUR = 3_600_000;
const labels = makeLabels([
  ['alertname', 'HighCpu'],
  ['host', '<b>&'],
  ['severity', 'page'],
]);

const ROUTE = { ...NO_RECEIVERS.route, receiver: 'ops', groupBy: ['alertname'] };

const published = (integration: Integration, status: AlertStatus, atMs: number): PublishedNotification =>
  notificationOf(
    {
      place: placesOf(ROUTE, labels)[0] as GroupPlace,
      alerts: [{ hash: 'a', labels, annotations: [['summary', 'hot']], startsAtMs: 1000, endedAtMs: status === 'firing' ? undefined : atMs, isPending: false, generatorUrl: 'http://tidemark.example/graph' }],
      leftOut: 0,
      sequence: atMs,
      externalUrl: 'http://tidemark.example',
    },
    integration,
    1,
  );

let tables: ItemTables;
let now = 0;
beforeEach(async () => {
  now = 1_700_000_000_000;
  tables = await openItemTables(':memory:', ['alerts'], { nowMs: () => now });
});
afterEach(() => tables.close());

const config = (...integrations: Integration[]): AlertmanagerConfig => ({ ...NO_RECEIVERS, route: ROUTE, receivers: [{ name: 'ops', integrations }] });

const ports = (changes: Partial<NotifyPorts> = {}): NotifyPorts => ({
  alerts: tables.table('alerts'),
  alertmanager: async () => config(HOOK, MAIL),
  fetch: async () => new Response('ok'),
  createTransport: makeSmtpTransport(makeIsOpen(['127.0.0.0/8'])),
  readSecret: noSecretFiles,
  ...changes,
});

const answering = (...statuses: number[]) => {
  const calls: { url: string; body: string; redirect: string | undefined }[] = [];
  const fetch: NotifyPorts['fetch'] = async (url, init) => {
    calls.push({ url, body: String(init.body), redirect: init.redirect });
    const status = statuses.length > 1 ? (statuses.shift() as number) : (statuses[0] as number);
    return new Response('x'.repeat(200_000), { status, headers: status === 429 ? { 'retry-after': '120' } : {} });
  };
  return { calls, fetch };
};

const ledger = async () => readLedger(tables.table('alerts'), 0, Number.MAX_SAFE_INTEGER / 1000);

describe('notify over a webhook', () => {
  it('keeps the first end of two attempts at the same time', async () => {
    const notification = published(HOOK, 'firing', now);
    for (const late of [400, 500]) {
      now += 1000;
      const { promise: slow, resolve: answerSlow } = Promise.withResolvers<Response>();
      const again = { ...notification, id: `${notification.id.slice(0, -3)}${late}` };
      const first = notify(ports({ fetch: () => slow }), again, { nowMs: now });
      await notify(ports({ fetch: answering(200).fetch }), again, { nowMs: now });
      answerSlow(new Response('', { status: late }));
      await first;
      expect((await ledger()).find(({ id }) => id === again.id)).toMatchObject({ state: 'sent', attempts: 1 });
    }
  });

  it("posts Alertmanager's message once, however often it is delivered", async () => {
    const { calls, fetch } = answering(200);
    const notification = published(HOOK, 'firing', now);
    for (let i = 0; i < 3; i++) expect(await notify(ports({ fetch }), notification, { nowMs: now })).toEqual({ outcome: 'done' });
    expect(calls).toHaveLength(1);
    expect(calls[0]).toMatchObject({ url: 'http://hook.example/secret-path', redirect: 'manual' });
    expect(JSON.parse((calls[0] as { body: string }).body)).toMatchObject({
      version: '4',
      status: 'firing',
      receiver: 'ops',
      truncatedAlerts: 0,
      groupKey: '{}:{alertname="HighCpu"}',
      groupLabels: { alertname: 'HighCpu' },
      commonAnnotations: { summary: 'hot' },
      externalURL: 'http://tidemark.example',
      alerts: [{ status: 'firing', startsAt: '1970-01-01T00:00:01.000Z' }],
    });
    expect(await ledger()).toMatchObject([{ id: notification.id, state: 'sent', attempts: 1 }]);
  });

  it('retries 5xx and 429 with growing delays, and then sends', async () => {
    const { fetch } = answering(500, 503, 429, 200);
    const notification = published(HOOK, 'firing', now);
    const delays: number[] = [];
    for (let i = 0; i < 4; i++) {
      const outcome = await notify(ports({ fetch }), notification, { nowMs: (now += 60_000) });
      if (outcome.outcome === 'retry') delays.push(outcome.delayMs);
    }
    expect(delays).toHaveLength(3);
    expect(delays[0]).toBeGreaterThan(4400);
    expect(delays[1]).toBeGreaterThan(delays[0] as number);
    expect(delays[2]).toBe(120_000);
    expect(await ledger()).toMatchObject([{ state: 'sent', attempts: 4 }]);
  });

  it.each([301, 400, 404])('ends with a stored failure at %i', async (status) => {
    const { fetch } = answering(status);
    expect(await notify(ports({ fetch }), published(HOOK, 'firing', now), { nowMs: now })).toEqual({ outcome: 'done' });
    const [entry] = await ledger();
    expect(entry?.state).toBe('failed');
    expect(entry?.lastAnswer).toMatch(new RegExp(`^HTTP ${status} x`));
    expect(entry?.lastAnswer.length).toBeLessThanOrEqual(300);
  });

  it('leaves word of a final failure until a later notification is taken, and not of an older one', async () => {
    const failures = () => readFailedDeliveries(tables.table('alerts'));
    const attempt = (status: number, atMs: number) => notify(ports({ fetch: answering(status).fetch }), published(HOOK, 'firing', atMs), { nowMs: now });
    await attempt(503, now);
    expect(await failures()).toEqual([]);
    await attempt(404, now + 1000);
    expect(await failures()).toMatchObject([{ integration: 'ops/webhook/0', receiver: 'ops', sequence: now + 1000, failedAtMs: now, answer: expect.stringMatching(/^HTTP 404/) as string }]);
    await attempt(200, now + 500);
    expect(await failures()).toHaveLength(1);
    await attempt(200, now + 2000);
    expect(await failures()).toEqual([]);
  });

  it('gives up after four hours and keeps the last answer, without the address', async () => {
    const fetch: NotifyPorts['fetch'] = () => Promise.reject(Object.assign(new TypeError(`fetch failed for http://hook.example/secret-path`), { cause: { code: 'ECONNREFUSED' } }));
    const notification = published(HOOK, 'firing', now);
    let attempts = 0;
    for (;;) {
      attempts++;
      const outcome = await notify(ports({ fetch }), notification, { nowMs: now });
      if (outcome.outcome === 'done') break;
      expect(outcome.delayMs).toBeLessThanOrEqual(900_000);
      now += outcome.delayMs;
    }
    expect(now - 1_700_000_000_000).toBeGreaterThan(3.7 * HOUR);
    expect(now - 1_700_000_000_000).toBeLessThanOrEqual(4 * HOUR);
    expect(attempts).toBeLessThan(30);
    expect(await ledger()).toMatchObject([{ state: 'failed', attempts, lastAnswer: 'no answer: ECONNREFUSED' }]);
  });

  it('never sends firing after resolved: the older one ends as superseded', async () => {
    const { calls, fetch } = answering(500, 200);
    const firing = published(HOOK, 'firing', now);
    expect(await notify(ports({ fetch }), firing, { nowMs: now })).toMatchObject({ outcome: 'retry' });
    await notify(ports({ fetch }), published(HOOK, 'resolved', now + 60_000), { nowMs: now + 61_000 });
    expect(await notify(ports({ fetch }), firing, { nowMs: now + 62_000 })).toEqual({ outcome: 'done' });
    expect(calls).toHaveLength(2);
    expect((await ledger()).map((entry) => entry.state)).toEqual(['superseded', 'sent']);
  });

  it('stores a failure when the receiver is configured no more', async () => {
    const done = await notify(ports({ alertmanager: async () => NO_RECEIVERS }), published(HOOK, 'firing', now), { nowMs: now });
    expect(done).toEqual({ outcome: 'done' });
    expect(await ledger()).toMatchObject([{ state: 'failed', lastAnswer: 'the receiver is configured no more' }]);
  });

  it('refuses what is no notification', async () => {
    for (const body of ['{', '{}', 'null']) await expect(notify(ports(), { ...published(HOOK, 'firing', now), body }, { nowMs: now })).rejects.toThrow(/^notify /);
  });

  it('follows no redirect over real HTTP', async () => {
    let hits = 0;
    const server = createServer((_request, response) => {
      hits++;
      response.writeHead(302, { location: '/again' }).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
    const moved = { ...HOOK, url: { text: url } };
    await notify(ports({ fetch, alertmanager: async () => config(moved) }), published(moved, 'firing', now), { nowMs: now });
    await new Promise((resolve) => server.close(resolve));
    expect(hits).toBe(1);
    expect(await ledger()).toMatchObject([{ state: 'failed' }]);
  });
});

describe('notify over SMTP', () => {
  const withServer = async (onRcpt: (address: string) => Error | undefined, run: (port: number, mails: string[]) => Promise<void>): Promise<void> => {
    const mails: string[] = [];
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      onRcptTo: (address, _session, callback) => callback(onRcpt(address.address)),
      onData: (stream, _session, callback) => {
        let text = '';
        stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
        stream.on('end', () => {
          mails.push(text);
          callback();
        });
      },
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      await run((server.server.address() as AddressInfo).port, mails);
    } finally {
      await new Promise<void>((resolve) => server.close(() => resolve()));
    }
  };

  it('sends text and html under a Message-ID made of the id', async () => {
    await withServer(
      () => undefined,
      async (port, mails) => {
        const mail = { ...MAIL, smarthost: { host: '127.0.0.1', port } };
        const notification = published(mail, 'firing', now);
        await notify(ports({ alertmanager: async () => config(mail) }), notification, { nowMs: now });
        expect(mails).toHaveLength(1);
        const text = (mails[0] as string).replace(/=\r\n/g, '');
        expect(text).toContain(`Message-ID: <${notification.id}@tidemark>`);
        expect(text).toMatch(/Subject: \[FIRING:1\] HighCpu \(/);
        expect(text).toContain('X-Team: infra');
        expect(text).toContain('&lt;b&gt;&amp;');
        expect(await ledger()).toMatchObject([{ state: 'sent' }]);
      },
    );
  });

  it('ends at a recipient that is refused for good, and tries one again that is refused for now', async () => {
    const codes = [451, 550];
    await withServer(
      () => Object.assign(new Error('no'), { responseCode: codes.shift() }),
      async (port) => {
        const mail = { ...MAIL, smarthost: { host: '127.0.0.1', port } };
        const at = ports({ alertmanager: async () => config(mail) });
        const notification = published(mail, 'firing', now);
        expect(await notify(at, notification, { nowMs: now })).toMatchObject({ outcome: 'retry' });
        expect(await notify(at, notification, { nowMs: now + 5000 })).toEqual({ outcome: 'done' });
        expect(await ledger()).toMatchObject([{ state: 'failed', attempts: 2 }]);
      },
    );
  });

  it('tries again without STARTTLS where require_tls asks for it', async () => {
    await withServer(
      () => undefined,
      async (port, mails) => {
        const mail = { ...MAIL, requireTls: true, smarthost: { host: '127.0.0.1', port } };
        expect(await notify(ports({ alertmanager: async () => config(mail) }), published(mail, 'firing', now), { nowMs: now })).toMatchObject({ outcome: 'retry' });
        expect(mails).toEqual([]);
      },
    );
  });

  it('finds an integration by its id', () => {
    expect(findIntegration(config(HOOK, MAIL), 'ops/email/0')).toBe(MAIL);
    expect(findIntegration(config(HOOK, MAIL), 'ops/email/1')).toBeUndefined();
  });
});
