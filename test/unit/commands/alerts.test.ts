import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeAlertmanagerApp } from '../../../functions/query/alertmanager/alertmanager.ts';
import { makeRulePages } from '../../../shared/alerting/rule-pages.ts';
import { parseAlertmanagerFile } from '../../../shared/alerting/alertmanager-file.ts';
import { writeLedgerEntry } from '../../../shared/alerting/ledger.ts';
import { publishAll } from '../../../shared/alerting/outbox.ts';
import type { OutboxEntry } from '../../../shared/alerting/outbox.ts';
import type { AlertmanagerConfig } from '../../../shared/alerting/receivers.ts';
import { acknowledgeAlerts, listAlerts, unacknowledgeAlerts } from '../../../shared/commands/alerts.ts';
import type { Api } from '../../../shared/commands/api.ts';
import { notifications, redeliverNotifications } from '../../../shared/commands/notifications.ts';
import { addSilence, expireSilences, listSilences, previewSilence } from '../../../shared/commands/silences.ts';
import { openItemTables } from '../../../shared/embedded/item-sqlite.ts';
import type { ItemTables } from '../../../shared/embedded/item-sqlite.ts';

const NOW = 1_700_000_000_000;
const HOUR = 3_600_000;

const { config } = parseAlertmanagerFile("route: {receiver: ops}\nreceivers: [{name: ops, webhook_configs: [{url: 'http://hook.example/'}]}]\n", 'am.yml');

let tables: ItemTables;
let api: Api;
const bodies: string[] = [];
beforeEach(async () => {
  tables = await openItemTables(':memory:', ['alerts'], { nowMs: () => NOW });
  const alerts = tables.table('alerts');
  const rules = async () => ({ version: '', groups: [] });
  let fresh = 0;
  const app = makeAlertmanagerApp({ alerts, rules, alertmanager: async () => config as AlertmanagerConfig, nowMs: () => NOW, startedAtMs: NOW, random: () => Uint8Array.of(fresh++), externalUrl: '', version: '1.2.3' });
  const pending = { labels: { alertname: 'Slow' }, state: 'pending', activeAt: new Date(NOW - 1000).toISOString() };
  app.get('/api/v1/alerts', async (c) => c.json({ data: { alerts: [pending, ...((await makeRulePages({ alerts, rules }).alerts()) as { alerts: object[] }).alerts] } }));
  bodies.length = 0;
  api = {
    url: 'http://h',
    key: 'tmk_secret',
    fetch: async (url, init) => {
      if (typeof init?.body === 'string') bodies.push(init.body);
      return app.request(String(url), init);
    },
  };
});
afterEach(() => tables.close());

const fire = async (...hosts: string[]): Promise<void> => {
  const body = JSON.stringify(hosts.map((host) => ({ labels: { alertname: 'Down', host }, startsAt: new Date(NOW).toISOString() })));
  await api.fetch('http://h/api/v2/alerts', { method: 'POST', body, headers: { 'content-type': 'application/json' } });
};

const told = async (host: string, state: 'sent' | 'failed'): Promise<OutboxEntry> => {
  const id = (host.charCodeAt(0).toString(16) + '0'.repeat(32)).slice(0, 32);
  const message = { alerts: [{ labels: { alertname: 'Down', host }, fingerprint: host }], truncatedAlerts: 0 };
  const entry: OutboxEntry = { id, receiver: 'ops', integration: 'ops/webhook/0', channel: 'webhook', severity: '', subject: `Down ${host}\u001b[2J`, body: JSON.stringify({ dedupKey: 'd', groupId: 'g', sequence: NOW - HOUR, message }), sequence: NOW - HOUR };
  await publishAll(tables.table('alerts'), async () => undefined, [entry], NOW - HOUR);
  const { receiver, integration, subject, sequence } = entry;
  await writeLedgerEntry(tables.table('alerts'), { id, receiver, integration, subject, sequence, attempts: 3, firstAttemptMs: NOW, lastAttemptMs: NOW, lastAnswer: 'HTTP 500', state }, undefined);
  return entry;
};

