import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Readable } from 'node:stream';
import type { IsOpen } from './open-address.ts';
import { openLookup, refuseClosedAddress } from './open-connection.ts';
import type { Fetch } from './http-post.ts';

/** Statuses whose answers have no body (Fetch standard, "null body status"). */
const WITHOUT_BODY: ReadonlySet<number> = new Set([101, 204, 205, 304]);

const responseOf = (message: IncomingMessage): Response => {
  const status = message.statusCode ?? 0;
  const headers = Object.entries(message.headersDistinct).flatMap(([name, values = []]) => values.map((value): [string, string] => [name, value]));
  if (WITHOUT_BODY.has(status)) message.resume();
  const body = WITHOUT_BODY.has(status) ? null : (Readable.toWeb(message) as ReadableStream<Uint8Array>);
  return new Response(body, { status, headers });
};

/**
 * `fetch` for addresses that people configure: text bodies, no redirects (they are answers), no address in a closed network by
 * whatever name or notation, a new connection each time.
 */
export const makeGuardedFetch =
  (isOpen: IsOpen): Fetch =>
  async (url, { method = 'GET', headers, body, signal }) => {
    const { protocol, hostname } = new URL(url);
    refuseClosedAddress(hostname.replace(/^\[(.*)\]$/, '$1'), isOpen);
    const options: RequestOptions = {
      method,
      headers: Object.fromEntries(new Headers(headers)),
      agent: false,
      lookup: openLookup(isOpen),
      ...(signal === null || signal === undefined ? {} : { signal }),
    };
    const request = protocol === 'https:' ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      request(url, options, (message) => resolve(responseOf(message)))
        .once('error', (error) => reject(signal?.aborted === true ? (signal.reason as Error) : error))
        .end(body);
    });
  };
