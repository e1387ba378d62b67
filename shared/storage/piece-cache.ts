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

/** Decoded files in memory. They never change, so an entry is right for as long as it is kept. */
export interface PieceCache {
  /** The piece under the key, read by `load` when it is not there. Calls that meet share one read; a failure is not kept. */
  get(key: string, load: () => Promise<Piece>): Promise<Piece>;
  /** The piece under the key, where it is kept. */
  held(key: string): Piece | undefined;
  readonly heldBytes: number;
  readonly maxBytes: number;
}

/** 16 bytes a sample; two references and an offset a series, and a string's head for each text. */
const SAMPLE_BYTES = 16;
const SERIES_BYTES = 20;
const TEXT_BYTES = 24;
const PIECE_BYTES = 500;

const bytesOf = ({ metrics, labels, tMs }: Piece): number =>
  PIECE_BYTES + metrics.length * SERIES_BYTES + textBytes(metrics) + textBytes(labels) + tMs.length * SAMPLE_BYTES;

/** Series of a file share their texts, which may be thousands of characters long. */
const textBytes = (texts: readonly string[]): number => {
  let bytes = 0;
  for (const text of new Set(texts)) bytes += TEXT_BYTES + text.length;
  return bytes;
};

/** Keeps what was used last, up to `maxBytes`. */
export const makePieceCache = (maxBytes: number): PieceCache => {
  // A Map remembers the order of insertion: the first key is the one used longest ago.
  const pieces = new Map<string, { readonly piece: Piece; readonly bytes: number }>();
  const loading = new Map<string, Promise<Piece>>();
  let heldBytes = 0;
  const keep = (key: string, piece: Piece): void => {
    const bytes = bytesOf(piece);
    if (bytes > maxBytes) return;
    pieces.set(key, { piece, bytes });
    heldBytes += bytes;
    for (const [oldest, old] of pieces) {
      if (heldBytes <= maxBytes) break;
      pieces.delete(oldest);
      heldBytes -= old.bytes;
    }
  };
  const load = async (key: string, read: () => Promise<Piece>): Promise<Piece> => {
    try {
      const piece = await read();
      keep(key, piece);
      return piece;
    } finally {
      loading.delete(key);
    }
  };
  const heldPiece = (key: string): Piece | undefined => {
    const held = pieces.get(key);
    if (held === undefined) return undefined;
    pieces.delete(key);
    pieces.set(key, held);
    return held.piece;
  };
  return {
    maxBytes,
    get heldBytes(): number {
      return heldBytes;
    },
    held: heldPiece,
    async get(key, read) {
      const held = heldPiece(key);
      if (held !== undefined) return held;
      const underWay = loading.get(key);
      if (underWay !== undefined) return underWay;
      const started = load(key, read);
      loading.set(key, started);
      return started;
    },
  };
};
