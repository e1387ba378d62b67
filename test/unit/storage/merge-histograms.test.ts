import { describe, expect, it } from 'vitest';
import { bitsOf, putStaleAt } from '../../../shared/model/stale.ts';
import { readGroups } from '../../../shared/storage/merge-read.ts';
import { MergeWriter } from '../../../shared/storage/merge-writer.ts';
import type { Segment } from '../../../shared/storage/series-merge.ts';

const BYTES = new Uint8Array(40_000).fill(7);

const histograms = (count: number): Segment => {
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) putStaleAt(bitsOf(values), i);
  const places = Uint32Array.from({ length: count }, (_, i) => i);
  return { tMs: Float64Array.from(places), values, histograms: { places, bytes: Array.from(places, () => BYTES) }, start: 0, end: count };
};

describe('a merge of histograms', () => {
  it('begins a row group anew where they take much memory, and tells the rollup of numbers alone', async () => {
    const told: string[] = [];
    const writer = new MergeWriter({ promotedLabels: [], onSeries: (metric, _labels, tMs, _values, from, to) => told.push(`${metric} ${tMs.subarray(from, to).join()}`) });
    for (const metric of ['a', 'b', 'c']) writer.series(metric, '{}', [histograms(900)]);
    writer.series('d', '{}', [histograms(2), { tMs: Float64Array.of(2, 5), values: Float64Array.of(1, 1), start: 0, end: 2 }]);
    const { bytes = new Uint8Array(0) } = writer.finish() ?? {};
    const groups: (readonly [string, number | undefined])[] = [];
    for await (const { metrics, histograms: held } of readGroups(async (offset, length) => bytes.subarray(offset, offset + length), bytes.length)) {
      groups.push([metrics.join(), held?.bytes.length]);
      expect(held?.bytes[0]).toEqual(BYTES);
    }
    expect(groups).toEqual([['a,b', 1800], ['c,d', 902]]);
    expect(told).toEqual(['d 2,5']);
  });
});
