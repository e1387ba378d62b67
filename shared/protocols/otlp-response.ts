import { ByteWriter } from '../wire/byte-writer.ts';
import type { OtlpEncoding } from './otlp.ts';

/**
 * `ExportMetricsServiceResponse` in the request's own encoding. Empty when all was taken; else `partial_success` with the
 * number of rejected data points and why. Senders must not send those again.
 */
export const encodeOtlpResponse = (encoding: OtlpEncoding, rejected: number, message: string): Uint8Array => {
  const full = rejected === 0 && message === '';
  if (encoding === 'json') {
    // 64-bit integers are text in protobuf's JSON.
    const partialSuccess = { rejectedDataPoints: String(rejected), errorMessage: message };
    return Buffer.from(JSON.stringify(full ? {} : { partialSuccess }));
  }
  const out = new ByteWriter();
  if (full) return out.take();
  const partial = new ByteWriter();
  if (rejected > 0) {
    partial.byte(0x08); // field 1, varint
    partial.varint(rejected);
  }
  if (message !== '') {
    partial.byte(0x12); // field 2, length-prefixed
    partial.section(Buffer.from(message));
  }
  out.byte(0x0a); // field 1, length-prefixed
  out.section(partial.take());
  return out.take();
};
