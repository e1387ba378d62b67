import { PermanentError } from '../errors.ts';
import type { SampleBatch } from '../model/sample-batch.ts';
import { readBody, writeBody } from './body.ts';
import type { FrameCodec } from './compression.ts';
import { type FrameHeader, open, packBody, seal } from './envelope.ts';
import { DEFAULT_FRAME_CAPS, type FrameCaps } from './frame-caps.ts';

export type { FrameCodec } from './compression.ts';
export type { FrameHeader } from './envelope.ts';
export { DEFAULT_FRAME_CAPS, type FrameCaps } from './frame-caps.ts';
export { FrameError } from './frame-error.ts';
export { type EncodedFrame, encodeFrames } from './split-frames.ts';

/** One flush of one sender: what one record of the stream holds. The layout stands in FORMAT.md. */
export interface Frame {
  readonly header: FrameHeader;
  readonly batch: SampleBatch;
}

/**
 * Values survive bit for bit, timestamps as they are, sorted or not.
 * @throws PermanentError for a batch no decoder would take: a timestamp that is no whole millisecond within ±2^50, a lone
 * surrogate, a series without a name, labels that are not canonical, more series or samples than {@link DEFAULT_FRAME_CAPS}.
 */
export const encodeFrame = (header: FrameHeader, batch: SampleBatch, codec: FrameCodec = 'zstd'): Uint8Array => {
  const { bytes, version, tooLarge } = writeBody(batch);
  if (tooLarge !== undefined) throw new PermanentError(`encode frame: ${tooLarge}: more than one frame may hold`);
  return seal(header, packBody(bytes, version, codec));
};

/** @throws FrameError, whatever the bytes are. */
export const decodeFrame = (bytes: Uint8Array, caps: FrameCaps = DEFAULT_FRAME_CAPS): Frame => {
  const { header, version, body } = open(bytes, caps);
  return { header, batch: readBody(body, version, caps) };
};

/** A frame that only says "I was here": it moves a watermark and writes nothing. Metadata alone is no heartbeat. */
export const isHeartbeat = (frame: Frame): boolean => frame.batch.metrics.length === 0 && frame.batch.metadata.length === 0;
