import { describe, expect, it } from 'vitest';
import type { Api } from '../../../shared/commands/api.ts';
import { type BacktestOptions, backtest } from '../../../shared/commands/backtest.ts';
import { DEFAULT_RETENTION } from '../../../shared/tiers/retention.ts';
import { runBackfill, textFile } from '../backfill/backfill-road.ts';
import { type CompactRoad, START_MS, openCompactRoad } from '../compact/compact-road.ts';
import { openAdmin } from './open-admin.ts';

const MINUTE = 60_000;
const HOUR_MS = 60 * MINUTE;
const DAY_MS = 24 * HOUR_MS;
const NOW_MS = START_MS + 3 * DAY_MS;

/** `up` every 15 s for two hours: 0 from minute 10 to 20 and from 90 to 93. */
const LINES = Array.from({ length: 480 }, (_, i) => {
  const minute = i / 4;
  const isDown = (minute >= 10 && minute < 20) || (minute >= 90 && minute < 93);
  return `up{host="a"} ${isDown ? 0 : 1} ${START_MS + i * 15_000}\n`;
}).join('');

const RULES = `groups:
- name: g
  rules:
  - {alert: Down, expr: up == 0, for: 5m, labels: {severity: page}}
  - {record: "hosts:up", expr: sum by (host) (up)}
  - {alert: None, expr: "hosts:up < 1"}
`;

const file = (text: string, name = 'rules.yml') => ({ file: name, text });

/** Each wrong in one field. */
const HALF_WRONG = [{ to: 5 }, { against: null }, { against: 'x' }, { alertmanager: null }, { alertmanager: file('', 'am.yml') }, { alertmanager: { ...file('', 'am.yml'), templates: [{ name: 1 }] } }, { dryRun: 'yes' }];

const openHistory = async (nowMs = NOW_MS): Promise<{ road: CompactRoad; api: Api }> => {
  const road = await openCompactRoad();
  await road.watermark(nowMs);
  const api = openAdmin({ ...road.ports, clockMs: () => nowMs } as Parameters<typeof openAdmin>[0]);
  await runBackfill(api, [textFile('up.prom', LINES)]);
  return { road, api };
};

const iso = (tMs: number): string => new Date(tMs).toISOString();

const options = (over: Partial<BacktestOptions> = {}): BacktestOptions => ({
  files: [file(RULES)],
  from: iso(START_MS),
  to: iso(START_MS + 2 * HOUR_MS),
  dryRun: false,
  json: false,
  markdown: false,
  progress: () => undefined,
  ...over,
});

const text = async (api: Api, over: Partial<BacktestOptions> = {}): Promise<string> => (await backtest(api, options(over))).lines.join('\n');

