import type { Context } from 'hono';
import { faultHeaders, type FaultStatus } from '../../shared/http/http-fault.ts';
import { rejectedSamples } from '../../shared/protocols/decoded.ts';
import { decodeOtlp, encodeOtlpResponse, type OtlpEncoding } from '../../shared/protocols/otlp.ts';
import { ByteWriter } from '../../shared/wire/byte-writer.ts';
import { mediaType, requireMediaType } from './content-type.ts';
import type { Protocol } from './protocol.ts';
import { rejectionText } from './rejection-text.ts';

const PROTOBUF = 'application/x-protobuf';
const JSON_TYPE = 'application/json';

const encodingOf = (contentType: string): OtlpEncoding => (mediaType(contentType) === JSON_TYPE ? 'json' : 'protobuf');

/** google.rpc.Code by HTTP status (google/rpc/code.proto). */
const RPC_CODES: Readonly<Record<FaultStatus, number>> = {
  400: 3, // INVALID_ARGUMENT
  401: 16, // UNAUTHENTICATED
  403: 7, // PERMISSION_DENIED
  404: 5, // NOT_FOUND
  405: 12, // UNIMPLEMENTED
  413: 8, // RESOURCE_EXHAUSTED
  415: 3,
  422: 9, // FAILED_PRECONDITION
  429: 8,
  500: 13, // INTERNAL
  503: 14, // UNAVAILABLE
};

/**
 * OTLP over HTTP (opentelemetry.io/docs/specs/otlp): answers in the request's own encoding, samples that can never be stored
 * in `partial_success` with 200, everything else as a `google.rpc.Status`.
 */
export const otlp: Protocol = {
  name: 'otlp',
  read: ({ bytes, contentType }) => {
    requireMediaType(contentType, [PROTOBUF, JSON_TYPE]);
    return decodeOtlp(bytes, encodingOf(contentType));
  },
  answer: (c, { rejected }) => {
    const encoding = encodingOf(c.req.header('content-type') ?? '');
    return answer(c, encodeOtlpResponse(encoding, rejectedSamples(rejected), rejectionText(rejected)), encoding, 200, {});
  },
  fault: (c, fault) => {
    const encoding = encodingOf(c.req.header('content-type') ?? '');
    return answer(c, encodeStatus(encoding, RPC_CODES[fault.status], fault.message), encoding, fault.status, faultHeaders(fault));
  },
};

const answer = (c: Context, body: Uint8Array, encoding: OtlpEncoding, status: 200 | FaultStatus, headers: Record<string, string>): Response =>
  c.body(new Uint8Array(body), status, { 'Content-Type': encoding === 'json' ? JSON_TYPE : PROTOBUF, ...headers });

/** `google.rpc.Status`: code is field 1, message field 2. */
const encodeStatus = (encoding: OtlpEncoding, code: number, message: string): Uint8Array => {
  if (encoding === 'json') return Buffer.from(JSON.stringify({ code, message }));
  const out = new ByteWriter();
  out.byte(0x08); // field 1, varint
  out.varint(code);
  out.byte(0x12); // field 2, length-prefixed
  out.section(Buffer.from(message));
  return out.take();
};
