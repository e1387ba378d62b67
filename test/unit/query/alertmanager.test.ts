import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeAlertmanagerApp } from '../../../functions/query/alertmanager/alertmanager.ts';
import { parseAlertmanagerFile } from '../../../shared/alerting/alertmanager-file.ts';
import type { AlertmanagerConfig } from '../../../shared/alerting/receivers.ts';
import { openItemTables } from '../../../shared/embedded/item-sqlite.ts';
import type { ItemTables } from '../../../shared/embedded/item-sqlite.ts';
import { type KeyScope, createKey } from '../../../shared/keys/api-key.ts';
import { makeKeyCheck } from '../../../shared/keys/key-check.ts';

const NOW = 1_700_000_000_000;
const HOUR = 3_600_000;

const { config } = parseAlertmanagerFile(
  `global: {smtp_auth_password: hunter2}
route: {receiver: ops, group_by: [alertname], routes: [{receiver: db, matchers: [team=db]}]}
receivers: [{name: ops}, {name: db}]
inhibit_rules: [{source_matchers: [severity=page], target_matchers: [severity=warn], equal: [host]}]
`,
  'am.yml',
);

let tables: ItemTables;
let now = NOW;
let fresh = 0;
beforeEach(async () => {
  now = NOW;
  tables = await openItemTables(':memory:', ['alerts', 'keys'], { nowMs: () => now });
});
afterEach(() => tables.close());

const appOf = (keys = false) =>
  makeAlertmanagerApp({
    alerts: tables.table('alerts'),
    rules: async () => ({ version: '', groups: [] }),
    alertmanager: async () => config as AlertmanagerConfig,
    nowMs: () => now,
    startedAtMs: NOW,
    random: () => Uint8Array.of(fresh++, fresh >> 8),
    externalUrl: 'http://tidemark.example',
    version: '1.2.3',
    ...(keys ? { keys: makeKeyCheck(tables.table('keys'), () => now) } : {}),
  });

const call = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<{ status: number; json: unknown }> => {
  const answer = await appOf(Object.keys(headers).length > 0).request(path, { method, headers: { 'content-type': 'application/json', ...headers }, ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }) });
  const text = await answer.text();
  return { status: answer.status, json: text === '' ? undefined : JSON.parse(text) };
};

const iso = (tMs: number): string => new Date(tMs).toISOString();
const silence = (changes: object = {}) => ({
  matchers: [{ name: 'alertname', value: 'A|B', isRegex: true, isEqual: true }],
  startsAt: iso(now),
  endsAt: iso(now + HOUR),
  createdBy: 'ann',
  comment: 'maintenance',
  ...changes,
});
const setSilence = async (changes: object = {}): Promise<string> => {
  const { status, json } = await call('POST', '/api/v2/silences', silence(changes));
  expect(status).toBe(200);
  return (json as { silenceID: string }).silenceID;
};
const post = (...sets: Record<string, string>[]) => call('POST', '/api/v2/alerts', sets.map((labels) => ({ labels })));

