import type { SampleBatch } from '../../shared/model/sample-batch.ts';
import { sortSamples } from '../../shared/storage/hot-sort.ts';

/** Sorted rows, column by column: what other writers take. */
export interface RowColumns {
  readonly metric: readonly string[];
  readonly labels: readonly string[];
  readonly tMs: Float64Array;
  readonly values: Float64Array;
}

export const rowsOf = (batches: readonly SampleBatch[]): RowColumns => {
  const { metrics, labels, metricOf, labelsOf, offsets, tMs, values } = sortSamples(batches);
  const metric: string[] = [];
  const json: string[] = [];
  metricOf.forEach((id, k) => {
    for (let i = offsets[k] as number; i < (offsets[k + 1] as number); i++) {
      metric.push(metrics[id] as string);
      json.push(labels[labelsOf[k] as number] as string);
    }
  });
  return { metric, labels: json, tMs, values };
};
