import { describe, expect, it } from 'vitest';
import { startQueryClock, statsJson } from '../../../functions/query/query-stats.ts';
import type { Histogram } from '../../../shared/histograms/histogram.ts';
import type { QueryResult } from '../../../shared/promql/query-result.ts';
import { makeSelectCounts } from '../../../shared/storage/sample-pieces.ts';

const NO_BUCKETS = { indices: new Int32Array(0), counts: new Float64Array(0) };
const EMPTY: Histogram = { schema: 0, counterResetHint: 'unknown', count: 0, sum: 0, zeroThreshold: 0, zeroCount: 0, positive: NO_BUCKETS, negative: NO_BUCKETS, customBounds: undefined };

describe('stats of an answer', () => {
  it('count numbers and histograms among the samples in memory', () => {
    const result: QueryResult = {
      type: 'matrix',
      series: [{ labels: [], tMs: Float64Array.of(1, 2), values: new Float64Array(2), histograms: { tMs: Float64Array.of(3, 4, 5), histograms: [EMPTY, EMPTY, EMPTY] } }],
      warnings: [],
      infos: [],
      samplesRead: 10,
      tiers: ['raw'],
    };
    const stats: unknown = JSON.parse(statsJson(result, startQueryClock(() => 0), 0, { counts: makeSelectCounts(), dollars: () => 0, watermarkMs: undefined }));
    expect(stats).toMatchObject({ samples: { totalQueryableSamples: 10, peakSamples: 15 } });
  });
});
