import type { PartitionFile } from '../catalog/partitions.ts';
import { classLakes } from '../lakes/lakes.ts';
import type { Labels } from '../model/labels.ts';
import type { KeepHead } from '../parquet/file-reader.ts';
import { type KeptBytes, KeptSpans } from '../parquet/kept-spans.ts';
import type { FileRows } from '../parquet/row-ranges.ts';
import type { SelectBatches } from '../promql/batch-source.ts';
import { tooManySamples } from '../promql/errors.ts';
import type { SeriesBlock } from '../promql/series-source.ts';
import { compareLabels } from '../promql/step-vector.ts';
import { readSamples } from './hot-read.ts';
import { heldSamples } from './block-histograms.ts';
import { makeSeriesMatcher, type SeriesMatcher } from './label-matching.ts';
import { mapBounded } from './map-bounded.ts';
import { sampleFiles } from './sample-files.ts';
import { SamplePages } from './sample-pages.ts';
import { countedRead, samplePieces, type SelectCounts } from './sample-pieces.ts';
import { blockOf, type SelectPorts } from './select-series.ts';
import { loadSeriesIndex, mayHoldSeries } from './series-index-load.ts';
import type { Segment } from './series-merge.ts';
import { seriesRanges } from './series-ranges.ts';
import { SeriesSearch, type TimeRange, within } from './series-search.ts';
import { isRawCovered, type TierHoursPorts } from './tier-hours.ts';

/** 16 MB of times and values, and as much again while they are read and once more when they are merged. */
const BATCH_SAMPLES = 1_000_000;
const PARALLEL_FILES = 8;
/** Of the piece cache, which one query over a metric may fill. A batch is read anew by every query; what is kept is decoded once. */
const KEPT_SHARE = 1 / 4;
/** Of the samples a selector may bring into memory: a query has more than one. */
const LIMIT_SHARE = 1 / 8;
const SAMPLE_BYTES = 16;
/** Of stored pages that the next batch reads too: of each file about its times, 0.6 MB of an hour of 3.6 M samples (measured). */
const KEPT_BYTES = 32 << 20;

/** A series, where its rows lie, and the samples of it that no compacted file has. */
interface PlannedSeries {
  readonly key: string;
  readonly labels: Labels;
  readonly segments: Segment[];
  /** Triples: place of the file, first row, rows. */
  readonly rows: number[];
  samples: number;
}

/** What a plan takes in memory, as samples of 16 bytes: labels, key and lists of a series (about 500 bytes), and a triple of its rows. */
const SERIES_SAMPLES = 30;
const ROWS_SAMPLES = 2;

/** What is known of the series before the first batch, and what that takes: as much as the samples of a selector may. */
class Plan {
  readonly series = new Map<string, PlannedSeries>();
  heldSamples = 0;
  private readonly maxSamples: number;

  constructor(maxSamples: number) {
    this.maxSamples = maxSamples;
  }

  /** @throws PromqlLimitError */
  hold(samples: number): void {
    this.heldSamples += samples;
    if (this.heldSamples > this.maxSamples) throw tooManySamples(this.maxSamples);
  }
}

/** A newline is in no metric's JSON, and a metric with one is told by what follows it. */
const keyOf = (metric: string, json: string): string => `${json}\n${metric}`;

/** Up to so many samples are read at once: a batch, or what the cache keeps for the next query over about the same time. */
export const samplesAtOnce = ({ cache, limits }: Pick<SelectPorts, 'limits'> & { readonly cache: { readonly maxBytes: number } }): number =>
  Math.max(BATCH_SAMPLES, Math.min((cache.maxBytes * KEPT_SHARE) / SAMPLE_BYTES, limits.maxSamples * LIMIT_SHARE));

/**
 * Series in batches out of the raw files, read as `makeSelectSeries` does, where they are many and all samples of the time are
 * there, in the one lake that there is. What of them lies in hot files is held from the first batch to the last.
 */
export const makeSelectBatches =
  (ports: SelectPorts & TierHoursPorts, counts?: SelectCounts, batchSamples?: number): SelectBatches =>
  async ({ matchers, fromMs, toMs }) => {
    if (!(await isRawCovered(ports, fromMs)) || (await classLakes(ports)).length > 0) return undefined;
    const matcher = makeSeriesMatcher(matchers, ports.check);
    const range = { fromMs, toMs };
    // Before the compacted files: what a compaction takes from here it has put there before.
    const plan = await hotSeries(ports, matcher, range, counts);
    const hours = await sampleFiles({ ...ports, compacted: async (file) => mayHoldSeries(file, matcher, range) }, fromMs, toMs);
    const files = hours.flatMap(({ compacted }) => compacted);
    const atOnce = batchSamples ?? samplesAtOnce(ports);
    const hotSamples = [...plan.series.values()].reduce((sum, { samples }) => sum + samples, 0);
    if (files.reduce((sum, { rows }) => sum + rows, hotSamples) <= atOnce) return undefined;
    await mapBounded([...files.entries()], PARALLEL_FILES, ([place, file]) => planFile(ports, place, file, matcher, range, plan, counts));
    const series = [...plan.series.values()].sort((a, b) => compareLabels(a.labels, b.labels));
    if (series.reduce((sum, { samples }) => sum + samples, 0) <= atOnce) return undefined;
    if (counts !== undefined) counts.files += files.length;
    const batchPlan: BatchPlan = { ports, files, range, counts, series, batchSamples: batchSamples ?? BATCH_SAMPLES };
    return { heldSamples: plan.heldSamples, [Symbol.asyncIterator]: () => batches(batchPlan) };
  };

