import type { PartitionFile } from '../catalog/partitions.ts';
import { type BoundedCache, makeBoundedCache } from './bounded-cache.ts';

/** A decoded part of an immutable file: the series it holds, sorted by (metric, labels), and where each metric's begin. */
export interface Piece {
  readonly metrics: readonly string[];
  /** Canonical labels JSON of each series. */
  readonly labels: readonly string[];
  /** One more than there are series; samples of a series ascend in time. */
  readonly offsets: Uint32Array;
  readonly tMs: Float64Array;
  readonly values: Float64Array;
}

/** What readers need of a manifest. */
export interface MergedHour {
  readonly files: readonly PartitionFile[];
  /** The hot files whose samples stand in `files`. */
  readonly hotKeys: ReadonlySet<string>;
}

/** Decoded files in memory, and the manifests that name them. */
export interface PieceCache extends BoundedCache<Piece> {
  readonly manifests: BoundedCache<MergedHour>;
}

/** 16 bytes a sample; two references and an offset a series, and a string's head for each text. */
const SAMPLE_BYTES = 16;
const SERIES_BYTES = 20;
const TEXT_BYTES = 24;
const PIECE_BYTES = 500;
/** Of a file its numbers and three texts; of a key in a set its place. */
const FILE_BYTES = 300;
const KEY_BYTES = 64;
/** A week of hours with 700 hot files each is 20 MB. */
const MANIFEST_SHARE = 1 / 8;

const bytesOfPiece = ({ metrics, labels, tMs }: Piece): number =>
  PIECE_BYTES + metrics.length * SERIES_BYTES + textBytes(metrics) + textBytes(labels) + tMs.length * SAMPLE_BYTES;

/** Series of a file share their texts, which may be thousands of characters long. */
const textBytes = (texts: readonly string[]): number => {
  let bytes = 0;
  for (const text of new Set(texts)) bytes += TEXT_BYTES + text.length;
  return bytes;
};

const bytesOfHour = ({ files, hotKeys }: MergedHour): number => {
  let bytes = PIECE_BYTES + files.length * FILE_BYTES;
  for (const key of hotKeys) bytes += KEY_BYTES + key.length;
  return bytes;
};

/** Keeps up to `maxBytes` of pieces, and an eighth of that of manifests. */
export const makePieceCache = (maxBytes: number): PieceCache => {
  const pieces = makeBoundedCache(maxBytes, bytesOfPiece);
  const manifests = makeBoundedCache(maxBytes * MANIFEST_SHARE, bytesOfHour);
  // `heldBytes` is a getter, which a spread would freeze.
  return Object.assign(pieces, { manifests });
};
