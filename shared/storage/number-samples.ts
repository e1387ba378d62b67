import { type HistogramColumn, histogramsBefore } from '../model/histogram-column.ts';
import { bitsOf } from '../model/stale.ts';

/** Samples `from` to `to` (exclusive). */
export interface NumberSamples {
  readonly tMs: Float64Array;
  readonly values: Float64Array;
  readonly from: number;
  readonly to: number;
}

/** The samples that are no histograms, of which rollups are made: over the same memory where they are all. */
export const withoutHistograms = (samples: NumberSamples, histograms: HistogramColumn | undefined): NumberSamples => {
  const { tMs, values, from, to } = samples;
  if (histograms === undefined) return samples;
  const { places } = histograms;
  let next = histogramsBefore(histograms, from);
  if (next === places.length || (places[next] as number) >= to) return samples;
  const kept = { tMs: new Float64Array(to - from), values: new Float64Array(to - from) };
  const [bits, keptBits] = [bitsOf(values), bitsOf(kept.values)];
  let at = 0;
  for (let i = from; i < to; i++) {
    if (places[next] === i) {
      next++;
      continue;
    }
    kept.tMs[at] = tMs[i] as number;
    // By its halves: a NaN's payload need not survive an assignment of the number.
    keptBits[2 * at] = bits[2 * i] as number;
    keptBits[2 * at + 1] = bits[2 * i + 1] as number;
    at++;
  }
  return { ...kept, from: 0, to: at };
};