/** Other metrics than those asked for may come with a file that is read whole. */
const hotSeries = async (ports: SelectPorts, matcher: SeriesMatcher, range: TimeRange, counts: SelectCounts | undefined): Promise<Plan> => {
  const plan = new Plan(ports.limits.maxSamples);
  const pages = new SamplePages();
  for await (const { piece } of samplePieces({ ...ports, compacted: 'none' }, new SeriesSearch(matcher, range).wanted(false), counts)) {
    piece.metrics.forEach((metric, k) => {
      if (!matcher.matchesMetric(metric)) return;
      const { start, end } = within(piece, k, range);
      if (start === end) return;
      const one = plannedOf(plan, matcher, metric, piece.labels[k] as string);
      if (one === undefined) return;
      const segment = pages.copy(piece, start, end);
      plan.hold(end - start + heldSamples(segment.histograms));
      one.segments.push(segment);
      one.samples += end - start;
    });
  }
  return plan;
};

const plannedOf = (plan: Plan, matcher: SeriesMatcher, metric: string, json: string): PlannedSeries | undefined => {
  const key = keyOf(metric, json);
  const known = plan.series.get(key);
  if (known !== undefined) return known;
  const labels = matcher.labelsOf(metric, json);
  if (labels === undefined) return undefined;
  const one: PlannedSeries = { key, labels, segments: [], rows: [], samples: 0 };
  plan.hold(SERIES_SAMPLES);
  plan.series.set(key, one);
  return one;
};

const planFile = async (ports: SelectPorts, place: number, file: PartitionFile, matcher: SeriesMatcher, range: TimeRange, plan: Plan, counts: SelectCounts | undefined): Promise<void> => {
  ports.check?.();
  for (const { metric, labels, firstRow, rows } of seriesRanges(await loadSeriesIndex(ports, file, counts), matcher, range)) {
    const one = plannedOf(plan, matcher, metric, labels);
    if (one === undefined) continue;
    plan.hold(ROWS_SAMPLES);
    one.rows.push(place, firstRow, rows);
    one.samples += rows;
  }
};

interface BatchPlan {
  readonly ports: SelectPorts;
  readonly files: readonly PartitionFile[];
  readonly range: TimeRange;
  readonly counts: SelectCounts | undefined;
  readonly series: readonly PlannedSeries[];
  readonly batchSamples: number;
}

async function* batches(plan: BatchPlan): AsyncGenerator<SeriesBlock> {
  const { series, batchSamples } = plan;
  const keptOf = keptFiles(plan);
  for (let first = 0; first < series.length; ) {
    let end = first;
    let samples = 0;
    while (end < series.length && (end === first || samples + (series[end] as PlannedSeries).samples <= batchSamples)) samples += (series[end++] as PlannedSeries).samples;
    yield await readBatch(plan, series.slice(first, end), keptOf);
    first = end;
  }
}

/** What stays of a file from one batch to the next. */
interface KeptFile {
  readonly keepHead: KeepHead;
  readonly spans: KeptSpans;
}

/** By place of the file. Heads stay here even where the cache is too small for those of all files. */
const keptFiles = ({ ports, files }: BatchPlan): ((place: number) => KeptFile) => {
  const all: KeptBytes = { maxBytes: KEPT_BYTES, heldBytes: 0 };
  const kept = new Map<number, KeptFile>();
  return (place) => {
    const known = kept.get(place);
    if (known !== undefined) return known;
    let head: ReturnType<KeepHead> | undefined;
    const file: KeptFile = { keepHead: (load) => (head ??= ports.cache.heads.get((files[place] as PartitionFile).key, load)), spans: new KeptSpans(all) };
    kept.set(place, file);
    return file;
  };
};

/** By place of the file the rows that are asked of it. */
const rowsByFile = (series: readonly PlannedSeries[]): ReadonlyMap<number, readonly FileRows[]> => {
  const byFile = new Map<number, FileRows[]>();
  for (const { rows } of series) {
    for (let i = 0; i < rows.length; i += 3) {
      const place = rows[i] as number;
      const ofFile = byFile.get(place) ?? [];
      ofFile.push({ firstRow: rows[i + 1] as number, rows: rows[i + 2] as number });
      byFile.set(place, ofFile);
    }
  }
  return byFile;
};

const readBatch = async ({ ports, files, range, counts }: BatchPlan, series: readonly PlannedSeries[], keptOf: (place: number) => KeptFile): Promise<SeriesBlock> => {
  const found = new Map(series.map(({ key, labels, segments }) => [key, { labels, segments: [...segments] }]));
  let held = 0;
  await mapBounded([...rowsByFile(series)], PARALLEL_FILES, async ([place, rows]) => {
    const file = files[place] as PartitionFile;
    ports.check?.();
    const { keepHead, spans } = keptOf(place);
    const piece = await readSamples(countedRead(ports.objects, file, counts), file.bytes, { ...range, rows }, keepHead, spans);
    // The plan knows rows alone.
    held += heldSamples(piece.histograms);
    if (held > ports.limits.maxSamples) throw tooManySamples(ports.limits.maxSamples);
    piece.metrics.forEach((metric, k) => {
      const { start, end } = within(piece, k, range);
      if (start < end) found.get(keyOf(metric, piece.labels[k] as string))?.segments.push({ tMs: piece.tMs, values: piece.values, histograms: piece.histograms, start, end });
    });
  });
  const block = blockOf([...found.values()].filter(({ segments }) => segments.length > 0));
  if (counts !== undefined) counts.samples += block.tMs.length;
  return block;
};
