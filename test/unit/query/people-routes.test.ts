import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeAlertmanagerApp } from '../../../functions/query/alertmanager/alertmanager.ts';
import { parseAlertmanagerFile } from '../../../shared/alerting/alertmanager-file.ts';
import { placesOf } from '../../../shared/alerting/dispatch/alert-group.ts';
import type { GroupPlace } from '../../../shared/alerting/dispatch/alert-group.ts';
import { notificationOf } from '../../../shared/alerting/dispatch/group-notification.ts';
import { alertHash } from '../../../shared/alerting/dispatch/told-alert.ts';
import { writeLedgerEntry } from '../../../shared/alerting/ledger.ts';
import type { DeliveryState } from '../../../shared/alerting/ledger.ts';
import { publishAll } from '../../../shared/alerting/outbox.ts';
import type { OutboxEntry } from '../../../shared/alerting/outbox.ts';
import type { AlertmanagerConfig, Integration } from '../../../shared/alerting/receivers.ts';
import { openItemTables } from '../../../shared/embedded/item-sqlite.ts';
import type { ItemTables } from '../../../shared/embedded/item-sqlite.ts';
import { type KeyScope, createKey } from '../../../shared/keys/api-key.ts';
import { makeKeyCheck } from '../../../shared/keys/key-check.ts';
import { makeLabels } from '../../../shared/model/labels.ts';

const NOW = 1_700_000_000_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const { config } = parseAlertmanagerFile(
  `route: {receiver: ops, group_by: [alertname]}
receivers: [{name: ops, webhook_configs: [{url: 'http://hook.example/secret-path'}]}]
`,
  'am.yml',
);
const { route, receivers } = config as AlertmanagerConfig;

let tables: ItemTables;
let now = NOW;
let fresh = 0;
beforeEach(async () => {
  now = NOW;
  tables = await openItemTables(':memory:', ['alerts', 'keys'], { nowMs: () => now });
});
afterEach(() => tables.close());

