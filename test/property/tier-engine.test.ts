import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HOUR_MS } from '../../shared/model/hour.ts';
import { evaluateRange, type QueryOptions } from '../../shared/promql/engine.ts';
import type { QueryResult } from '../../shared/promql/query-result.ts';
import type { Resolution } from '../../shared/promql/tier-source.ts';
import { START_MS } from '../unit/compact/compact-road.ts';
import { type AgedLake, history, MIDNIGHT_MS, openAgedLake } from './aged-lake.ts';

/* Queries over an aged lake against the same queries over all raw samples 1 ms earlier, through the whole engine. */

const FUNCTIONS = ['rate', 'increase', 'delta', 'resets', 'changes', 'sum_over_time', 'count_over_time', 'avg_over_time', 'min_over_time', 'max_over_time', 'first_over_time', 'last_over_time', 'present_over_time', 'absent_over_time'];
/** `$` stands for the 1 ms. */
const QUERIES = [
  ...FUNCTIONS.flatMap((name) => [`${name}(c_total[RANGE] offset $)`, `${name}(g[RANGE] offset $)`]),
  'g offset $',
  'timestamp(g offset $)',
  'absent(g offset $)',
  'sum by (host) (rate(c_total[RANGE] offset $)) / on (host) count_over_time(g[RANGE] offset $)',
  'max_over_time(rate(c_total[RANGE] offset $)[4h:1h])',
  'sum(g offset $) + count(c_total offset $) * time()',
  'g @ end() offset $',
];

const textsOf = (query: string, range: string): readonly [tiers: string, raw: string] => {
  const text = query.replaceAll('RANGE', range);
  return [text.replaceAll(' offset $', ''), text.replaceAll('$', '1ms')];
};

interface Grid {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

const HOURLY: Grid = { startMs: START_MS + HOUR_MS, endMs: START_MS + 30 * HOUR_MS, stepMs: HOUR_MS };
const options = (lake: AgedLake, resolution: Resolution): QueryOptions => ({ lookbackMs: HOUR_MS, sources: { tiers: { select: lake.tiers(), resolution } } });
const ulps = (value: number): number => Math.abs(value) * 4 * Number.EPSILON;

const expectSame = (found: QueryResult, expected: QueryResult, query: string): void => {
  if (found.type !== 'matrix' || expected.type !== 'matrix') throw new TypeError(`${query}: found no matrix`);
  expect([query, found.series.map(({ labels, tMs }) => [labels, [...tMs]])]).toEqual([query, expected.series.map(({ labels, tMs }) => [labels, [...tMs]])]);
  found.series.forEach(({ values }, k) => {
    values.forEach((value, i) => {
      const wanted = expected.series[k]?.values[i] as number;
      const isSame = Object.is(value, wanted) || value === wanted || Math.abs(value - wanted) <= ulps(wanted);
      if (!isSame) expect([query, i, value]).toEqual([query, i, wanted]);
    });
  });
};

const compare = async (lake: AgedLake, resolution: Resolution, grid: Grid, range: string, tiers: readonly string[]): Promise<void> => {
  const used = new Set<string>();
  for (const query of QUERIES) {
    const [text, rawText] = textsOf(query, range);
    const found = await evaluateRange(lake.whole, text, grid, options(lake, resolution));
    expectSame(found, await evaluateRange(lake.whole, rawText, grid, { lookbackMs: HOUR_MS }), `${text} at ${resolution}`);
    expect(found.infos.filter((info) => info.includes('rounded'))).toEqual([]);
    for (const tier of found.tiers) used.add(tier);
  }
  // A window of an hour without samples is raw: there is nothing to know of it.
  expect([...used].filter((tier) => tier !== 'raw').sort()).toEqual(tiers);
};

const NOW_MS = MIDNIGHT_MS + 25 * HOUR_MS;

describe('a query over tiers', () => {
  it('answers at t as raw samples do at t - 1 ms, within 4 ulp, when windows cross from hours to minutes to samples', async () => {
    await fc.assert(
      fc.asyncProperty(history, async (rows) => {
        const lake = await openAgedLake(rows, NOW_MS);
        await lake.forget('raw', START_MS + 20 * HOUR_MS);
        await lake.forget('1m', START_MS + 8 * HOUR_MS);
        await compare(lake, 'raw', HOURLY, '6h', ['1h', '1m']);
      }),
      { numRuns: 2, endOnFailure: true },
    );
  });

  it('answers the same at every resolution asked for while all tiers are there', async () => {
    await fc.assert(
      fc.asyncProperty(history, async (rows) => {
        const lake = await openAgedLake(rows, NOW_MS);
        await compare(lake, '1h', HOURLY, '3h', ['1h']);
        await compare(lake, 'auto', HOURLY, '3h', ['1h']);
        const minutes = { startMs: START_MS + HOUR_MS, endMs: START_MS + 4 * HOUR_MS - 60_000, stepMs: 7 * 60_000 };
        await compare(lake, '1m', minutes, '20m', ['1m']);
        await compare(lake, 'auto', minutes, '20m', ['1m']);
      }),
      { numRuns: 2, endOnFailure: true },
    );
  });

  it('answers with samples that came after the buckets were made', async () => {
    await fc.assert(
      fc.asyncProperty(history, history, async (rows, late) => {
        const moved = late.slice(0, 20).map((row) => ({ ...row, s: row.s + 7 * 3600 }));
        const lake = await openAgedLake(rows, NOW_MS);
        await lake.road.addHot(NOW_MS, moved);
        const all = await openAgedLake([...rows, ...moved], NOW_MS);
        for (const query of ['sum_over_time(g[1h] offset $)', 'increase(c_total[2h] offset $)', 'g offset $']) {
          const [text, rawText] = textsOf(query, '1h');
          const found = await evaluateRange(lake.whole, text, HOURLY, options(lake, '1h'));
          expectSame(found, await evaluateRange(all.whole, rawText, HOURLY, { lookbackMs: HOUR_MS }), text);
        }
      }),
      { numRuns: 2, endOnFailure: true },
    );
  });
});
