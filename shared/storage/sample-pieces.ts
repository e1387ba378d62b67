import { createHash } from 'node:crypto';
import type { PartitionFile } from '../catalog/partitions.ts';
import { compareUtf8 } from '../model/utf8.ts';
import type { KeepHead } from '../parquet/file-reader.ts';
import type { FileRows } from '../parquet/row-ranges.ts';
import { readSamples, readSeries, type WantedSamples } from './hot-read.ts';
import type { ObjectStore } from './object-store.ts';
import type { Piece } from './piece-cache.ts';
import { type FilePorts, sampleFiles } from './sample-files.ts';

export interface PiecePorts extends FilePorts {
  /** Called for every file that is read and every label set that is judged: what it throws ends the read. */
  readonly check?: (() => void) | undefined;
}

/** What a query has read so far; requests are those that went to the object store, so a warm cache makes none. */
export interface SelectCounts {
  files: number;
  bytes: number;
  samples: number;
  requests: number;
}

export const makeSelectCounts = (): SelectCounts => ({ files: 0, bytes: 0, samples: 0, requests: 0 });

export interface WantedPieces {
  /** When a single metric is asked for. */
  readonly metric: string | undefined;
  /** Whether a series is asked for. */
  readonly matches: (metric: string, labelsJson: string) => boolean;
  readonly fromMs: number; // inclusive
  readonly toMs: number; // inclusive
  /** Whether it is enough to know which series there are. */
  readonly isForNames: boolean;
  /** The rows of a compacted file in which the series asked for lie, in any order; undefined where that is not known. */
  readonly rowsOf?: ((file: PartitionFile) => Promise<readonly FileRows[] | undefined>) | undefined;
}

/** Other series than those asked for, and samples at other times, may stand in it too. */
export interface FoundPiece {
  readonly piece: Piece;
  /** Whether the piece has no samples: each of its series has one in the range. */
  readonly isNamesAlone: boolean;
}

/** What pruning and reading need of a file, hot or compacted. */
interface SampleFile {
  readonly key: string;
  readonly bytes: number;
  readonly rows: number;
  readonly minTMs: number; // inclusive
  readonly maxTMs: number; // inclusive
  readonly minMetric: string; // inclusive, UTF-8 byte order
  readonly maxMetric: string; // inclusive
  /** The file itself where it is a compacted one. */
  readonly compacted?: PartitionFile;
}

/**
 * Up to this size all series of a file are decoded and kept: `hot-read.ts` reads such a file in one request anyway, and a
 * query over the last minutes meets the same files again and again, each time for another metric.
 */
const WHOLE_FILE_BYTES = 1024 * 1024;
/** Constant series take next to no bytes: 3.6 M samples have been seen in 0.8 MB. So many rows are decoded in 5 ms. */
const WHOLE_FILE_ROWS = 100_000;
/** A row of a file in memory, about: 16 bytes of sample, and of most series a hot file has one sample (20 bytes and part of a text). */
const ROW_BYTES = 60;
/** S3 answers in tens of ms, so some reads at once hide the wait; a directory is limited by the disk long before. */
const PARALLEL_READS = 32;
/** Files under way beyond the first, as they are stored: an hour of compacted samples is some MB, of which a small part is kept. */
const AHEAD_BYTES = 32 * 1024 * 1024;

/**
 * The decoded parts of the files in which samples of the range may lie, oldest first. Some are read ahead; who takes them
 * decides what is kept of them, and none is read once nobody takes the next.
 */
export async function* samplePieces(ports: PiecePorts, want: WantedPieces, counts?: SelectCounts): AsyncGenerator<FoundPiece> {
  const hours = await sampleFiles(ports, want.fromMs, want.toMs);
  const files = hours
    .flatMap(({ compacted, hot }): readonly SampleFile[] => [...compacted.map((file) => ({ ...file, compacted: file })), ...hot])
    .filter((file) => mayHold(file, want));
  if (counts !== undefined) counts.files += files.length;
  const load = loaderOf(ports, files, want, counts);
  const ahead: { readonly found: Promise<FoundPiece>; readonly bytes: number }[] = [];
  let aheadBytes = 0;
  const next = (): Promise<FoundPiece> => {
    const { found, bytes } = ahead.shift() as (typeof ahead)[number];
    aheadBytes -= bytes;
    return found;
  };
  for (const file of files) {
    while (ahead.length > 0 && (ahead.length === PARALLEL_READS || aheadBytes + file.bytes > AHEAD_BYTES)) yield await next();
    ports.check?.();
    const found = load(file);
    // Heard of where it is awaited; when an earlier one ends the read, nobody waits for this one.
    found.catch(() => undefined);
    ahead.push({ found, bytes: file.bytes });
    aheadBytes += file.bytes;
  }
  while (ahead.length > 0) yield await next();
}