describe('tidemark alerts', () => {
  it('lists alerts with who has taken them on and what mutes them', async () => {
    await fire('a', 'b');
    await addSilence(api, { matchers: ['host=b'], for: '1h', author: 'ann', comment: 'repair', preview: false, json: false, nowMs: NOW });
    expect(await acknowledgeAlerts(api, { alerts: ['alertname=Down', 'host=a'], author: 'ann', comment: 'on it', for: '2h', json: false })).toMatch(/^1 alert acknowledged\n/);
    const lines = (await listAlerts(api, false)).split('\n');
    expect(lines).toHaveLength(5);
    expect(lines[2]).toMatch(/^pending +2023-11-14T22:13:19\.000Z +[0-9a-f]{16} +\{alertname="Slow"\}$/);
    expect(lines.find((line) => line.includes('host="a"'))).toMatch(/^firing +\S+ +ann +[0-9a-f]{16} .*on it$/);
    expect(lines.find((line) => line.includes('host="b"'))).toMatch(/silence [0-9a-f-]{36}/);
    const [print] = /[0-9a-f]{16}/.exec(lines.find((line) => line.includes('host="a"')) ?? '') ?? [];
    expect(await unacknowledgeAlerts(api, [print ?? ''], { author: 'ann', json: false })).toMatch(/^1 alert no longer acknowledged/);
    await expect(unacknowledgeAlerts(api, ['host=a'], { author: 'ann', json: false })).rejects.toThrow(/HTTP 404, end acknowledgements of \{host="a"\}: found none/);
  });

  it('shows notifications on one line each, and delivers failed ones again', async () => {
    const [failed, sent] = [await told('a', 'failed'), await told('b', 'sent')];
    const shown = await notifications(api, { since: '1d', state: 'failed', json: false, nowMs: NOW });
    expect(shown.split('\n')[2]).toMatch(new RegExp(`^${failed.id}  2023-\\S+  ops/webhook/0  failed +3  2023-\\S+  HTTP 500 +Down a\\\\u001b`));
    expect(shown).not.toContain(sent.id);
    const wish = { ids: [], again: false, dryRun: false, author: 'ann', json: false, nowMs: NOW };
    expect(await redeliverNotifications(api, { ...wish, state: 'failed', since: '4h', dryRun: true })).toMatchObject({ ok: true, lines: [expect.stringMatching(/would be redelivered/) as string] });
    expect(await redeliverNotifications(api, { ...wish, ids: [sent.id] })).toMatchObject({ ok: false, lines: [expect.stringMatching(/refused: sent already/) as string] });
    expect(await redeliverNotifications(api, { ...wish, ids: [failed.id] })).toMatchObject({ ok: true, lines: [expect.stringMatching(/redelivered/) as string] });
    expect(await redeliverNotifications(api, { ...wish, state: 'failed', since: '4h' })).toEqual({ ok: true, lines: ['no notifications'] });
    expect(bodies.join()).not.toContain('tmk_secret');
    await expect(redeliverNotifications(api, wish)).rejects.toThrow(/neither or both/);
    await expect(redeliverNotifications(api, { ...wish, state: 'failed' })).rejects.toThrow(/both are needed/);
    await expect(redeliverNotifications(api, { ...wish, state: 'failed', since: 'long' })).rejects.toThrow(/read --since: found "long"/);
  });
});

describe('tidemark silence', () => {
  it('previews, adds, lists and ends', async () => {
    await told('a', 'sent');
    await fire('a');
    const wanted = { matchers: ['host=~"a|c"'], for: '1h', author: 'ann', comment: 'repair', preview: true, json: false, nowMs: NOW };
    const preview = await addSilence(api, wanted);
    expect(preview).toContain('would have muted 1 notification of the last 30 days, and 0 in part, out of 1; 1 alert');
    expect(preview).toContain('mutes 1 alert now:\n  {alertname="Down", host="a"}');
    expect(await listSilences(api, { all: true, json: false })).toBe('no silences');
    const added = await addSilence(api, { ...wanted, preview: false });
    expect(added.startsWith(preview)).toBe(true);
    const id = /silence (\S+) until 2023-11-14T23:13:20\.000Z$/.exec(added)?.[1] ?? '';
    expect((await listSilences(api, { all: false, json: false })).split('\n')[2]).toMatch(new RegExp(`^${id}  active .* ann +host=~"a\\|c" +repair$`));
    expect(await previewSilence(api, ['host=a'], false)).toContain('(silenced already)');
    expect(await expireSilences(api, [id])).toBe('1 silence expired');
    expect(await listSilences(api, { all: false, json: false })).toBe('no silences');
    await expect(addSilence(api, { ...wanted, preview: false, comment: '' })).rejects.toThrow(/say why/);
    await expect(addSilence(api, { ...wanted, matchers: ['host=~"('] })).rejects.toThrow(/matcher/);
  });
});
