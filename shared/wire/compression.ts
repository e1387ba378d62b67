import { constants, deflateRawSync, inflateRawSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { messageOf } from '../errors.ts';
import { FrameError } from './frame-error.ts';

export type FrameCodec = 'none' | 'zstd' | 'deflate';

/** The codec byte of a frame is the index here. */
export const FRAME_CODECS: readonly FrameCodec[] = ['none', 'zstd', 'deflate'];

/** Level 1 of either costs under 3 % in size against the default and doubles the speed on these bodies. */
const ZSTD_ENCODE = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
const DEFLATE_ENCODE = { level: 1 };

/** 2^25 = 32 MiB: no body is larger, so a stream that asks for a larger window only wants memory. */
const ZSTD_WINDOW_LOG_MAX = 25;
const CHUNK_MAX_BYTES = 1024 * 1024;

export const compress = (codec: FrameCodec, body: Uint8Array): Uint8Array => {
  if (codec === 'zstd') return zstdCompressSync(body, ZSTD_ENCODE);
  return codec === 'deflate' ? deflateRawSync(body, DEFLATE_ENCODE) : body;
};

interface Inflated {
  readonly buffer: Uint8Array;
  readonly engine: { readonly bytesWritten: number };
}

/**
 * Exactly `bodyBytes` out of all of `packed`; the caller has checked `bodyBytes` against its cap.
 * @throws FrameError when the stream is damaged, longer or shorter, or something stands behind it.
 */
export const decompress = (codec: FrameCodec, packed: Uint8Array, bodyBytes: number): Uint8Array => {
  if (codec === 'none') return exactly(packed, bodyBytes);
  const options = {
    info: true,
    maxOutputLength: Math.max(1, bodyBytes),
    // With a byte to spare the engine sees the end at once; a full chunk would cost it a second call and a second chunk.
    chunkSize: Math.max(64, Math.min(bodyBytes + 1, CHUNK_MAX_BYTES)),
  };
  let inflated: Inflated;
  try {
    // With `info` both give { buffer, engine }, which their declared types do not say.
    inflated = (
      codec === 'deflate'
        ? inflateRawSync(packed, options)
        : zstdDecompressSync(packed, { ...options, params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG_MAX } })
    ) as unknown as Inflated;
  } catch (cause) {
    throw new FrameError('body', `does not decompress as ${codec} to ${bodyBytes} bytes (${messageOf(cause)})`, { cause });
  }
  const behindBytes = packed.length - inflated.engine.bytesWritten;
  if (behindBytes !== 0) throw new FrameError('body', `${behindBytes} bytes behind the ${codec} stream, none allowed`);
  return exactly(inflated.buffer, bodyBytes);
};

const exactly = (body: Uint8Array, bodyBytes: number): Uint8Array => {
  if (body.length === bodyBytes) return body;
  throw new FrameError('body', `${body.length} bytes found, ${bodyBytes} announced`);
};