describe('alerts from outside', () => {
  it('are shown with their receivers, and end by themselves after the resolve timeout', async () => {
    expect((await post({ alertname: 'A', host: 'x' }, { alertname: 'B', team: 'db', empty: '' })).status).toBe(200);
    const { json } = await call('GET', '/api/v2/alerts?filter=alertname%3D%22B%22');
    expect(json).toEqual([
      {
        labels: { alertname: 'B', team: 'db' },
        annotations: {},
        startsAt: iso(NOW),
        endsAt: iso(NOW + 300_000),
        updatedAt: iso(NOW),
        generatorURL: '',
        fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
        receivers: [{ name: 'db' }],
        status: { state: 'active', silencedBy: [], inhibitedBy: [] },
      },
    ]);
    expect((await call('GET', '/api/v2/alerts?receiver=o.s')).json).toHaveLength(1);
    now = NOW + 200_000;
    await post({ alertname: 'A', host: 'x' });
    now = NOW + 400_000;
    expect((await call('GET', '/api/v2/alerts')).json).toMatchObject([{ labels: { alertname: 'A' }, startsAt: iso(NOW) }]);
  });

  it('end when they say so, and begin anew later', async () => {
    await call('POST', '/api/v2/alerts', [{ labels: { alertname: 'A' }, startsAt: iso(NOW), endsAt: iso(NOW + HOUR) }]);
    now = NOW + 1000;
    await call('POST', '/api/v2/alerts', [{ labels: { alertname: 'A' }, endsAt: iso(now) }]);
    expect((await call('GET', '/api/v2/alerts')).json).toEqual([]);
    now = NOW + 60_000;
    await post({ alertname: 'A' });
    expect((await call('GET', '/api/v2/alerts')).json).toMatchObject([{ startsAt: iso(now) }]);
  });

  it('are grouped as they are told of, inhibited and silenced', async () => {
    await post({ alertname: 'A', host: 'x', severity: 'page' }, { alertname: 'A', host: 'x', severity: 'warn' }, { alertname: 'B', host: 'y', severity: 'warn' });
    const id = await setSilence({ matchers: [{ name: 'alertname', value: 'B', isRegex: false }] });
    const groups = (await call('GET', '/api/v2/alerts/groups')).json as { labels: object; receiver: object; alerts: { status: object }[] }[];
    expect(groups.map(({ labels, receiver }) => [labels, receiver])).toEqual([[{ alertname: 'A' }, { name: 'ops' }], [{ alertname: 'B' }, { name: 'ops' }]]);
    expect(groups.flatMap(({ alerts }) => alerts.map(({ status }) => status))).toEqual(expect.arrayContaining([{ state: 'suppressed', silencedBy: [id], inhibitedBy: [] }]));
    expect((await call('GET', '/api/v2/alerts?silenced=false&inhibited=false')).json).toMatchObject([{ labels: { severity: 'page' } }]);
    expect((await call('GET', '/api/v2/alerts?active=false')).json).toHaveLength(2);
  });

  it.each([
    ['{', /no JSON/],
    [{}, /no list/],
    [[1], /no object/],
    [[{ labels: {} }], /no labels/],
    [[{ labels: { a: 1 } }], /no text/],
    [[{ labels: { '': 'x' } }], /empty label name/],
    [[{ labels: { a: 'x'.repeat(20_000) } }], /at most 16384/],
    [[{ labels: Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`l${i}`, 'x'])) }], /at most 100/],
    [[{ labels: { a: 'b' }, startsAt: iso(NOW + 1000), endsAt: iso(NOW) }], /before the start/],
    [[{ labels: { a: 'b' }, startsAt: 'yesterday' }], /no time/],
  ])('are refused: %j', async (body, reason) => {
    const { status, json } = await call('POST', '/api/v2/alerts', body);
    expect(status).toBe(400);
    expect(json).toMatch(reason);
    expect((await call('GET', '/api/v2/alerts')).json).toEqual([]);
  });
});

describe('parameters', () => {
  it.each(['alerts?filter=x', 'alerts?filter=a%3D~%22(%22', 'alerts?receiver=(', 'alerts?silenced=maybe', 'silences?filter=%3D'])('%s is refused', async (path) => {
    expect((await call('GET', `/api/v2/${path}`)).status).toBe(400);
  });
});