describe('tidemark backtest', () => {
  it('says in a table what rules would have done, and what it has read', async () => {
    const { api } = await openHistory();
    const told: string[] = [];
    const lines = (await text(api, { progress: (line) => told.push(line) })).split('\n');
    expect(lines[0]).toBe(`${iso(START_MS).replace('.000', '')} to ${iso(START_MS + 2 * HOUR_MS).replace('.000', '')}: 3 rules in 1 group, 120 slots, 360 evaluations; 480 rows of all series lie compacted in that time`);
    expect(lines.slice(2, 7)).toEqual([
      'rule   alerts  pending only  pages  pages/week  min firing  longest min  series  errors',
      '-----  ------  ------------  -----  ----------  ----------  -----------  ------  ------',
      'Down        1             1      1          84           5            5       1       0',
      'None        2             0      2         168          13           10       1       0',
      'total       3             1      3         252          13           10       2       0',
    ]);
    expect(lines.at(-1)).toMatch(/^\d+ samples read, \d+ files, \d+ bytes, \d+ requests, \$0\.000000$/);
    expect(told).toEqual(['[##########----------] 60 of 120 slots, 2 alerts', '[####################] 120 of 120 slots, 3 alerts']);
  });

  it('gives all episodes as JSON, and a time line as SVG', async () => {
    const { api } = await openHistory();
    let svg = '';
    const found = JSON.parse(await text(api, { json: true, picture: (made) => (svg = made) })) as { episodes: { activeAtMs: number; firedAtMs?: number; endedAtMs: number }[]; total: { alerts: number }; plan: { evaluations: number }; cost: { samples: number } };
    expect(found.total.alerts).toBe(3);
    expect(found.plan.evaluations).toBe(360);
    expect(found.cost.samples).toBeGreaterThan(0);
    const minutes = found.episodes.map(({ activeAtMs, firedAtMs, endedAtMs }) => [activeAtMs, firedAtMs, endedAtMs].map((tMs) => (tMs === undefined ? '-' : (tMs - START_MS) / MINUTE)).join(' '));
    expect(minutes.sort()).toEqual(['10 10 20', '10 15 20', '90 - 93', '90 90 93']);
    expect(svg).toContain('rules.yml: 3 alerts, 3 pages');
  });

  it('says with a dry run how much it would be, and evaluates nothing', async () => {
    const { api } = await openHistory();
    const { ok, lines } = await backtest(api, options({ dryRun: true }));
    expect([ok, lines.length]).toEqual([true, 1]);
    expect(lines[0]).toContain('360 evaluations');
  });

  it('counts the pages that the routes of a file would send, each receiver for itself', async () => {
    const { api } = await openHistory();
    const alertmanager = (repeat: string) => ({
      ...file(`route: {receiver: chat, group_wait: 30s, repeat_interval: ${repeat}, routes: [{matchers: [severity="page"], receiver: oncall}]}
inhibit_rules: [{source_matchers: [alertname="Down"], target_matchers: [alertname="None"], equal: [host]}]
receivers: [{name: chat, webhook_configs: [{url: "http://127.0.0.1:1/"}, {url: "http://127.0.0.1:2/"}]}, {name: oncall, webhook_configs: [{url: "http://127.0.0.1:1/"}]}]
`, 'alertmanager.yml'),
      templates: [],
    });
    const report = async (repeat: string) => JSON.parse(await text(api, { json: true, alertmanager: alertmanager(repeat) })) as { receivers: unknown; total: { pages: number }; rules: { name: string; pages: number }[] };
    const once = await report('4h');
    expect(once.receivers).toEqual([{ receiver: 'chat', pages: 2, resolved: 2 }, { receiver: 'oncall', pages: 1, resolved: 1 }]);
    expect(once.total.pages).toBe(3);
    expect(once.rules.map(({ name, pages }) => `${name} ${pages}`)).toEqual(['Down 1', 'hosts:up 0', 'None 2']);
    // What fires for long enough to be told again is inhibited by then.
    expect((await report('5m')).receivers).toEqual(once.receivers);
  });

  it('tells a change of rules as a table, as JSON and for a pull request', async () => {
    const { api } = await openHistory();
    const against = [file(RULES.replace('for: 5m', 'for: 2m').replace('"hosts:up < 1"', 'up < 0'), 'old.yml')];
    const table = await text(api, { against });
    expect(table).toContain('Down   changed: for      2 -> 1');
    expect(table).toContain('None   changed: expr     0 -> 2');
    expect(table).toContain(`1 alert would be gone:\n  Down{host="a", severity="page"} ${iso(START_MS + 92 * MINUTE).replace('.000', '')} to ${iso(START_MS + 93 * MINUTE).replace('.000', '')}`);
    const { diff, before, after } = JSON.parse(await text(api, { against, json: true })) as { diff: { appeared: unknown[]; disappeared: unknown[]; unchanged: number }; before: { total: { alerts: number } }; after: { total: { alerts: number } } };
    expect([diff.appeared.length, diff.disappeared.length, diff.unchanged, before.total.alerts, after.total.alerts]).toEqual([2, 1, 1, 2, 3]);
    const markdown = await text(api, { against, markdown: true });
    expect(markdown).toContain('| Down | changed: for | 2 -> 1 |');
    expect(markdown).toContain('<details><summary>2 alerts would be new</summary>');
    await expect(text(api, { markdown: true })).rejects.toThrow('--markdown without --against');
  });

  it('answers from buckets where raw samples are gone, and says so', async () => {
    const { api } = await openHistory(START_MS + 10 * DAY_MS);
    const found = await text(api);
    expect(found).toContain('is answered by buckets of 1m: raw samples are gone');
    expect(found).toContain('Down        1             1');
    const { rules } = JSON.parse(await text(api, { json: true })) as { rules: { name: string; tiers: string[] }[] };
    expect(rules.find(({ name }) => name === 'Down')?.tiers).toEqual(['1m']);
  });
});

