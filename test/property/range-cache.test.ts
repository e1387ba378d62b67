import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluateRange, type RangeBounds } from '../../shared/promql/engine.ts';
import { RangeCache } from '../../shared/promql/range-cache.ts';
import { resultJson } from '../../shared/promql/result-json.ts';
import { fileState } from '../../shared/storage/file-state.ts';
import { makePieceCache } from '../../shared/storage/piece-cache.ts';
import { makeSelectSeries } from '../../shared/storage/select-series.ts';
import { openCompactRoad, type Row, START_MS } from '../unit/compact/compact-road.ts';

const LOOKBACK_MS = 60_000;
const QUERIES = ['sum(m)', 'rate(m_total[2m])', 'm offset 1m', 'm offset -1m', 'max_over_time(sum by (host) (m)[3m:30s])', 'count(m @ end())', 'm + on (host) m_total', 'absent_over_time(m[30s])', 'topk(1, m)'];

const row: fc.Arbitrary<Row> = fc.record({
  metric: fc.constantFrom('m', 'm_total'),
  labels: fc.constantFrom('{"host":"a"}', '{"host":"b"}', '{"host":"c"}'),
  s: fc.integer({ min: 0, max: 900 }),
  value: fc.oneof(fc.integer({ min: 0, max: 100 }), fc.constantFrom<number | 'stale'>('stale', 0.1)),
});
type Move = { readonly kind: 'store'; readonly rows: readonly Row[] } | { readonly kind: 'compact' } | { readonly kind: 'ask'; readonly fromS: number; readonly steps: number };
const move: fc.Arbitrary<Move> = fc.oneof(
  fc.record({ kind: fc.constant('store' as const), rows: fc.array(row, { minLength: 1, maxLength: 8 }) }),
  fc.record({ kind: fc.constant('compact' as const) }),
  fc.record({ kind: fc.constant('ask' as const), fromS: fc.integer({ min: 0, max: 10 }).map((n) => n * 30), steps: fc.integer({ min: 1, max: 25 }) }),
);

describe('a cache of range queries', () => {
  it('gives what an evaluation gives, whatever is stored, late or not, and compacted, before it and while it asks', async () => {
    let stepsAsked = 0;
    let stepsEvaluated = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(move, { minLength: 5, maxLength: 14, size: 'max' }), fc.boolean(), async (moves, isDuring) => {
        const road = await openCompactRoad();
        const cache = new RangeCache(1e6);
        const select = makeSelectSeries({ ...road.ports, cache: makePieceCache(1e6), limits: { maxSamples: 1e6 } });
        let pending: (() => Promise<unknown>)[] = [];
        let arrivals = 0;
        const ask = async (bounds: RangeBounds): Promise<void> => {
          for (const query of QUERIES) {
            const run = (given: RangeBounds) => evaluateRange(select, query, given, { lookbackMs: LOOKBACK_MS });
            const found = await cache.evaluate(
              { ...bounds, query, lookbackMs: LOOKBACK_MS, variant: '' },
              {
                stateOf: (fromMs, toMs) => fileState(road.ports.catalog, fromMs, toMs),
                evaluate: async (given) => {
                  for (const late of pending.splice(0)) await late();
                  stepsEvaluated += Math.floor((given.endMs - given.startMs) / given.stepMs) + 1;
                  return run(given);
                },
              },
            );
            stepsAsked += Math.floor((bounds.endMs - bounds.startMs) / bounds.stepMs) + 1;
            // What came while it asked may be in it or not; the next answer must have it.
            if (!isDuring) expect([query, [...resultJson(found)].join('')]).toEqual([query, [...resultJson(await run(bounds))].join('')]);
          }
        };
        for (const step of moves) {
          if (step.kind === 'ask') {
            const bounds = { startMs: START_MS + step.fromS * 1000, endMs: START_MS + (step.fromS + step.steps * 30) * 1000, stepMs: 30_000 };
            await ask(bounds);
            for (const late of pending.splice(0)) await late();
            if (isDuring) {
              for (const query of QUERIES) {
                const run = (given: RangeBounds) => evaluateRange(select, query, given, { lookbackMs: LOOKBACK_MS });
                const found = await cache.evaluate({ ...bounds, query, lookbackMs: LOOKBACK_MS, variant: '' }, { stateOf: (fromMs, toMs) => fileState(road.ports.catalog, fromMs, toMs), evaluate: run });
                expect([query, [...resultJson(found)].join('')]).toEqual([query, [...resultJson(await run(bounds))].join('')]);
              }
            }
          } else {
            const act = step.kind === 'compact' ? () => road.compact() : () => road.addHot(START_MS + ++arrivals, step.rows);
            if (isDuring) pending.push(act);
            else await act();
          }
        }
        pending = [];
      }),
      { numRuns: 25, endOnFailure: true },
    );
    expect(stepsEvaluated).toBeLessThan(stepsAsked);
  });

  it('evaluates of a query that goes on the new steps alone, and all that a late sample may change', async () => {
    const road = await openCompactRoad();
    const cache = new RangeCache(1e6);
    const select = makeSelectSeries({ ...road.ports, cache: makePieceCache(1e6), limits: { maxSamples: 1e6 } });
    const evaluated: number[] = [];
    const ask = (endS: number) =>
      cache.evaluate(
        { query: 'sum(m)', startMs: START_MS, endMs: START_MS + endS * 1000, stepMs: 10_000, lookbackMs: LOOKBACK_MS, variant: '' },
        {
          stateOf: (fromMs, toMs) => fileState(road.ports.catalog, fromMs, toMs),
          evaluate: (bounds) => {
            evaluated.push((bounds.startMs - START_MS) / 1000);
            return evaluateRange(select, 'sum(m)', bounds, { lookbackMs: LOOKBACK_MS });
          },
        },
      );
    await road.addHot(START_MS, [{ metric: 'm', s: 5, value: 1 }, { metric: 'm', s: 400, value: 1 }]);
    await ask(500);
    await road.addHot(START_MS + 1, [{ metric: 'm', s: 501, value: 2 }]);
    await ask(520);
    await road.addHot(START_MS + 2, [{ metric: 'm', s: 245, value: 3 }]);
    await ask(520);
    await ask(520);
    expect(evaluated).toEqual([0, 510, 250, 520]);
  });
});