describe('silences', () => {
  it('are created, shown, changed in place and expired, and every change is kept', async () => {
    const id = await setSilence();
    expect((await call('GET', `/api/v2/silence/${id}`)).json).toMatchObject({ id, status: { state: 'active' }, ...silence() });
    expect(await setSilence({ id, endsAt: iso(now + 2 * HOUR), comment: 'longer' })).toBe(id);
    now += 1000;
    expect((await call('DELETE', `/api/v2/silence/${id}`)).status).toBe(200);
    expect((await call('GET', '/api/v2/silences')).json).toMatchObject([{ id, status: { state: 'expired' }, endsAt: iso(now), comment: 'longer' }]);
    expect((await call('DELETE', `/api/v2/silence/${id}`)).json).toMatch(/expired already/);
    const { entries } = (await call('GET', '/api/v1/audit')).json as { entries: { action: string; subject: string; author: string; actor: string }[] };
    expect(entries.map(({ action }) => action).sort()).toEqual(['silence changed', 'silence created', 'silence expired']);
    expect(entries[0]).toMatchObject({ subject: id, author: 'ann', actor: 'local' });
  });

  it('become others when their matchers change, and the old one ends', async () => {
    const id = await setSilence();
    now += 1000;
    const other = await setSilence({ id, matchers: [{ name: 'host', value: 'x', isRegex: false, isEqual: true }] });
    expect(other).not.toBe(id);
    expect((await call('GET', '/api/v2/silences')).json).toMatchObject([{ id: other, status: { state: 'active' } }, { id, status: { state: 'expired' } }]);
    expect((await call('GET', '/api/v2/silences?filter=host%3Dx')).json).toHaveLength(1);
  });

  it.each([
    [{ matchers: [] }, 400, /0 matchers/],
    [{ matchers: [{ name: 'a', value: '.*', isRegex: true }] }, 400, /match every alert/],
    [{ matchers: [{ name: 'a', value: '(', isRegex: true }] }, 400, /missing closing/],
    [{ matchers: [{ name: 'a', value: 'b', isRegex: 'no' }] }, 400, /neither true nor false/],
    [{ endsAt: iso(NOW - 1) }, 400, /in the past/],
    [{ startsAt: iso(NOW + 2 * HOUR) }, 400, /before the start/],
    [{ endsAt: iso(NOW + 40 * 24 * HOUR) }, 400, /found 40d, at most 31d/],
    [{ comment: 'x'.repeat(5000) }, 400, /at most 4096/],
    [{ id: 'x' }, 400, /id of a silence/],
    [{ id: '00000000-0000-4000-a000-000000000000' }, 404, /none with this id/],
  ])('are refused: %j', async (changes, status, reason) => {
    const answer = await call('POST', '/api/v2/silences', silence(changes));
    expect(answer.status).toBe(status);
    expect(answer.json).toMatch(reason);
  });

  it('may not grow beyond the longest by being prolonged', async () => {
    const id = await setSilence({ endsAt: iso(now + 30 * 24 * HOUR) });
    now += 10 * 24 * HOUR;
    expect((await call('POST', '/api/v2/silences', silence({ id, startsAt: iso(NOW), endsAt: iso(NOW + 60 * 24 * HOUR) }))).status).toBe(400);
  });
});

describe('access', () => {
  const tokenOf = async (scope: KeyScope): Promise<Record<string, string>> => {
    const { token } = await createKey(tables.table('keys'), { scope, name: scope, author: 'test', nowMs: now, random: new Uint8Array(32).fill(scope.length) });
    return { authorization: `Bearer ${token}` };
  };

  it.each([
    ['read', 200, 403],
    ['alerts', 200, 200],
    ['admin', 200, 200],
    ['write', 403, 403],
  ] as const)('a key with scope %s reads with %i and changes with %i', async (scope, reads, changes) => {
    const headers = await tokenOf(scope);
    expect((await call('GET', '/api/v2/silences', undefined, headers)).status).toBe(reads);
    expect((await call('GET', '/api/v2/status', undefined, headers)).status).toBe(reads);
    expect((await call('POST', '/api/v2/silences', silence(), headers)).status).toBe(changes);
    expect((await call('POST', '/api/v2/alerts', [{ labels: { a: 'b' } }], headers)).status).toBe(changes);
    expect((await call('DELETE', '/api/v2/silence/00000000-0000-4000-a000-000000000000', undefined, headers)).status).toBe(changes === 200 ? 404 : 403);
  });

  it('nobody without a key, and the audit trail names the key', async () => {
    expect((await call('GET', '/api/v2/alerts', undefined, { authorization: 'Bearer x' })).status).toBe(401);
    const headers = await tokenOf('alerts');
    await call('POST', '/api/v2/silences', silence(), headers);
    expect((await call('GET', '/api/v1/audit', undefined, headers)).json).toMatchObject({ entries: [{ actor: expect.stringMatching(/^alerts \([0-9a-f]{16}\)$/) as string }] });
  });

  it('the configuration is shown without secrets, other methods are refused', async () => {
    const { json } = await call('GET', '/api/v2/status');
    expect(JSON.stringify(json)).not.toContain('hunter2');
    expect(json).toMatchObject({ cluster: { status: 'disabled' }, config: { original: expect.stringContaining('<secret>') as string } });
    expect((await call('PUT', '/api/v2/alerts')).status).toBe(405);
  });
});
