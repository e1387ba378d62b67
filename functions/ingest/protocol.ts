import type { Context } from 'hono';
import type { HttpFault } from '../../shared/http/http-fault.ts';
import type { SampleBatch } from '../../shared/model/sample-batch.ts';
import type { Rejection } from '../../shared/protocols/decoded.ts';

/** What a body became: samples to encode, or a frame that the sender has encoded already and whose record id is kept. */
export interface ReadBody {
  readonly batch: SampleBatch;
  readonly rejected: readonly Rejection[];
  readonly frame?: { readonly bytes: Uint8Array; readonly sender: string };
}

export interface BodyToRead {
  /** After its content encoding is undone; for remote write still under snappy, which only its own decoder caps. */
  readonly bytes: Uint8Array;
  readonly contentType: string;
  readonly contentEncoding: string;
  readonly query: URLSearchParams;
  readonly nowMs: number;
  /** Of the decoded body. */
  readonly capBytes: number;
}

/** What became of a request's samples. */
export interface Accepted {
  readonly samples: number;
  readonly rejected: readonly Rejection[];
}

/** One way to send samples: how a body is read, and the words of its answers. */
export interface Protocol {
  readonly name: string;
  /** @throws HttpFault or PermanentError for a body that cannot be read as a whole. */
  readonly read: (body: BodyToRead) => ReadBody;
  /** The protocol undoes its own content encoding (remote write's snappy has no zlib). */
  readonly ownEncoding?: boolean;
  readonly answer: (c: Context, accepted: Accepted) => Response;
  readonly fault: (c: Context, fault: HttpFault) => Response;
}
