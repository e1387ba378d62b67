import { isUtf8 } from 'node:buffer';
import { PermanentError } from '../errors.ts';
import { crc32c } from '../model/crc32c.ts';
import { ByteCursor } from './byte-cursor.ts';
import { ByteWriter } from './byte-writer.ts';
import { compress, decompress, FRAME_CODECS, type FrameCodec } from './compression.ts';
import type { FrameCaps } from './frame-caps.ts';
import { FrameError } from './frame-error.ts';

/** Who sent a frame, and which of its flushes it is. */
export interface FrameHeader {
  /** 16 bytes: the sender's boot id (8) and its counter (8). A record sent twice has the same id. */
  readonly recordId: Uint8Array;
  readonly sender: string;
  readonly flushIntervalMs: number;
}

/** `TDMK`. */
const MAGIC = Uint8Array.of(0x54, 0x44, 0x4d, 0x4b);
/** Of a frame without histograms, and of one with some: a reader that knows none refuses it as a whole. */
export type FrameVersion = 1 | 2;
const VERSION_MAX = 2;
/** The checksum stands at 4 and covers everything from 8 on, in this and every later version. */
const CRC_AT = 4;
const CHECKED_FROM = 8;
const RECORD_ID_BYTES = 16;
const SENDER_MAX_BYTES = 1024;

export interface PackedBody {
  readonly version: FrameVersion;
  readonly codec: FrameCodec;
  readonly bodyBytes: number;
  readonly packed: Uint8Array;
}

/** Compresses, unless that would make the body longer. */
export const packBody = (body: Uint8Array, version: FrameVersion, codec: FrameCodec): PackedBody => {
  const packed = compress(codec, body);
  return packed.length < body.length ? { version, codec, bodyBytes: body.length, packed } : { version, codec: 'none', bodyBytes: body.length, packed: body };
};

/** @throws PermanentError for a header that no decoder would take. */
export const seal = (header: FrameHeader, body: PackedBody): Uint8Array => {
  const sender = Buffer.from(header.sender);
  checkHeader(header, sender.length);
  const out = new ByteWriter(CHECKED_FROM + 64 + sender.length + body.packed.length);
  out.append(MAGIC);
  out.append(new Uint8Array(CHECKED_FROM - CRC_AT));
  out.byte(body.version);
  out.byte(FRAME_CODECS.indexOf(body.codec));
  out.append(header.recordId);
  out.section(sender);
  out.varint(header.flushIntervalMs);
  out.varint(body.bodyBytes);
  out.append(body.packed);
  const frame = out.take();
  new DataView(frame.buffer, frame.byteOffset).setUint32(CRC_AT, crc32c(frame.subarray(CHECKED_FROM)), true);
  return frame;
};

const checkHeader = (header: FrameHeader, senderBytes: number): void => {
  const { recordId, sender, flushIntervalMs } = header;
  if (recordId.length !== RECORD_ID_BYTES) {
    throw new PermanentError(`encode frame: record id of ${recordId.length} bytes, ${RECORD_ID_BYTES} needed`);
  }
  if (senderBytes > SENDER_MAX_BYTES || !sender.isWellFormed()) {
    throw new PermanentError(`encode frame: sender of ${senderBytes} bytes, well-formed text up to ${SENDER_MAX_BYTES} bytes allowed`);
  }
  if (!Number.isSafeInteger(flushIntervalMs) || flushIntervalMs < 0) {
    throw new PermanentError(`encode frame: flush interval ${flushIntervalMs} ms, a whole number from 0 allowed`);
  }
};

/** Checks magic, checksum, version and codec, and decompresses. @throws FrameError */
export const open = (frame: Uint8Array, caps: FrameCaps): { readonly header: FrameHeader; readonly version: FrameVersion; readonly body: Uint8Array } => {
  checkSeal(frame);
  const cursor = new ByteCursor('header', frame, CHECKED_FROM);
  const version = cursor.byte();
  if (version !== 1 && version !== VERSION_MAX) throw cursor.error(`version ${version}, 1 to ${VERSION_MAX} are known`);
  const codecByte = cursor.byte();
  const codec = FRAME_CODECS[codecByte];
  if (codec === undefined) throw cursor.error(`codec ${codecByte}, 0 to ${FRAME_CODECS.length - 1} are known`);
  const recordId = cursor.take(RECORD_ID_BYTES).slice();
  const sender = readSender(cursor);
  const flushIntervalMs = cursor.varint();
  if (!Number.isSafeInteger(flushIntervalMs)) throw cursor.error('a flush interval above 2^53 ms');
  const bodyBytes = cursor.varint();
  if (bodyBytes > caps.bodyBytes) throw cursor.error(`a body of ${bodyBytes} bytes announced, ${caps.bodyBytes} allowed`);
  const body = decompress(codec, cursor.take(cursor.remaining), bodyBytes);
  return { header: { recordId, sender, flushIntervalMs }, version, body };
};

const checkSeal = (frame: Uint8Array): void => {
  if (frame.length < CHECKED_FROM || MAGIC.some((byte, i) => frame[i] !== byte)) {
    throw new FrameError('magic', `${frame.length} bytes that do not begin with TDMK and a checksum`);
  }
  const stored = new DataView(frame.buffer, frame.byteOffset).getUint32(CRC_AT, true);
  const computed = crc32c(frame.subarray(CHECKED_FROM));
  if (stored !== computed) throw new FrameError('checksum', `${stored.toString(16)} stored, ${computed.toString(16)} computed`);
};

const readSender = (cursor: ByteCursor): string => {
  const senderBytes = cursor.count('sender bytes', 1);
  if (senderBytes > SENDER_MAX_BYTES) throw cursor.error(`a sender of ${senderBytes} bytes, ${SENDER_MAX_BYTES} allowed`);
  const sender = cursor.take(senderBytes);
  if (!isUtf8(sender)) throw cursor.error('a sender that is not UTF-8');
  return Buffer.from(sender.buffer, sender.byteOffset, sender.length).toString('utf8');
};
