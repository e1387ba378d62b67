import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { messageOf } from '../errors.ts';
import { CorruptFileError, UnsupportedFileError } from './errors.ts';

/** Codec ids of parquet.thrift, CompressionCodec. */
export const CODEC = { UNCOMPRESSED: 0, ZSTD: 6 } as const;

const CHUNK_MAX_BYTES = 1 << 20;
/** Trino's Java decoder refuses windows above 8 MiB, and nothing larger is written at the levels allowed here. */
const WINDOW_LOG_MAX = 23;

const REPEATS_PARAMS = { [constants.ZSTD_c_enableLongDistanceMatching]: 1, [constants.ZSTD_c_windowLog]: WINDOW_LOG_MAX };

/**
 * The size is told in advance: zstd then takes the tables fit for it and writes it into the frame. With `hasRepeats` it also looks for
 * long repetitions as far away as a reader's window goes, which its level alone would not find.
 */
export const compressZstd = (bytes: Uint8Array, level: number, hasRepeats = false): Buffer =>
  zstdCompressSync(bytes, {
    params: {
      [constants.ZSTD_c_compressionLevel]: level,
      [constants.ZSTD_c_windowLog]: bytes.length > 2 ** WINDOW_LOG_MAX ? WINDOW_LOG_MAX : 0,
      ...(hasRepeats ? REPEATS_PARAMS : {}),
    },
    pledgedSrcSize: bytes.length,
    chunkSize: Math.min(CHUNK_MAX_BYTES, Math.max(1024, bytes.length)),
  });

/**
 * Exactly `plainBytes`, which the caller has checked against a cap, out of a page's bytes.
 * @throws CorruptFileError when they are damaged, more or fewer.
 */
export const decompressPage = (codec: number, packed: Uint8Array, plainBytes: number): Uint8Array => {
  const plain = codec === CODEC.UNCOMPRESSED ? packed : decompressZstd(codec, packed, plainBytes);
  if (plain.length !== plainBytes) throw new CorruptFileError(`found a page of ${plain.length} bytes, ${plainBytes} announced`);
  return plain;
};

const decompressZstd = (codec: number, packed: Uint8Array, plainBytes: number): Uint8Array => {
  if (codec !== CODEC.ZSTD) throw new UnsupportedFileError(`found compression codec ${codec}, zstd and none are allowed`);
  try {
    return zstdDecompressSync(packed, {
      maxOutputLength: Math.max(1, plainBytes),
      // With a byte to spare the engine sees the end at once; a full chunk would cost it a second call and a second chunk.
      chunkSize: Math.max(64, Math.min(plainBytes + 1, CHUNK_MAX_BYTES)),
      params: { [constants.ZSTD_d_windowLogMax]: WINDOW_LOG_MAX },
    });
  } catch (cause) {
    throw new CorruptFileError(`found a page that does not decompress to ${plainBytes} bytes (${messageOf(cause)})`, { cause });
  }
};
