import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeSqlPlan } from '../../../scripts/start/sql-plan.ts';
import { openDuckDb } from '../../../shared/embedded/duckdb.ts';
import type { ShelfRow } from '../../../shared/history/shelf.ts';
import { shelve } from '../../../shared/history/shelf.ts';
import { labelsToJson, makeLabels } from '../../../shared/model/labels.ts';
import { historyView, historyViewTable } from '../../../shared/sql/history-views.ts';
import type { RunSql } from '../../../shared/sql/run-sql.ts';
import { makePieceCache } from '../../../shared/storage/piece-cache.ts';
import { eventRow, type HistoryRoad, HOUR_MS, MINUTE_MS, openHistoryRoad, START_MS } from './history-road.ts';

const DAY_MS = 24 * HOUR_MS;
const HOSTILE = labelsToJson(
  makeLabels([
    ['alertname', "'; DROP TABLE alert_events; --"],
    ['a.b', '"\\\u0000\n'],
    ['__proto__', '😀 ﬀ'],
    ['$["x"]', '{"y":1}'],
  ]),
);

const delivery: ShelfRow = {
  tMs: START_MS + 1,
  name: 'ab'.repeat(16),
  attributes: {
    id: 'n1',
    receiver: 'ops',
    integration: 'ops/webhook/0',
    channel: 'webhook',
    severity: 'page',
    status: 'firing',
    subject: '[FIRING:1] Down',
    group_key: '{}:{alertname="Down"}',
    attempts: 3,
    first_attempt_ts: START_MS + 2,
    last_attempt_ts: START_MS + 3,
    last_answer: 'HTTP 200 ok',
    state: 'sent',
  },
};

let road: HistoryRoad;
let runSql: RunSql;
const query = async (text: string, parameters: readonly (string | number)[] = []): Promise<readonly (readonly unknown[])[]> => (await runSql({ query: text, parameters })).rows;

beforeAll(async () => {
  road = await openHistoryRoad(await mkdtemp(join(tmpdir(), 'tidemark-history-')));
  const plan = makeSqlPlan({ ...road.ports, cache: makePieceCache(1e7) }, road.dir);
  runSql = openDuckDb({ plan, promotedLabels: ['host'], memoryMb: 256, timeoutMs: 20_000 });
});

afterAll(() => rm(road.dir, { recursive: true, force: true }));

describe('SQL over history', () => {
  it('has both views before there is a file', async () => {
    for (const view of ['alert_events', 'notifications']) {
      const { columns, rows } = await runSql({ query: `SELECT * FROM ${view}`, parameters: [] });
      expect(rows).toEqual([]);
      expect(columns.slice(0, 2).map(({ name }) => name)).toEqual(['ts', 'time']);
    }
  });

  it('gives every cell, whatever labels and values are', async () => {
    const empty = await runSql({ query: 'SELECT * FROM alert_events', parameters: [] });
    await road.shelve(
      eventRow(START_MS, 'a', { labels: HOSTILE, value: 'NaN', rule_group: "x';y" }),
      eventRow(START_MS + MINUTE_MS, 'b', { value: '-Infinity', to_state: 'inactive', severity: '' }),
      eventRow(START_MS + DAY_MS, 'c', { value: '1e-300' }),
    );
    await road.write(START_MS + DAY_MS + 3 * HOUR_MS);
    const { columns, rows, bytesScanned } = await runSql({ query: 'SELECT * FROM alert_events ORDER BY ts', parameters: [] });
    expect(columns).toEqual(empty.columns);
    expect(rows[0]).toEqual([String(START_MS), '2026-03-01 10:00:00', 'r', "x';y", 'Down', HOSTILE, 'page', 'pending', 'firing', 'NaN', String(START_MS), 'a', '2026-03-01']);
    expect(rows.map((row) => row[9])).toEqual(['NaN', '-Infinity', 1e-300]);
    expect(bytesScanned).toBe((await Promise.all((await road.files()).map((line) => readFile(join(road.dir, line.split(' ')[0] as string))))).reduce((sum, { length }) => sum + length, 0));
    expect(await query(`SELECT json_extract_scalar(labels, '$["a.b"]'), json_extract_scalar(labels, '$.alertname') FROM alert_events WHERE ts = ?`, [START_MS])).toEqual([['"\\\u0000\n', "'; DROP TABLE alert_events; --"]]);
  });

  it('reads only the days that dt names', async () => {
    expect(await query("SELECT summary, dt FROM alert_events WHERE dt = '2026-03-02'")).toEqual([['c', '2026-03-02']]);
    expect(await query("SELECT count(*) FROM alert_events WHERE dt BETWEEN '2026-03-01' AND '2026-03-02'")).toEqual([['3']]);
    const explained = await query("SELECT min(time), max(time) FROM alert_events WHERE dt < '2026-03-02'");
    expect(explained).toEqual([['2026-03-01 10:00:00', '2026-03-01 10:01:00']]);
  });

  it('joins alerts with what was told of them', async () => {
    await road.ports.alerts.transact([shelve('notifications', delivery, delivery.tMs, undefined)]);
    await road.write(START_MS + 2 * HOUR_MS, 'notifications');
    const { rows, columns } = await runSql({ query: 'SELECT * FROM notifications', parameters: [] });
    expect(Object.fromEntries(columns.map(({ name }, i) => [name, rows[0]?.[i]]))).toEqual({
      ...delivery.attributes,
      ts: String(START_MS + 1),
      time: '2026-03-01 10:00:00.001',
      attempts: '3',
      first_attempt_ts: String(START_MS + 2),
      last_attempt_ts: String(START_MS + 3),
      dt: '2026-03-01',
    });
    expect(await query("SELECT n.subject, e.summary FROM Alert_Events e JOIN NOTIFICATIONS n ON n.ts BETWEEN e.ts AND e.ts + 10 WHERE e.to_state = 'firing'")).toEqual([['[FIRING:1] Down', 'a']]);
  });
});

describe('the views of history for Trino', () => {
  it('read the files as they are, and name the same columns as on one machine', async () => {
    expect(historyView('trino', 'alert_events', 't')).toBe(
      `SELECT ts AS ts, CAST(from_unixtime(ts / 1e3) AT TIME ZONE 'UTC' AS timestamp(3)) AS "time", "rule_id", "rule_group", "alertname", "labels", "severity", "from_state", "to_state", "value", active_ts AS active_ts, "summary", dt\nFROM t`,
    );
    for (const kind of ['alert_events', 'notifications'] as const) {
      const { columns } = await runSql({ query: `SELECT * FROM ${kind}`, parameters: [] });
      const table = historyViewTable('tidemark', kind);
      expect(table.name).toBe(kind);
      expect(table.storageDescriptor.columns.map(({ name }) => name)).toEqual(columns.map(({ name }) => name));
    }
  });
});
