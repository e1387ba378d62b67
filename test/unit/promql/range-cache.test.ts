import { describe, expect, it } from 'vitest';
import type { QueryResult } from '../../../shared/promql/query-result.ts';
import { RangeCache } from '../../../shared/promql/range-cache.ts';

const QUESTION = { query: 'm', startMs: 0, endMs: 20_000, stepMs: 10_000, lookbackMs: 60_000, variant: 'raw' };

/** Three steps of one series, in the memory of many. */
const resultIn = (memory: Float64Array): QueryResult => ({
  type: 'matrix',
  series: [{ labels: [['__name__', 'm']], tMs: Float64Array.of(0, 10_000, 20_000), values: memory.subarray(0, 3) }],
  warnings: [],
  infos: [],
  samplesRead: 3,
  tiers: ['raw'],
});

describe('a cache of range queries', () => {
  it('holds points in memory of their own, which is all that it counts', async () => {
    const cache = new RangeCache(1e6);
    const memory = Float64Array.from({ length: 1000 }, (_, i) => i + 1);
    const stateOf = async () => new Map();
    await cache.evaluate(QUESTION, { stateOf, evaluate: async () => resultIn(memory) });
    memory.fill(-1);
    const again = await cache.evaluate(QUESTION, { stateOf, evaluate: async () => resultIn(Float64Array.of(7)) });
    expect(again.type === 'matrix' && [...(again.series[0]?.values ?? [])].slice(0, 2)).toEqual([1, 2]);
  });
});
