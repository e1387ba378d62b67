import type { PartitionFile } from '../catalog/partitions.ts';
import type { FileHead } from '../parquet/file-head.ts';
import { bytesOfHistograms, type HistogramColumn } from '../model/histogram-column.ts';
import { type BoundedCache, makeBoundedCache } from './bounded-cache.ts';
import { bytesOfIndex, type SeriesIndex } from './series-index.ts';

/** A decoded part of an immutable file: the series it holds, sorted by (metric, labels), and where each metric's begin. */
export interface Piece {
  readonly metrics: readonly string[];
  /** Canonical labels JSON of each series. */
  readonly labels: readonly string[];
  /** One more than there are series; samples of a series ascend in time. */
  readonly offsets: Uint32Array;
  readonly tMs: Float64Array;
  readonly values: Float64Array;
  /** By their places in `tMs`; left out where there are none. */
  readonly histograms?: HistogramColumn | undefined;
}

/** What readers need of a manifest. */
export interface MergedHour {
  readonly files: readonly PartitionFile[];
  /** The hot files whose samples stand in `files`. */
  readonly hotKeys: ReadonlySet<string>;
}

/** Decoded files in memory, the manifests that name them, and what series are in them. */
export interface PieceCache extends BoundedCache<Piece> {
  /** What stands in footers and page indexes, by the file's key. */
  readonly heads: BoundedCache<FileHead>;
  readonly manifests: BoundedCache<MergedHour>;
  readonly seriesIndexes: BoundedCache<SeriesIndex>;
}

/** Two references and an offset a series, and a string's head for each text. */
const SERIES_BYTES = 20;
const TEXT_BYTES = 24;
const PIECE_BYTES = 500;
/** Of a file and its index their numbers and four texts; of a key in a set its place. */
const FILE_BYTES = 450;
const KEY_BYTES = 64;
/** A week of hours with 700 hot files each is 20 MB. */
const MANIFEST_SHARE = 1 / 8;
/** An index of 10,000 series of 100 hosts takes 0.4 MB: a week of hours 60 MB, a year of days 140 MB. */
const INDEX_SHARE = 1 / 8;
/** A footer and page indexes of 16 KB, of 100 pages, take 110 KB as objects (measured): a week of hours 18 MB. */
const HEAD_FACTOR = 7;
const HEAD_SHARE = 1 / 16;

const bytesOfHead = ({ storedBytes }: FileHead): number => PIECE_BYTES + storedBytes * HEAD_FACTOR;

/** Samples count as all of the memory that stays for them: a piece may be a view of most of what was decoded. */
const bytesOfPiece = ({ metrics, labels, tMs, values, histograms }: Piece): number =>
  PIECE_BYTES + metrics.length * SERIES_BYTES + textBytes(metrics) + textBytes(labels) + tMs.buffer.byteLength + values.buffer.byteLength + bytesOfHistograms(histograms);

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

/** Keeps up to `maxBytes` of pieces, an eighth of that of manifests and of series indexes each, and a sixteenth of heads. */
export const makePieceCache = (maxBytes: number): PieceCache => {
  const pieces = makeBoundedCache(maxBytes, bytesOfPiece);
  const manifests = makeBoundedCache(maxBytes * MANIFEST_SHARE, bytesOfHour);
  // `heldBytes` is a getter, which a spread would freeze.
  return Object.assign(pieces, { manifests, heads: makeBoundedCache(maxBytes * HEAD_SHARE, bytesOfHead), seriesIndexes: makeBoundedCache(maxBytes * INDEX_SHARE, bytesOfIndex) });
};