const mayHold = (file: SampleFile, { metric, fromMs, toMs }: WantedPieces): boolean =>
  file.minTMs <= toMs &&
  file.maxTMs >= fromMs &&
  (metric === undefined || (compareUtf8(file.minMetric, metric) <= 0 && compareUtf8(metric, file.maxMetric) <= 0));

const isSmall = ({ bytes, rows }: SampleFile): boolean => bytes <= WHOLE_FILE_BYTES && rows <= WHOLE_FILE_ROWS;

type Load = (file: SampleFile) => Promise<FoundPiece>;
type LoadSamples = (file: SampleFile) => Promise<Piece>;

/** A newline is in no object key. */
const namesKey = (file: SampleFile): string => `\n${file.key}`;
const metricKey = (file: SampleFile, metric: string): string => `${file.key}\n${metric}`;
const rowsKey = (file: SampleFile, rows: readonly FileRows[]): string =>
  `${file.key}\n\n${createHash('sha256').update(Float64Array.from(rows.flatMap(({ firstRow, rows: count }) => [firstRow, count]))).digest('base64url')}`;

const loaderOf = (ports: PiecePorts, files: readonly SampleFile[], want: WantedPieces, counts: SelectCounts | undefined): Load => {
  const { cache, objects } = ports;
  const loadSamples = samplesLoaderOf(ports, files, want, counts);
  return async (file) => {
    const isInside = file.minTMs >= want.fromMs && file.maxTMs <= want.toMs;
    // A small file is read in one request whatever is wanted of it.
    if (!want.isForNames || !isInside || isSmall(file) || cache.held(file.key) !== undefined) return { piece: await loadSamples(file), isNamesAlone: false };
    const piece = await cache.get(namesKey(file), () => readSeries(countedRead(objects, file, counts), file.bytes, keptHead(ports, file)));
    return { piece, isNamesAlone: true };
  };
};

/**
 * A read that would fill the cache would push out all that other queries use, and find nothing of its own the next time. So
 * it keeps the metric alone, or the rows that it asks for, and when it asks for all rows of more than one metric it keeps
 * nothing, and decodes what matches alone; what is there already serves it too.
 */
const samplesLoaderOf = (ports: PiecePorts, files: readonly SampleFile[], want: WantedPieces, counts: SelectCounts | undefined): LoadSamples => {
  const { cache, objects } = ports;
  const { metric, matches, fromMs, toMs } = want;
  const isKeptWhole = (file: SampleFile): boolean => isSmall(file) || (metric === undefined && !hasRows(file, want));
  const isScan = files.reduce((sum, file) => sum + (isKeptWhole(file) ? file.rows : 0), 0) * ROW_BYTES > cache.maxBytes / 2;
  return async (file) => {
    const read = (wanted: WantedSamples) => (): Promise<Piece> => readSamples(countedRead(objects, file, counts), file.bytes, wanted, keptHead(ports, file));
    if (!isScan && isKeptWhole(file)) return cache.get(file.key, read(WHOLE_TIME));
    const held = cache.held(file.key) ?? (metric === undefined ? undefined : cache.held(metricKey(file, metric)));
    if (held !== undefined) return held;
    const rows = file.compacted === undefined ? undefined : await want.rowsOf?.(file.compacted);
    if (rows?.length === 0) return NOTHING;
    const metrics = metric === undefined ? {} : { metrics: new Set([metric]) };
    if (rows !== undefined) {
      const isKept = rows.reduce((sum, range) => sum + range.rows, 0) * ROW_BYTES * files.length <= cache.maxBytes / 2;
      return isKept ? cache.get(rowsKey(file, rows), read({ ...WHOLE_TIME, ...metrics, rows })) : read({ ...metrics, rows, fromMs, toMs })();
    }
    return metric === undefined ? read({ matches, fromMs, toMs })() : cache.get(metricKey(file, metric), read({ ...WHOLE_TIME, ...metrics }));
  };
};

const hasRows = ({ compacted }: SampleFile, { rowsOf }: WantedPieces): boolean => compacted !== undefined && rowsOf !== undefined;

/** A piece is kept for queries over other times, and a file spans an hour at most: so all of its time. */
const WHOLE_TIME = { fromMs: -Infinity, toMs: Infinity } as const;

const NOTHING: Piece = { metrics: [], labels: [], offsets: new Uint32Array(1), tMs: new Float64Array(0), values: new Float64Array(0) };

/** Files never change, so what stands in a footer and the page indexes is read once. */
const keptHead =
  ({ cache }: PiecePorts, file: SampleFile): KeepHead =>
  (load) =>
    cache.heads.get(file.key, load);

/** Reads of a file, told to `counts`. */
export const countedRead =
  (objects: Pick<ObjectStore, 'get'>, file: { readonly key: string }, counts: SelectCounts | undefined) =>
  async (offset: number, length: number): Promise<Uint8Array> => {
    const bytes = await objects.get(file.key, { offset, length });
    if (counts !== undefined) {
      counts.requests++;
      counts.bytes += bytes.length;
    }
    return bytes;
  };
