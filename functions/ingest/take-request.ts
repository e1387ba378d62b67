import type { Context } from 'hono';
import { messageOf, PermanentError, ThrottledError, UnavailableError } from '../../shared/errors.ts';
import type { BytesInFlight } from '../../shared/http/bytes-in-flight.ts';
import { decodeContent } from '../../shared/http/content-encoding.ts';
import { faultFrom, HttpFault } from '../../shared/http/http-fault.ts';
import { readBody } from '../../shared/http/read-body.ts';
import type { KeyVariables } from '../../shared/keys/require-scope.ts';
import { BodyTooLargeError } from '../../shared/protocols/body-too-large-error.ts';
import { applyLimits } from '../../shared/protocols/limits.ts';
import { encodeFrames } from '../../shared/wire/frame.ts';
import type { OutgoingRecord } from '../../shared/wire/record-stream.ts';
import type { IngestPorts } from './ingest-ports.ts';
import { partitionKeyOf } from './partition-key.ts';
import type { Accepted, Protocol, ReadBody } from './protocol.ts';

export type IngestContext = Context<{ Variables: KeyVariables }>;

/** A whole request: read under the caps, decode, put, answer. An answer of 2xx means every record is in the stream. */
export const takeRequest = async (ports: IngestPorts, inFlight: BytesInFlight, protocol: Protocol, c: IngestContext): Promise<Response> => {
  const held: { release(): void }[] = [];
  try {
    const { bodyBytes, decodedBytes } = ports.limits;
    const announced = Number(c.req.header('content-length') ?? bodyBytes);
    held.push(inFlight.take(Math.min(Number.isFinite(announced) ? announced : bodyBytes, bodyBytes)));
    const wire = await readBody(c.req.raw, bodyBytes);
    const contentEncoding = c.req.header('content-encoding') ?? '';
    const take = (more: number): void => void held.push(inFlight.take(more));
    const bytes = protocol.ownEncoding === true ? wire : await decodeContent(wire, contentEncoding, decodedBytes, take);
    const accepted = await accept(ports, protocol, c, bytes);
    return protocol.answer(c, accepted);
  } catch (error) {
    const fault = error instanceof BodyTooLargeError ? new HttpFault(413, error.message, { cause: error }) : faultFrom(error);
    ports.count?.({ refused: 1, protocol: protocol.name, status: fault.status });
    return protocol.fault(c, fault);
  } finally {
    for (const share of held) share.release();
  }
};

const accept = async (ports: IngestPorts, protocol: Protocol, c: IngestContext, bytes: Uint8Array): Promise<Accepted> => {
  const nowMs = ports.nowMs();
  const body = protocol.read({
    bytes,
    contentType: c.req.header('content-type') ?? '',
    contentEncoding: c.req.header('content-encoding') ?? '',
    query: new URL(c.req.url).searchParams,
    nowMs,
    capBytes: ports.limits.decodedBytes,
  });
  const limited = applyLimits(body.batch, nowMs, ports.limits.samples);
  const rejected = [...body.rejected, ...limited.rejected];
  const sender = c.get('apiKey')?.id ?? 'anonymous';
  await put(ports, recordsOf(ports, sender, body, limited.batch));
  const samples = limited.batch.tMs.length;
  ports.count?.({ accepted: samples, protocol: protocol.name, sender });
  for (const { reason, samples: count } of rejected) ports.count?.({ rejected: count, protocol: protocol.name, sender, reason });
  return { samples, rejected };
};

const recordsOf = (ports: IngestPorts, sender: string, body: ReadBody, batch: ReadBody['batch']): OutgoingRecord[] => {
  if (body.frame !== undefined) {
    // The sender's own bytes: its record id makes a retried push the same record. The store holds it against the limits again.
    return [{ partitionKey: partitionKeyOf(`${sender}\0${body.frame.sender}`, batch), data: body.frame.bytes }];
  }
  const partitionKey = partitionKeyOf(sender, batch);
  const frames = encodeFrames(ports.nextRecordId, { sender, flushIntervalMs: 0 }, batch);
  return frames.map((frame) => ({ partitionKey, data: frame.bytes }));
};

/** 5 s: what a sender waits when the stream does not say how long. */
const RETRY_AFTER_S = 5;

const put = async (ports: IngestPorts, records: readonly OutgoingRecord[]): Promise<void> => {
  if (records.length === 0) return;
  try {
    await ports.putRecords(records);
  } catch (cause) {
    if (cause instanceof ThrottledError || cause instanceof UnavailableError) throw cause;
    if (cause instanceof PermanentError) throw new HttpFault(500, `put records: ${cause.message}`, { cause });
    // OTLP senders drop on 500 and retry on 503; the samples are good, so they are to come again.
    throw new UnavailableError(`put records: ${messageOf(cause)}`, RETRY_AFTER_S, { cause });
  }
};
