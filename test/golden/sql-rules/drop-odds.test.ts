import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RuleSql } from '../../../functions/evaluate/evaluate-ports.ts';
import { makeSqlPlan } from '../../../scripts/start/sql-plan.ts';
import { openDuckDb } from '../../../shared/embedded/duckdb.ts';
import { makePieceCache } from '../../../shared/storage/piece-cache.ts';
import { World } from '../../unit/evaluate/world.ts';
import { NOW_MS, openQuery } from '../../unit/query/open-query.ts';
import type { OpenQuery } from '../../unit/query/open-query.ts';

const HOUR = 3_600_000;

let lake: OpenQuery;
let world: World;
let running: Promise<unknown>[] = [];
let sql: RuleSql;

beforeAll(async () => {
  [lake, world] = [await openQuery(), await World.open()];
  world.rulesText = readFileSync(join(import.meta.dirname, 'drop-odds.rules.yml'), 'utf8');
  const runSql = openDuckDb({ plan: makeSqlPlan({ objects: lake.objects, catalog: lake.catalog, cache: makePieceCache(1_000_000) }, lake.dir), promotedLabels: ['host'], memoryMb: 256, timeoutMs: 30_000 });
  sql = {
    run: (request) => {
      const answer = runSql(request);
      running.push(answer.catch(() => undefined));
      return answer;
    },
    dollars: (bytes) => bytes / 1e9,
    behindMs: 0,
  };
});
afterAll(async () => {
  await world.close();
  await lake.close();
});

/** The drops of one hour, from two servers, and the odds as they are published then. */
const storeHour = (hour: number, drops: Readonly<Record<string, number>>, odds: Readonly<Record<string, number>>): Promise<void> => {
  const at = (hour - 1) * HOUR + 60_000;
  return lake.store(
    ...Object.entries(drops).flatMap(([item, count]) => ['eu', 'us'].map((host) => ['item_drops', `{"host":"${host}","item":"${item}"}`, [at, count / 2]] as const)),
    ...Object.entries(odds).map(([item, p]) => ['published_odds', `{"item":"${item}"}`, [at, p]] as const),
  );
};

/** Active alerts after the slot of an hour: one tick asks, the next has the answers. */
const slot = async (hour: number): Promise<readonly string[]> => {
  const ports = world.ports({ sql });
  const nowMs = NOW_MS + hour * HOUR + 16_000;
  await world.tick(nowMs, nowMs, ports);
  await Promise.all(running.splice(0));
  await world.tick(nowMs + 2000, nowMs + 2000, ports);
  return [...(world.memory.alerts?.alerts.values() ?? [])].flatMap((alerts) =>
    [...alerts.values()].filter(({ phase, labels }) => phase !== 'inactive' && labels.some(([name]) => name === 'item')).map(({ phase, labels, annotations }) => `${phase} ${JSON.stringify(Object.fromEntries(labels))} ${annotations[0]?.[1]}`),
  );
};

const ODDS = { sword: 0.01, shield: 0.05, coin: 0.94 };

it('tells of a drop whose share departs from its published odds beyond chance, as long as it does', async () => {
  // 10,000 chests an hour: 100 swords, give or take 10.
  await storeHour(0, { sword: 110, shield: 480, coin: 9410 }, ODDS);
  await storeHour(1, { sword: 92, shield: 510, coin: 9398 }, ODDS);
  expect(await slot(0)).toEqual([]);
  expect(await slot(1)).toEqual([]);
  expect(world.reports.at(-1)).toMatchObject({ statements: 1, ruleErrors: 0 });
  expect(world.reports.at(-1)?.scannedBytes).toBeGreaterThan(0);
  // A patch: swords twice as often. 402 of 30,000, where 300 are due, give or take 17.
  await storeHour(2, { sword: 200, shield: 460, coin: 9340 }, ODDS);
  const labels = '{"alertname":"DropOddsWrong","item":"sword","published":"0.01","severity":"page"}';
  expect(await slot(2)).toEqual([`pending ${labels} sword drops at 1.34%, published are 0.01`]);
  await storeHour(3, { sword: 200, shield: 460, coin: 9340 }, ODDS);
  expect(await slot(3)).toEqual([`firing ${labels} sword drops at 1.505%, published are 0.01`]);
  // The odds are published anew, as they are.
  await storeHour(4, { sword: 200, shield: 460, coin: 9340 }, { ...ODDS, sword: 0.016 });
  expect(await slot(4)).toEqual([]);
}, 60_000);

it('tells nothing of the odds from few chests', async () => {
  await lake.store(['item_drops', '{"item":"sword"}', [100 * HOUR, 900]], ['published_odds', '{"item":"sword"}', [100 * HOUR, 0.01]]);
  expect(await slot(101)).toEqual([]);
}, 60_000);
