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
 * query over the last minutes meets the same files again and again, each time for another metric. Decoded, 1 MB is about 8.
 */
const WHOLE_FILE_BYTES = 1024 * 1024;
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
  const ahead: Promise<Piece>[] = [];
  for (const file of files) {
    ports.check?.();
    const piece = loadPiece(ports, file, range.metric, counts);
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

const loadPiece = (ports: HotPorts, file: HotFile, metric: string | undefined, counts: SelectCounts | undefined): Promise<Piece> => {
  const isWhole = metric === undefined || file.bytes <= WHOLE_FILE_BYTES;
  // A newline is in no object key.
  const key = isWhole ? file.key : `${file.key}\n${metric}`;
  return ports.cache.get(key, () => readSamples(countedRead(ports.objects, file, counts), file.bytes, isWhole ? WHOLE_TIME : { metrics: new Set([metric]), ...WHOLE_TIME }));
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
