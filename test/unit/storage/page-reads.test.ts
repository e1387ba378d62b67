import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addHotFile } from '../../../shared/catalog/hot-files.ts';
import { readEntry, readManifest, type PartitionFile } from '../../../shared/catalog/partitions.ts';
import { compactHour } from '../../../shared/compaction/compact-hour.ts';
import type { FileRows } from '../../../shared/parquet/row-ranges.ts';
import { openObjectDirectory } from '../../../shared/embedded/object-directory.ts';
import { buildHotObjects } from '../../../shared/storage/hot-object.ts';
import { makePieceCache, type Piece, type PieceCache } from '../../../shared/storage/piece-cache.ts';
import { makeSelectCounts, samplePieces, type SelectCounts, type WantedPieces } from '../../../shared/storage/sample-pieces.ts';
import { makeHostBatches, WORKLOAD_START_MS } from '../../../scripts/bench/workload.ts';
import { openQuery, type OpenQuery } from '../query/open-query.ts';

/** An hour of 100 hosts with 100 metrics each, jittered: the times are what takes most to read for one metric. */
const HOSTS = 100;
const POINTS = 360;
const METRIC_ROWS = HOSTS * POINTS;

let query: OpenQuery;
let file: PartitionFile;
/** Every row of the file. */
let whole: Piece;

const everything: WantedPieces = { metric: undefined, matches: () => true, fromMs: -Infinity, toMs: Infinity, isForNames: false };

const read = async (want: Partial<WantedPieces>, cache: PieceCache, counts: SelectCounts): Promise<Piece> => {
  const pieces: Piece[] = [];
  for await (const { piece } of samplePieces({ objects: query.objects, catalog: query.catalog, cache }, { ...everything, ...want }, counts)) pieces.push(piece);
  expect(pieces.length).toBe(1);
  return pieces[0] as Piece;
};

const readOnce = async (want: Partial<WantedPieces>, cache = makePieceCache(0)): Promise<{ readonly piece: Piece; readonly counts: SelectCounts }> => {
  const counts = makeSelectCounts();
  return { piece: await read(want, cache, counts), counts };
};

/** The series `first` to `end` (exclusive) of the whole file. */
const part = ({ metrics, labels, offsets, tMs, values }: Piece, first: number, end: number): Piece => {
  const from = offsets[first] as number;
  const to = offsets[end] as number;
  return {
    metrics: metrics.slice(first, end),
    labels: labels.slice(first, end),
    offsets: offsets.slice(first, end + 1).map((row) => row - from),
    tMs: tMs.slice(from, to),
    values: values.slice(from, to),
  };
};

/** The nth metric of the file: each has a series of every host. */
const metricAt = (n: number): string => whole.metrics[n * HOSTS] as string;
const partOfMetric = (metric: string): Piece => part(whole, whole.metrics.indexOf(metric), whole.metrics.lastIndexOf(metric) + 1);

beforeAll(async () => {
  query = await openQuery();
  const hour = new Date(WORKLOAD_START_MS).toISOString().slice(0, 13).replace('T', '-');
  const batches = makeHostBatches({ hosts: HOSTS, pointsPerSeries: POINTS, stepMs: 9000, hasJitter: true });
  for (const { bytes, ...row } of buildHotObjects(batches, { promotedLabels: ['host'] })) {
    const key = `hot/dt=${row.hour}/0.parquet`;
    await query.objects.putIfAbsent(key, bytes);
    await addHotFile(query.catalog, { ...row, key, bytes: bytes.length });
  }
  const objects = await openObjectDirectory(query.dir);
  await compactHour({ objects, catalog: query.catalog }, hour, { promotedLabels: ['host'], buckets: 1 }, { nowMs: 0, watermarkMs: undefined, attempt: 'a' });
  const entry = await readEntry(query.catalog, 'raw', hour);
  const manifest = await readManifest(query.objects, entry?.manifestKey ?? '');
  file = manifest.files[0] as PartitionFile;
  whole = (await readOnce({})).piece;
}, 60_000);
afterAll(() => query.close());

describe('a compacted hour of 10,000 series', () => {
  it('takes 0.72 bytes a sample with its page index', () => {
    expect(file.rows).toBe(HOSTS * 100 * POINTS);
    expect(whole.tMs.length).toBe(file.rows);
    expect(file.bytes / file.rows).toBeLessThan(0.72);
  });

  it('is read to 9 % for one metric on average, whose rows are those of the whole', async () => {
    let bytes = 0;
    const asked = [5, 15, 25, 35, 45, 55, 65, 75, 85, 95].map(metricAt);
    for (const metric of asked) {
      const { piece, counts } = await readOnce({ metric });
      expect(piece).toEqual(partOfMetric(metric));
      expect(piece.tMs.length).toBe(METRIC_ROWS);
      // Most for doubles of full mantissas, which take the most themselves.
      expect(counts.bytes / file.bytes).toBeLessThan(0.15);
      bytes += counts.bytes;
    }
    expect(bytes / asked.length / file.bytes).toBeLessThan(0.09);
  });

  it('is read to 18 % for a tenth of its series, by the rows that are told', async () => {
    const first = 40 * HOSTS;
    const rowsOf = async (asked: PartitionFile): Promise<readonly FileRows[]> => {
      expect(asked.key).toBe(file.key);
      return [{ firstRow: whole.offsets[first] as number, rows: (whole.offsets[first + 1000] as number) - (whole.offsets[first] as number) }];
    };
    const { piece, counts } = await readOnce({ rowsOf });
    expect(piece).toEqual(part(whole, first, first + 1000));
    expect(counts.bytes / file.bytes).toBeLessThan(0.18);
  });

  it('gives single series by their rows, in any order, and nothing where none are told', async () => {
    const series = [7777, 12, 13, 9999];
    const rowsOf = async (): Promise<readonly FileRows[]> =>
      series.map((k) => ({ firstRow: whole.offsets[k] as number, rows: (whole.offsets[k + 1] as number) - (whole.offsets[k] as number) }));
    for (const cache of [makePieceCache(0), makePieceCache(1e9)]) {
      const { piece } = await readOnce({ rowsOf }, cache);
      expect(piece.metrics).toEqual([12, 13, 7777, 9999].map((k) => whole.metrics[k]));
      expect(piece.values).toEqual(Float64Array.from([12, 13, 7777, 9999].flatMap((k) => [...part(whole, k, k + 1).values])));
    }
    const none = await readOnce({ rowsOf: async () => [] });
    expect(none.piece.metrics).toEqual([]);
    expect(none.counts.requests).toBe(0);
  });

  it('has its footer and page index read once', async () => {
    const cache = makePieceCache(1e7);
    const cold = await readOnce({ metric: metricAt(20) }, cache);
    const warm = await readOnce({ metric: metricAt(70) }, cache);
    expect(cold.counts.requests).toBeGreaterThan(1);
    expect(cache.heads.held(file.key)?.metadata.rows).toBe(file.rows);
    expect(cold.counts.bytes - warm.counts.bytes).toBeGreaterThan(10_000);
    const again = await readOnce({ metric: metricAt(70) }, cache);
    expect(again.counts.requests).toBe(0);
  });
});
