import { HOUR_MS } from '../../shared/model/hour.ts';
import { labelsFromJson, labelsToJson, makeLabels } from '../../shared/model/labels.ts';
import { type SampleBatch, SampleBatchBuilder } from '../../shared/model/sample-batch.ts';
import type { RangeBounds } from '../../shared/promql/engine.ts';
import type { SeriesBlock } from '../../shared/promql/series-source.ts';
import { compareLabels } from '../../shared/promql/step-vector.ts';
import { Random } from '../../test/simulation/random.ts';

export const QUERY = 'sum by (g) (rate(x[5m]))';
export const SERIES = 2000;
const GROUPS = 20;
export const HOURS = 6;
const STEP_MS = 15_000;
export const POINTS_PER_HOUR = HOUR_MS / STEP_MS;
export const POINTS = HOURS * POINTS_PER_HOUR;
const QUERY_STEP_MS = 60_000;

/** Counters of one metric, a sample every 15 s for six hours. */
export const makeCounters = (startMs: number): SampleBatch => {
  const random = new Random(1);
  const batch = new SampleBatchBuilder();
  for (let k = 0; k < SERIES; k++) {
    batch.series('x', labelsToJson(makeLabels([['g', `group-${k % GROUPS}`], ['instance', `10.0.${k >> 8}.${k & 255}:9100`], ['job', 'bench']])));
    let total = random.int(0, 1e6);
    for (let i = 0; i < POINTS; i++) batch.sample(startMs + i * STEP_MS, (total += random.int(0, 100)));
  }
  return batch.build();
};

/** What storage gives the engine: whole series, sorted. */
export const blockOf = ({ metrics, labels, offsets, tMs, values }: SampleBatch): SeriesBlock => {
  const series = metrics.map((metric, k) => ({ k, labels: labelsFromJson(metric, labels[k] as string) })).sort((a, b) => compareLabels(a.labels, b.labels));
  const at = (k: number): readonly [number, number] => [offsets[k] as number, offsets[k + 1] as number];
  const block = { labels: series.map((one) => one.labels), offsets: new Uint32Array(series.length + 1), tMs: new Float64Array(tMs.length), values: new Float64Array(tMs.length) };
  let to = 0;
  series.forEach(({ k }, place) => {
    block.tMs.set(tMs.subarray(...at(k)), to);
    block.values.set(values.subarray(...at(k)), to);
    block.offsets[place + 1] = to += at(k)[1] - at(k)[0];
  });
  return block;
};

/**
 * The six hours in 360 steps. Each run begins some milliseconds later, so that no cache of results answers, and off the samples,
 * so that left-closed windows hold the same as left-open ones.
 */
export const boundsOf = (startMs: number, run: number): RangeBounds => {
  const firstMs = startMs + 7000 + (run % 50) * 137;
  return { startMs: firstMs, endMs: firstMs + HOURS * HOUR_MS - QUERY_STEP_MS, stepMs: QUERY_STEP_MS };
};
