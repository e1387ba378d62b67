import type { ItemTable } from '../catalog/item-table.ts';
import { type HotFile, hotFilesOf, hoursWithSamples } from '../catalog/hot-files.ts';
import { compareUtf8 } from '../model/utf8.ts';
import { mapBounded } from './map-bounded.ts';
import { readSamples } from './hot-read.ts';
import type { ObjectStore } from './object-store.ts';
import type { Piece, PieceCache } from './piece-cache.ts';

export interface HotPorts {
  readonly objects: ObjectStore;
  readonly catalog: ItemTable;
  readonly cache: PieceCache;
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

export interface PieceRange {
  /** When a single metric is asked for. */
  readonly metric: string | undefined;
  readonly fromMs: number; // inclusive
  readonly toMs: number; // inclusive
}

/**
 * Up to this size all series of a file are decoded and kept: `hot-read.ts` reads such a file in one request anyway, and a
 * query over the last minutes meets the same files again and again, each time for another metric.
 */
const WHOLE_FILE_BYTES = 1024 * 1024;
/** A row of a file in memory, about: 16 bytes of sample, and of most series a file has one sample (20 bytes and part of a text). */
const ROW_BYTES = 60;
/** S3 answers in tens of ms, so some reads at once hide the wait; a directory is limited by the disk long before. */
const PARALLEL_READS = 32;
const PARALLEL_HOURS = 8;

/**
 * The decoded parts of the hot files in which samples of the range may lie, oldest first. Some are read ahead; who takes them
 * decides what is kept of them, and none is read once nobody takes the next.
 */
export async function* hotPieces(ports: HotPorts, range: PieceRange, counts?: SelectCounts): AsyncGenerator<Piece> {
  const hours = await hoursWithSamples(ports.catalog, range.fromMs, range.toMs);
  const files = (await mapBounded(hours, PARALLEL_HOURS, (hour) => hotFilesOf(ports.catalog, hour))).flat().filter((file) => mayHold(file, range));
  if (counts !== undefined) counts.files += files.length;
  const load = loaderOf(ports, files, range.metric, counts);
  const ahead: Promise<Piece>[] = [];
  for (const file of files) {
    ports.check?.();
    const piece = load(file);
    // Heard of where it is awaited; when an earlier one ends the read, nobody waits for this one.
    piece.catch(() => undefined);
    ahead.push(piece);
    if (ahead.length === PARALLEL_READS) yield await (ahead.shift() as Promise<Piece>);
  }
  for (const piece of ahead) yield await piece;
}

const mayHold = (file: HotFile, { metric, fromMs, toMs }: PieceRange): boolean =>
  file.minTMs <= toMs &&
  file.maxTMs >= fromMs &&
  (metric === undefined || (compareUtf8(file.minMetric, metric) <= 0 && compareUtf8(metric, file.maxMetric) <= 0));

/**
 * A read that would fill the cache would push out all that other queries use, and find nothing of its own the next time. So
 * it keeps the metric alone, and nothing when it asks for every metric; what is there already serves it too.
 */
const loaderOf = (ports: HotPorts, files: readonly HotFile[], metric: string | undefined, counts: SelectCounts | undefined): ((file: HotFile) => Promise<Piece>) => {
  const { cache, objects } = ports;
  const isScan = files.reduce((sum, file) => sum + file.rows, 0) * ROW_BYTES > cache.maxBytes / 2;
  return async (file) => {
    const read = (want: { readonly metrics?: ReadonlySet<string> }) => (): Promise<Piece> =>
      readSamples(countedRead(objects, file, counts), file.bytes, { ...WHOLE_TIME, ...want });
    const isSmall = file.bytes <= WHOLE_FILE_BYTES;
    if (!isScan && (metric === undefined || isSmall)) return cache.get(file.key, read({}));
    const whole = cache.held(file.key);
    if (whole !== undefined) return whole;
    // A newline is in no object key.
    return metric === undefined ? read({})() : cache.get(`${file.key}\n${metric}`, read({ metrics: new Set([metric]) }));
  };
};

/** A piece is kept for queries over other times, and a file spans few minutes: so all of its time. */
const WHOLE_TIME = { fromMs: -Infinity, toMs: Infinity } as const;

const countedRead =
  (objects: ObjectStore, file: HotFile, counts: SelectCounts | undefined) =>
  async (offset: number, length: number): Promise<Uint8Array> => {
    const bytes = await objects.get(file.key, { offset, length });
    if (counts !== undefined) {
      counts.requests++;
      counts.bytes += bytes.length;
    }
    return bytes;
  };
