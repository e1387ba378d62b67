import { onTestFinished } from 'vitest';
import { addHotFile } from '../../../shared/catalog/hot-files.ts';
import { compactHour } from '../../../shared/compaction/compact-hour.ts';
import { openObjectDirectory } from '../../../shared/embedded/object-directory.ts';
import { METRIC_NAME } from '../../../shared/model/labels.ts';
import { type SampleBatch, SampleBatchBuilder } from '../../../shared/model/sample-batch.ts';
import { bitsOf, isStaleAt, STALE_HIGH, STALE_LOW } from '../../../shared/model/stale.ts';
import type { SelectSeries, SeriesBlock } from '../../../shared/promql/series-source.ts';
import { buildHotObjects } from '../../../shared/storage/hot-object.ts';
import { makePieceCache } from '../../../shared/storage/piece-cache.ts';
import { makeSelectSeries } from '../../../shared/storage/select-series.ts';
import { NOW_MS, openQuery, type OpenQuery } from '../query/open-query.ts';
import type { MemorySeries } from './load.ts';

const FIRST_HOUR = '2026-01-01-12';
const BATCHES = 3;
/** Halves of a NaN that is neither JavaScript's nor the stale marker. */
const NAN_LOW = 0xdeadbeef;
const NAN_HIGH = 0x7ffabcde;

/** Every third sample of every series from the one at `place` on. */
const batchOf = ({ labels, offsets, tMs, values }: SeriesBlock, place: number): SampleBatch => {
  const batch = new SampleBatchBuilder();
  const bits = bitsOf(values);
  labels.forEach((own, series) => {
    const named = new Map(own);
    const metric = named.get(METRIC_NAME) ?? '';
    named.delete(METRIC_NAME);
    batch.series(metric, JSON.stringify(Object.fromEntries(named)));
    for (let i = (offsets[series] as number) + place; i < (offsets[series + 1] as number); i += BATCHES) {
      const at = NOW_MS + (tMs[i] as number);
      if (isStaleAt(bits, i)) batch.sampleBits(at, STALE_LOW, STALE_HIGH);
      else if (Number.isNaN(values[i])) batch.sampleBits(at, NAN_LOW, NAN_HIGH);
      else batch.sample(at, values[i] as number);
    }
  });
  return batch.build();
};

/** Later samples before earlier ones, and the last batch twice, as after a delivery that was repeated. */
const store = async ({ objects, catalog }: OpenQuery, block: SeriesBlock): Promise<void> => {
  for (const [file, place] of [2, 1, 0, 0].entries()) {
    for (const { bytes, ...row } of buildHotObjects([batchOf(block, place)], { promotedLabels: ['host'] })) {
      const key = `hot/dt=${row.hour}/${String(file).padStart(6, '0')}.parquet`;
      await objects.putIfAbsent(key, bytes);
      await addHotFile(catalog, { ...row, key, bytes: bytes.length });
    }
  }
};

/** Within a test: answers out of Parquet files, of which those of the first hour may be compacted; time 0 is NOW_MS there. */
export const storedSeries = async (series: MemorySeries, isCompacted: boolean): Promise<SelectSeries> => {
  const query = await openQuery();
  onTestFinished(() => query.close());
  await store(query, await series.select({ matchers: [], fromMs: -Infinity, toMs: Infinity }));
  if (isCompacted) {
    const ports = { objects: await openObjectDirectory(query.dir), catalog: query.catalog };
    await compactHour(ports, FIRST_HOUR, { promotedLabels: ['host'], buckets: 1 }, { nowMs: NOW_MS, watermarkMs: undefined, attempt: 'a' });
  }
  const select = makeSelectSeries({ ...query, cache: makePieceCache(0), limits: { maxSamples: 1e6 } });
  return async ({ matchers, fromMs, toMs }) => {
    const block = await select({ matchers, fromMs: NOW_MS + fromMs, toMs: NOW_MS + toMs });
    return { ...block, tMs: block.tMs.map((t) => t - NOW_MS) };
  };
};
