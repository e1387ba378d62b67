import type { Context } from 'hono';
import { faultHeaders, HttpFault, type FaultStatus } from '../../shared/http/http-fault.ts';
import { rejectedSamples } from '../../shared/protocols/decoded.ts';
import { decodeInfluxLines, influxPrecision } from '../../shared/protocols/influx-line.ts';
import { requireMediaType } from './content-type.ts';
import type { BodyToRead, Protocol, ReadBody } from './protocol.ts';
import { rejectionText } from './rejection-text.ts';

/** InfluxDB itself looks at no content type: curl sends a form's, some clients none. */
const LINE_TYPES = ['text/plain', 'application/octet-stream', 'application/x-www-form-urlencoded', ''];

/** Error codes of the v2 API (docs.influxdata.com, api/v2: Error). */
const CODES: Readonly<Record<FaultStatus, string>> = {
  400: 'invalid',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not found',
  405: 'method not allowed',
  413: 'request too large',
  415: 'invalid',
  422: 'unprocessable entity',
  429: 'too many requests',
  500: 'internal error',
  503: 'unavailable',
};

type AnswerError = (c: Context, status: FaultStatus, message: string, headers: Record<string, string>) => Response;

const answerV1: AnswerError = (c, status, error, headers) => c.json({ error }, status, { 'X-Influxdb-Error': headerText(error), ...headers });
const answerV2: AnswerError = (c, status, message, headers) => c.json({ code: CODES[status], message }, status, headers);

/** Headers carry no control characters and no letters beyond Latin-1. */
const headerText = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?').slice(0, 500);

const readLines = (body: BodyToRead): ReadBody => {
  requireMediaType(body.contentType, LINE_TYPES);
  const given = body.query.get('precision') ?? 'ns';
  const precision = influxPrecision(given);
  if (precision === undefined) throw new HttpFault(400, `write: precision "${given.slice(0, 20)}" found, n, ns, u, us, ms, s, m, h allowed`);
  return decodeInfluxLines(body.bytes, precision, body.nowMs);
};

const influx = (name: string, answerError: AnswerError): Protocol => ({
  name,
  read: readLines,
  answer: (c, { rejected }) => {
    if (rejected.length === 0) return c.body(null, 204);
    // InfluxDB's own words: agents look for "partial write" and do not send such a batch again.
    return answerError(c, 400, `partial write: ${rejectionText(rejected)} dropped=${rejectedSamples(rejected)}`, {});
  },
  fault: (c, fault) => answerError(c, fault.status, fault.message, faultHeaders(fault)),
});

/** InfluxDB 1: `/write`. */
export const influxV1 = influx('influx_v1', answerV1);
/** InfluxDB 2: `/api/v2/write`. */
export const influxV2 = influx('influx_v2', answerV2);
