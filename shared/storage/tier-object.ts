import type { ColumnValues, Numbers } from '../parquet/column-values.ts';
import { ParquetFileWriter } from '../parquet/file-writer.ts';
import { cutPages } from '../parquet/page-cuts.ts';
import { RunsBuilder } from '../parquet/runs.ts';
import { ConstantRuns } from '../parquet/scaled-values.ts';
import { SORTED_BY, tierTable } from '../parquet/schema.ts';
import type { TierColumns } from '../tiers/bucket.ts';
import { type RowsOfSeries, seriesColumns } from './hot-columns.ts';
import { FILE_KEYS, FORMAT_VERSION } from './hot-object.ts';
import { GROUP_ROWS, type MergedFile, PAGE_ROWS, ZSTD_LEVEL } from './merge-writer.ts';
import { type SeriesIndexObject, SeriesIndexWriter } from './series-index-writer.ts';
import { TierScaleBuilder } from './tier-scale.ts';

/** A compacted file of buckets: its times are the starts of the first and the last one. */
export type TierObject = MergedFile;

export interface TierOptions {
  /** Labels with a column of their own, `schema.ts`. */
  readonly promotedLabels: readonly string[];
  readonly groupRows?: number;
}

/**
 * A tier as a Parquet file of `tierTable`; undefined when it has no rows. The bytes are a function of the rows.
 * @throws RangeError for promoted labels that cannot be columns.
 */
export const buildTierObject = (tier: TierColumns, { promotedLabels, groupRows = GROUP_ROWS }: TierOptions): TierObject | undefined => {
  const { metrics, offsets, startMs } = tier;
  if (startMs.length === 0) return undefined;
  const columns = tierTable(promotedLabels);
  const writer = new ParquetFileWriter({ columns, sortedBy: SORTED_BY, zstdLevel: ZSTD_LEVEL, hasPageIndex: true });
  for (let k = 0; k < metrics.length; ) {
    // A series is never cut, so a group may be longer than asked for by the rows of one.
    let end = k + 1;
    while (end < metrics.length && (offsets[end + 1] as number) - (offsets[k] as number) <= groupRows) end++;
    const pageEnds = cutPages({ metricOf: metrics.slice(k, end), offsets: offsets.subarray(k, end + 1) }, PAGE_ROWS);
    writer.writeRowGroup((offsets[end] as number) - (offsets[k] as number), columnsOf(tier, k, end, promotedLabels), pageEnds);
    k = end;
  }
  const [minTMs, maxTMs] = boundsOf(startMs);
  const bytes = writer.finish({ [FILE_KEYS.formatVersion]: FORMAT_VERSION, [FILE_KEYS.minTMs]: String(minTMs), [FILE_KEYS.maxTMs]: String(maxTMs) });
  return { bytes, rows: startMs.length, minTMs, maxTMs, minMetric: metrics[0] as string, maxMetric: metrics.at(-1) as string, seriesIndex: indexOf(tier, promotedLabels) };
};

const indexOf = ({ metrics, labels, offsets, startMs }: TierColumns, promotedLabels: readonly string[]): SeriesIndexObject => {
  const index = new SeriesIndexWriter(promotedLabels);
  metrics.forEach((metric, k) => {
    const from = offsets[k] as number;
    const to = offsets[k + 1] as number;
    index.add(metric, labels[k] as string, to - from, startMs[from] as number, startMs[to - 1] as number);
  });
  return index.finish();
};

const boundsOf = (startMs: Float64Array): readonly [min: number, max: number] => {
  let min = Infinity;
  let max = -Infinity;
  for (const start of startMs) {
    if (start < min) min = start;
    if (start > max) max = start;
  }
  return [min, max];
};

/** The series `first` to `end` (exclusive) as one row group, in the order of `tierTable`. */
const columnsOf = (tier: TierColumns, first: number, end: number, promotedLabels: readonly string[]): readonly ColumnValues[] => {
  const from = tier.offsets[first] as number;
  const to = tier.offsets[end] as number;
  const scale = new TierScaleBuilder(tier, to - from);
  for (let k = first; k < end; k++) scale.series(tier.offsets[k] as number, tier.offsets[k + 1] as number);
  const all = (values: Float64Array): Numbers => ({ kind: 'numbers', values: values.subarray(from, to), present: undefined });
  const byName: Readonly<Record<string, ColumnValues>> = {
    ts: all(tier.startMs),
    count: all(tier.count),
    first_ts: timesOf(tier.firstMs.subarray(from, to)),
    last_ts: timesOf(tier.lastMs.subarray(from, to)),
    resets: all(tier.resets),
    changes: all(tier.changes),
    stale_end: flagsOf(tier.staleEnd.subarray(from, to)),
    ...scale.build(),
  };
  const leading = seriesColumns(rowsOfSeries(tier, first, end), promotedLabels);
  return [...leading, ...tierTable(promotedLabels).slice(leading.length).map(({ name }) => byName[name] as ColumnValues)];
};

const rowsOfSeries = ({ metrics, labels, offsets }: TierColumns, first: number, end: number): RowsOfSeries => {
  const metricIds = new DistinctTexts();
  const labelIds = new DistinctTexts();
  return {
    metricOf: Int32Array.from({ length: end - first }, (_, i) => metricIds.idOf(metrics[first + i] as string)),
    labelsOf: Int32Array.from({ length: end - first }, (_, i) => labelIds.idOf(labels[first + i] as string)),
    metrics: metricIds.texts,
    labels: labelIds.texts,
    offsets: offsets.subarray(first, end + 1),
  };
};

class DistinctTexts {
  readonly texts: string[] = [];
  private readonly ids = new Map<string, number>();

  idOf(text: string): number {
    let id = this.ids.get(text);
    if (id === undefined) {
      id = this.texts.length;
      this.ids.set(text, id);
      this.texts.push(text);
    }
    return id;
  }
}

/** Times of rows with samples; the others have none. */
const timesOf = (times: Float64Array): Numbers => {
  const present = new RunsBuilder();
  for (const tMs of times) present.add(Number.isNaN(tMs) ? 0 : 1, 1);
  return { kind: 'numbers', values: times.includes(Number.NaN) ? times.filter((tMs) => !Number.isNaN(tMs)) : times, present: present.build() };
};

const flagsOf = (flags: Uint8Array): ColumnValues => {
  const runs = new ConstantRuns();
  for (const flag of flags) runs.add(flag, 1);
  return runs.build();
};
