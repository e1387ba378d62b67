import { faultHeaders, HttpFault } from '../../shared/http/http-fault.ts';
import { rejectedSamples } from '../../shared/protocols/decoded.ts';
import { decodeJsonPush } from '../../shared/protocols/json-push.ts';
import { decodePlainLines } from '../../shared/protocols/plain-line.ts';
import { decodeFrame } from '../../shared/wire/frame.ts';
import { requireMediaType } from './content-type.ts';
import type { BodyToRead, Protocol, ReadBody } from './protocol.ts';
import { rejectionText } from './rejection-text.ts';

/** Our own wire frame, as the client library sends it (`wire/FORMAT.md`). */
const FRAME = 'application/vnd.tidemark.frame';
const PUSH_TYPES = ['text/plain', 'application/json', FRAME, ''];

/** A record of the stream is at most 1 MiB with its key of 32 characters (Kinesis PutRecords). */
const FRAME_MAX_BYTES = 1024 * 1024 - 256;

/** `/api/v1/push`: plain lines (the default), JSON, or frames. */
export const push: Protocol = {
  name: 'push',
  read: (body) => {
    const type = requireMediaType(body.contentType, PUSH_TYPES);
    if (type === FRAME) return readFrame(body);
    return type === 'application/json' ? decodeJsonPush(body.bytes, body.nowMs) : decodePlainLines(body.bytes, body.nowMs);
  },
  answer: (c, { samples, rejected }) => {
    if (rejected.length === 0) return c.json({ accepted: samples });
    const error = `push: ${rejectedSamples(rejected)} samples not stored, ${samples} stored: ${rejectionText(rejected)}`;
    return c.json({ error, accepted: samples, rejected }, 400);
  },
  fault: (c, fault) => c.json({ error: fault.message }, fault.status, faultHeaders(fault)),
};

const readFrame = ({ bytes }: BodyToRead): ReadBody => {
  if (bytes.length > FRAME_MAX_BYTES) throw new HttpFault(413, `push: a frame of ${bytes.length} bytes, ${FRAME_MAX_BYTES} bytes allowed`);
  const { header, batch } = decodeFrame(bytes);
  return { batch, rejected: [], frame: { bytes, sender: header.sender } };
};
