import type { PartitionFile } from '../catalog/partitions.ts';
import { HOUR_MS, hourStartMs } from '../model/hour.ts';
import type { Labels } from '../model/labels.ts';
import { tooManySamples } from '../promql/errors.ts';
import { compareLabels } from '../promql/step-vector.ts';
import type { BucketBlock, TieredRequest } from '../promql/tier-source.ts';
import { type BucketColumns, newBuckets, type TierColumns } from '../tiers/bucket.ts';
import { makeSeriesMatcher, type SeriesMatcher } from './label-matching.ts';
import { mapBounded } from './map-bounded.ts';
import { mergedHour } from './sample-files.ts';
import { countedRead, type SelectCounts } from './sample-pieces.ts';
import { matchingRows, type SelectPorts } from './select-series.ts';
import { mayHoldSeries } from './series-index-load.ts';
import { readTier } from './tier-read.ts';
import type { TierHour } from './tier-hours.ts';

/** Rows `from` to `to` (exclusive) of one series. */
interface Stretch {
  readonly part: TierColumns;
  readonly from: number;
  readonly to: number;
}

interface FoundBuckets {
  readonly labels: Labels;
  readonly stretches: Stretch[];
}

/** A file and the time that is asked of it. */
interface Job {
  readonly file: PartitionFile;
  readonly fromMs: number; // inclusive
  readonly toMs: number; // inclusive
}

/** A file is read in some requests, each of which waits. */
const PARALLEL_FILES = 8;

/**
 * The buckets of the hours that start in [fromMs, toMs], of the series that match. Rejects with PromqlLimitError past the
 * sample limit, a bucket for a sample, and with MissingObjectError when a file has gone.
 */
export const readBuckets = async (ports: SelectPorts, hours: readonly TierHour[], request: TieredRequest, counts?: SelectCounts): Promise<BucketBlock> => {
  const matcher = makeSeriesMatcher(request.matchers, ports.check);
  const jobs = (await jobsOf(ports, hours, request)).filter(({ file, ...range }) => mayHoldSeries(file, matcher, range));
  if (counts !== undefined) counts.files += jobs.length;
  let rows = 0;
  const parts = await mapBounded(jobs, PARALLEL_FILES, async (job) => {
    ports.check?.();
    const part = await readJob(ports, job, request, matcher, counts);
    rows += part.startMs.length;
    if (rows > ports.limits.maxSamples) throw tooManySamples(ports.limits.maxSamples);
    return part;
  });
  const block = blockOf(gather(parts, matcher), request.columns);
  if (counts !== undefined) counts.samples += block.startMs.length;
  return block;
};

/** In order of time: neighbouring hours of one day are read at once. */
const jobsOf = async (ports: SelectPorts, hours: readonly TierHour[], { fromMs, toMs }: TieredRequest): Promise<readonly Job[]> => {
  const ranges: { readonly entry: TierHour['entry']; readonly fromMs: number; endMs: number }[] = [];
  for (const { hour, entry } of hours) {
    const startMs = hourStartMs(hour);
    const last = ranges.at(-1);
    if (last?.entry === entry && last.endMs === startMs) last.endMs = startMs + HOUR_MS;
    else ranges.push({ entry, fromMs: startMs, endMs: startMs + HOUR_MS });
  }
  const manifests = await mapBounded(ranges, PARALLEL_FILES, ({ entry }) => mergedHour(ports, entry));
  return ranges.flatMap((range, i) =>
    (manifests[i] as (typeof manifests)[number]).files.map((file) => ({ file, fromMs: Math.max(range.fromMs, fromMs), toMs: Math.min(range.endMs - 1, toMs) })),
  );
};

const readJob = async (ports: SelectPorts, { file, fromMs, toMs }: Job, { columns }: TieredRequest, matcher: SeriesMatcher, counts: SelectCounts | undefined): Promise<TierColumns> => {
  const rows = await matchingRows(ports, file, matcher, counts);
  const want = { fromMs, toMs, columns, ...(rows === undefined ? {} : { rows }), ...(matcher.metric === undefined ? {} : { metrics: new Set([matcher.metric]) }) };
  return readTier(countedRead(ports.objects, file, counts), file.bytes, want, (load) => ports.cache.heads.get(file.key, load));
};

/** Parts come in order of time, so the stretches of a series do. */
const gather = (parts: readonly TierColumns[], matcher: SeriesMatcher): readonly FoundBuckets[] => {
  const byMetric = new Map<string, Map<string, FoundBuckets | undefined>>();
  for (const part of parts) {
    part.metrics.forEach((metric, k) => {
      if (!matcher.matchesMetric(metric)) return;
      let byLabels = byMetric.get(metric);
      if (byLabels === undefined) byMetric.set(metric, (byLabels = new Map()));
      const json = part.labels[k] as string;
      let found = byLabels.get(json);
      if (found === undefined && !byLabels.has(json)) {
        const labels = matcher.labelsOf(metric, json);
        byLabels.set(json, (found = labels === undefined ? undefined : { labels, stretches: [] }));
      }
      found?.stretches.push({ part, from: part.offsets[k] as number, to: part.offsets[k + 1] as number });
    });
  }
  return [...byMetric.values()].flatMap((byLabels) => [...byLabels.values()].filter((found) => found !== undefined)).sort((a, b) => compareLabels(a.labels, b.labels));
};

/** Columns that were not read stay without entries. */
const blockOf = (found: readonly FoundBuckets[], columns: readonly (keyof BucketColumns)[]): BucketBlock => {
  const offsets = new Uint32Array(found.length + 1);
  found.forEach(({ stretches }, k) => {
    offsets[k + 1] = (offsets[k] as number) + stretches.reduce((sum, { from, to }) => sum + to - from, 0);
  });
  const rows = offsets[found.length] as number;
  const block: Record<keyof BucketColumns, Float64Array | Uint8Array> = { ...newBuckets(0) };
  for (const name of new Set<keyof BucketColumns>(['startMs', ...columns])) {
    const column = name === 'staleEnd' ? new Uint8Array(rows) : new Float64Array(rows);
    let at = 0;
    for (const { part, from, to } of found.flatMap(({ stretches }) => stretches)) {
      column.set(part[name].subarray(from, to), at);
      at += to - from;
    }
    block[name] = column;
  }
  return { ...(block as unknown as BucketColumns), labels: found.map(({ labels }) => labels), offsets };
};