const call = async (method: string, path: string, body?: unknown, token?: string): Promise<{ status: number; json: never }> => {
  const app = makeAlertmanagerApp({
    alerts: tables.table('alerts'),
    rules: async () => ({ version: '', groups: [] }),
    alertmanager: async () => config as AlertmanagerConfig,
    nowMs: () => now,
    startedAtMs: NOW,
    random: () => Uint8Array.of(fresh++, fresh >> 8),
    externalUrl: '',
    version: '1.2.3',
    ...(token === undefined ? {} : { keys: makeKeyCheck(tables.table('keys'), () => now) }),
  });
  const headers = { 'content-type': 'application/json', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
  const answer = await app.request(path, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  const text = await answer.text();
  return { status: answer.status, json: (text === '' ? undefined : JSON.parse(text)) as never };
};

/** A notification of hosts, flushed and published at a time, with what became of it. */
const told = async (hosts: readonly string[], atMs: number, state?: DeliveryState): Promise<OutboxEntry> => {
  const alerts = hosts.map((host) => {
    const labels = makeLabels([['alertname', 'Down'], ['host', host]]);
    return { hash: alertHash(labels), labels, annotations: [], startsAtMs: atMs, endedAtMs: undefined, isPending: false, generatorUrl: '' };
  });
  const place = placesOf(route, alerts[0]?.labels ?? [])[0] as GroupPlace;
  const entry = notificationOf({ place, alerts, leftOut: 0, sequence: atMs, externalUrl: '' }, receivers[0]?.integrations[0] as Integration, 1);
  await publishAll(tables.table('alerts'), async () => undefined, [entry], atMs);
  const { id, receiver, integration, subject, sequence } = entry;
  if (state !== undefined) await writeLedgerEntry(tables.table('alerts'), { id, receiver, integration, subject, sequence, attempts: 2, firstAttemptMs: atMs + 1000, lastAttemptMs: atMs + 2000, lastAnswer: 'HTTP 500', state }, undefined);
  return entry;
};

const equal = (name: string, value: string) => ({ name, value, isRegex: false, isEqual: true });
const alike = (name: string, value: string) => ({ name, value, isRegex: true, isEqual: true });

describe('GET /api/v1/notifications', () => {
  it('shows what became of notifications, the newest first, without their texts', async () => {
    const failed = await told(['a'], NOW - 3 * DAY, 'failed');
    const waiting = await told(['b'], NOW - HOUR);
    const { json } = await call('GET', '/api/v1/notifications');
    expect(json).toEqual({
      cut: false,
      notifications: [
        { id: waiting.id, receiver: 'ops', integration: 'ops/webhook/0', subject: '[FIRING:1] Down (b)', sequence: NOW - HOUR, flushedAt: new Date(NOW - HOUR).toISOString(), attempts: 0, state: 'published', lastAnswer: '' },
        {
          id: failed.id, receiver: 'ops', integration: 'ops/webhook/0', subject: '[FIRING:1] Down (a)', sequence: NOW - 3 * DAY, flushedAt: new Date(NOW - 3 * DAY).toISOString(), attempts: 2, state: 'failed', lastAnswer: 'HTTP 500',
          firstAttempt: new Date(NOW - 3 * DAY + 1000).toISOString(), lastAttempt: new Date(NOW - 3 * DAY + 2000).toISOString(),
        },
      ],
    });
    expect(JSON.stringify(json)).not.toContain('secret-path');
    expect((await call('GET', '/api/v1/notifications?state=failed&receiver=ops')).json).toMatchObject({ notifications: [{ id: failed.id }] });
    expect((await call('GET', `/api/v1/notifications?from=${(NOW - DAY) / 1000}`)).json).toMatchObject({ notifications: [{ id: waiting.id }] });
    expect((await call('GET', `/api/v1/notifications?to=${(NOW - DAY) / 1000}`)).json).toMatchObject({ notifications: [{ id: failed.id }] });
    expect((await call('GET', '/api/v1/notifications?limit=1')).json).toMatchObject({ notifications: [{ id: waiting.id }], cut: true });
  });

  it.each([['state=lost', /allowed are unpublished, published/], ['from=yesterday', /no time in from/], ['limit=0', /1 to 1000/], ['limit=5000', /1 to 1000/]])('refuses %s', async (query, message) => {
    const { status, json } = await call('GET', `/api/v1/notifications?${query}`);
    expect([status, json]).toEqual([400, expect.stringMatching(message)]);
  });
});

describe('POST /api/v1/notifications/redeliver', () => {
  it('takes ids or a state since a time, and says what it refuses', async () => {
    const [old, failed, sent] = [await told(['a'], NOW - 9 * HOUR, 'failed'), await told(['b'], NOW - HOUR, 'failed'), await told(['c'], NOW - HOUR + 1, 'sent')];
    const unknown = 'f'.repeat(32);
    const first = await call('POST', '/api/v1/notifications/redeliver', { ids: [sent.id, unknown], author: 'ann' });
    expect(first.json).toMatchObject({ results: [{ id: unknown, reason: /none with this id/ }, { id: sent.id, outcome: 'refused', reason: /sent already/ }].map((each) => ({ ...each, reason: expect.stringMatching(each.reason) as string })) });
    const since = { state: 'failed', from: String((NOW - 4 * HOUR) / 1000), receiver: 'ops' };
    expect((await call('POST', '/api/v1/notifications/redeliver', { ...since, dryRun: true })).json).toMatchObject({ results: [{ id: failed.id, outcome: 'would be redelivered' }] });
    expect((await call('POST', '/api/v1/notifications/redeliver', since)).json).toMatchObject({ results: [{ id: failed.id, outcome: 'redelivered' }], cut: false });
    expect((await call('GET', '/api/v1/notifications?state=unpublished')).json).toMatchObject({ notifications: [{ id: failed.id, attempts: 2 }] });
    expect((await call('GET', '/api/v1/notifications?state=failed')).json).toMatchObject({ notifications: [{ id: old.id }] });
    expect((await call('GET', '/api/v1/audit')).json).toMatchObject({ entries: [{ action: 'notification redelivered', subject: failed.id, actor: 'local' }] });
  });

  it.each([
    [{}, /neither ids nor both/],
    [{ state: 'failed' }, /neither ids nor both/],
    [{ ids: [] }, /list of 1 to 200/],
    [{ ids: ['../x'] }, /32 hex digits/],
    [{ ids: ['a'.repeat(32)], again: 'yes' }, /neither true nor false/],
    [{ ids: ['a'.repeat(32)], author: 'x'.repeat(5000) }, /5000 bytes/],
  ])('refuses %j', async (body, message) => {
    const { status, json } = await call('POST', '/api/v1/notifications/redeliver', body);
    expect([status, json]).toEqual([400, expect.stringMatching(message)]);
  });
});

describe('/api/v1/alerts/acknowledge', () => {
  const fire = (...hosts: string[]) => call('POST', '/api/v2/alerts', hosts.map((host) => ({ labels: { alertname: 'Down', host }, endsAt: new Date(NOW + DAY).toISOString() })));
  const acknowledgements = async (query = ''): Promise<{ labels: Record<string, string>; author: string; fingerprint: string }[]> =>
    ((await call('GET', `/api/v1/alerts/acknowledge${query}`)).json as { acknowledgements: never[] }).acknowledgements;

  it('takes on alerts by matchers or by one fingerprint, until they end', async () => {
    await fire('a', 'b', 'c');
    expect((await call('POST', '/api/v1/alerts/acknowledge', { matchers: [alike('host', 'a|b')], author: 'ann', comment: 'on it', for: '2h' })).status).toBe(200);
    const [first] = await acknowledgements('?filter=host%3Da');
    expect(first).toMatchObject({ labels: { alertname: 'Down', host: 'a' }, author: 'ann', comment: 'on it', acknowledgedAt: new Date(NOW).toISOString(), endsAt: new Date(NOW + 2 * HOUR).toISOString() });
    expect(await acknowledgements()).toHaveLength(2);
    expect((await call('DELETE', `/api/v1/alerts/acknowledge?fingerprint=${first?.fingerprint ?? ''}&author=bea`)).status).toBe(200);
    expect((await acknowledgements()).map(({ labels }) => labels['host'])).toEqual(['b']);
    now = NOW + 1000;
    await call('POST', '/api/v2/alerts', [{ labels: { alertname: 'Down', host: 'b' }, endsAt: new Date(now).toISOString() }]);
    expect(await acknowledgements()).toEqual([]);
    expect((await call('GET', '/api/v1/audit')).json).toMatchObject({ entries: [{ action: 'alerts acknowledged', author: 'ann', subject: '{host=~"a|b"}' }, { action: 'acknowledgements ended', author: 'bea' }] });
  });

  it('is over at its own end', async () => {
    await fire('a');
    await call('POST', '/api/v1/alerts/acknowledge', { matchers: [equal('host', 'a')], for: '2h' });
    now = NOW + 2 * HOUR;
    expect(await acknowledgements()).toEqual([]);
  });

  it.each([
    [{ matchers: [equal('host', 'z')] }, 404, /no alert that fires/],
    [{}, 400, /neither or both/],
    [{ matchers: [] }, 400, /no matchers/],
    [{ matchers: [equal('host', 'a')], fingerprint: '0'.repeat(16) }, 400, /neither or both/],
    [{ fingerprint: 'x' }, 400, /16 hex digits/],
    [{ matchers: [alike('host', '(')] }, 400, /matcher of "host"/],
    [{ matchers: [equal('host', 'a')], for: 'long' }, 400, /no duration/],
    [{ matchers: [equal('host', 'a')], for: '1y' }, 400, /at most 31d/],
    [{ matchers: Array.from({ length: 65 }, () => equal('host', 'a')) }, 400, /at most 64/],
  ])('refuses %j', async (body, status, message) => {
    await fire('a');
    const answer = await call('POST', '/api/v1/alerts/acknowledge', body);
    expect([answer.status, answer.json]).toEqual([status, expect.stringMatching(message)]);
  });
});

describe('POST /api/v1/silences/preview', () => {
  it('counts what the silence would have muted in 30 days, and shows what it mutes now', async () => {
    await told(['a'], NOW - 2 * DAY, 'sent');
    await told(['a', 'b'], NOW - 3 * DAY, 'sent');
    await told(['b'], NOW - 4 * DAY, 'sent');
    const newest = await told(['a2'], NOW - HOUR, 'failed');
    await call('POST', '/api/v2/alerts', [{ labels: { alertname: 'Down', host: 'a' } }, { labels: { alertname: 'Down', host: 'b' } }]);
    const { json } = await call('POST', '/api/v1/silences/preview', { matchers: [alike('host', 'a.?')] });
    expect(json).toMatchObject({
      from: new Date(NOW - 30 * DAY).toISOString(),
      cut: false,
      notifications: 4,
      wholly: 2,
      partly: 1,
      alerts: 2,
      receivers: [{ receiver: 'ops', wholly: 2, partly: 1 }],
      firing: 1,
      firingNow: [{ labels: { host: 'a' }, silenced: false }],
    });
    expect((json as { newest: object[] }).newest.map((each) => (each as { id: string; muted: string }).muted)).toEqual(['wholly', 'wholly', 'partly']);
    expect((json as { newest: object[] }).newest[0]).toEqual({ id: newest.id, receiver: 'ops', subject: '[FIRING:1] Down (a2)', at: new Date(NOW - HOUR).toISOString(), muted: 'wholly' });
  });

  it.each([[[], /1 to 64/], [[alike('host', '.*')], /match every alert/], ['x', /no matchers/]])('refuses %j as a silence is refused', async (matchers, message) => {
    const { status, json } = await call('POST', '/api/v1/silences/preview', { matchers });
    expect([status, json]).toEqual([400, expect.stringMatching(message)]);
  });
});

describe('the scope of a key', () => {
  const token = async (scope: KeyScope): Promise<string> => (await createKey(tables.table('keys'), { scope, name: scope, author: 'test', nowMs: NOW, random: new Uint8Array(32).fill(fresh++) })).token;

  it('"read" sees and previews, "alerts" changes, and the audit names the key', async () => {
    const [read, alerts] = [await token('read'), await token('alerts')];
    await call('POST', '/api/v2/alerts', [{ labels: { alertname: 'Down', host: 'a' } }]);
    const wish = { matchers: [equal('host', 'a')], author: 'ann' };
    const statuses = async (of: string): Promise<number[]> => [
      (await call('GET', '/api/v1/notifications', undefined, of)).status,
      (await call('GET', '/api/v1/alerts/acknowledge', undefined, of)).status,
      (await call('POST', '/api/v1/silences/preview', wish, of)).status,
      (await call('POST', '/api/v1/alerts/acknowledge', wish, of)).status,
      (await call('DELETE', '/api/v1/alerts/acknowledge?filter=host%3Da', undefined, of)).status,
      (await call('POST', '/api/v1/notifications/redeliver', { ids: ['a'.repeat(32)] }, of)).status,
    ];
    expect(await statuses(read)).toEqual([200, 200, 200, 403, 403, 403]);
    expect(await statuses(alerts)).toEqual([200, 200, 200, 200, 200, 200]);
    expect((await call('GET', '/api/v1/audit', undefined, alerts)).json).toMatchObject({ entries: [{ actor: expect.stringMatching(/^alerts \([0-9a-f]{16}\)$/) as string }, {}] });
    expect((await call('PUT', '/api/v1/alerts/acknowledge')).status).toBe(405);
  });
});