describe('tidemark backtest with bad input', () => {
  it('names all errors of all files with their places, and asks nobody', async () => {
    const api: Api = { url: 'http://nobody.example', fetch: () => Promise.reject(new Error('asked')) };
    const bad = file('- name: g\n  rules:\n  - {alert: A, expr: "sum("}\n  - {alert: B, expr: up, fore: 1m}\n', 'bad.yml');
    const { ok, lines } = await backtest(api, options({ files: [bad], against: [file('groups: 1', 'old.yml')], alertmanager: { ...file('receivers: 1', 'am.yml'), templates: [] } }));
    expect(ok).toBe(false);
    expect(lines.map((line) => line.split(':').slice(0, 2).join(':'))).toEqual(expect.arrayContaining(['bad.yml:3', 'bad.yml:4', 'old.yml:1', 'am.yml:1']));
  });

  it('refuses a range that is backwards, to come, older than what is kept or not stored', async () => {
    const { api } = await openHistory();
    await expect(text(api, { from: iso(START_MS + HOUR_MS), to: iso(START_MS) })).rejects.toThrow('an end that is not after the beginning');
    await expect(text(api, { to: iso(NOW_MS + HOUR_MS) })).rejects.toThrow('a time in the future');
    await expect(text(api, { from: iso(NOW_MS - DEFAULT_RETENTION['1h'] - DAY_MS) })).rejects.toThrow('before all that is kept');
    await expect(text(api, { from: 'yesterday' })).rejects.toThrow('from: found "yesterday", Unix seconds or RFC 3339 are allowed');
    await expect(text(api, { from: '1e300' })).rejects.toThrow('Unix seconds or RFC 3339');
    const empty = openAdmin({ ...(await openCompactRoad()).ports, clockMs: () => NOW_MS } as Parameters<typeof openAdmin>[0]);
    await expect(text(empty)).rejects.toThrow('nothing stored yet');
  });

  it('ends where the watermark is, and says so', async () => {
    const { road } = await openHistory();
    const api = openAdmin({ ...road.ports, clockMs: () => NOW_MS + HOUR_MS } as Parameters<typeof openAdmin>[0]);
    const found = await text(api, { from: iso(NOW_MS - HOUR_MS), to: iso(NOW_MS + HOUR_MS) });
    expect(found).toMatch(/^warning: ends at .*: what is later is not surely stored yet$/m);
    await expect(text(api, { from: iso(NOW_MS + MINUTE), to: iso(NOW_MS + HOUR_MS) })).rejects.toThrow('found no time that is surely stored');
  });

  it('names the limits where it would be too much', async () => {
    const { api } = await openHistory();
    const many = file(`- name: g\n  interval: 1s\n  rules:\n${Array.from({ length: 60 }, (_, i) => `  - {alert: A${i}, expr: up == 0}\n`).join('')}`);
    await expect(text(api, { files: [many], to: iso(NOW_MS) })).rejects.toThrow(/found 259200 slots and 15552000 evaluations .* 5000000 and 10000000 are allowed: a range of up to 1d22h, or fewer rules/);
    await expect(text(api, { files: [file('groups: []')] })).rejects.toThrow('no rule that it can evaluate');
  });

  it('leaves out rules in SQL by their name, and counts slots with errors', async () => {
    const { api } = await openHistory();
    const rules = file('- name: g\n  rules:\n  - {alert: Asked, sql: "SELECT host, 1 AS value FROM samples"}\n  - {alert: Twice, expr: "up + on () group_left () (up or vector(1))"}\n');
    const found = await text(api, { files: [rules] });
    expect(found).toContain('warning: rule "Asked" of group "g" is left out: rules in SQL are not evaluated in a backtest');
    expect(found).toMatch(/error: Twice: 120 slots, first at 2026-03-01T10:00:00Z: .*many-to-many/);
  });

  it('runs one at a time, and the next once somebody has gone away', async () => {
    const { api } = await openHistory();
    const body = JSON.stringify({ files: [file(RULES)], from: iso(START_MS), to: iso(START_MS + 2 * HOUR_MS), dryRun: false });
    const ask = (): Promise<Response> => api.fetch(`${api.url}/api/v1/admin/backtest`, { method: 'POST', body });
    const first = await ask();
    const second = await ask();
    expect([first.status, second.status]).toEqual([200, 429]);
    expect(await second.text()).toContain('one at a time is allowed');
    await first.body?.cancel();
    expect(await text(api)).toContain('Down');
  });

  it('lets the next one run when somebody has gone away and reads no more of the answer', async () => {
    const { api } = await openHistory();
    const body = JSON.stringify({ files: [file(RULES)], from: iso(START_MS), to: iso(START_MS + 2 * HOUR_MS), dryRun: false });
    const gone = new AbortController();
    const first = await api.fetch(`${api.url}/api/v1/admin/backtest`, { method: 'POST', body, signal: gone.signal });
    expect(first.status).toBe(200);
    gone.abort();
    expect(await text(api)).toContain('Down');
    const before = await api.fetch(`${api.url}/api/v1/admin/backtest`, { method: 'POST', body, signal: gone.signal });
    expect(before.status).toBe(200);
    expect(await text(api)).toContain('Down');
  });

  it('refuses a body that is no request', async () => {
    const { api } = await openHistory();
    for (const body of ['', '[]', '{"files":[{"file":1}],"from":"1"}', '{"files":[],"from":1}', ...HALF_WRONG.map((over) => JSON.stringify({ files: [file(RULES)], from: iso(START_MS), ...over }))]) {
      const answer = await api.fetch(`${api.url}/api/v1/admin/backtest`, { method: 'POST', body });
      expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('no request')]);
    }
  });

  it('ends with the words of what cannot be read', async () => {
    const { road } = await openHistory();
    const objects = { ...road.ports.objects, get: () => Promise.reject(new Error('the disk is gone')) };
    const api = openAdmin({ ...road.ports, objects, clockMs: () => NOW_MS } as unknown as Parameters<typeof openAdmin>[0]);
    await expect(text(api)).rejects.toThrow('the disk is gone');
  });
});
