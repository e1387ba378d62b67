import { once } from 'node:events';
import type { Writable } from 'node:stream';
import type { LambdaFunctionURLEvent } from 'aws-lambda';
import { messageOf } from '../errors.ts';
import { functionUrlRequest } from './function-url-request.ts';

/** Of the runtime's global `awslambda`: puts status and headers before the first write, as the address in RESPONSE_STREAM mode expects them. */
export interface AnswerHeads {
  readonly from: (stream: Writable, head: Record<string, unknown>) => Writable;
}

type Answer = (request: Request) => Response | Promise<Response>;

/**
 * A function URL's request, answered piece by piece: no more is made than the stream takes. When the stream closes early, the
 * request's signal is aborted and the rest is not made; Lambda itself tells nothing of a caller that went away ("Response
 * streaming", developer guide).
 *
 * Rejects when an answer breaks off, and leaves the stream open then: the runtime marks it as failed (Lambda-Runtime-Function-Error-Type),
 * so that it does not look like one that ended. Hono's own `streamHandle` would end it with a text behind it.
 */
export const streamAnswer = async (event: LambdaFunctionURLEvent, stream: Writable, heads: AnswerHeads, answer: Answer): Promise<void> => {
  const gone = new AbortController();
  const leave = (): void => gone.abort();
  stream.once('close', leave).once('error', leave);
  const response = await answerTo(event, gone.signal, answer);
  const out = heads.from(stream, headOf(response));
  try {
    // Without a write there is no head (a 204, a HEAD), and the address would wait for one.
    out.write('');
    if (response.body !== null) await send(response.body as ReadableStream<Uint8Array>, out, gone.signal);
    out.end();
  } catch (error) {
    if (!gone.signal.aborted) throw error;
  }
};

const answerTo = async (event: LambdaFunctionURLEvent, signal: AbortSignal, answer: Answer): Promise<Response> => {
  let request: Request;
  try {
    request = functionUrlRequest(event, signal);
  } catch (error) {
    return Response.json({ status: 'error', errorType: 'bad_data', error: `read request: ${messageOf(error)}` }, { status: 400 });
  }
  return answer(request);
};

const headOf = ({ status, headers }: Response): Record<string, unknown> => {
  const others = [...headers].filter(([name]) => name !== 'set-cookie');
  return { statusCode: status, headers: Object.fromEntries(others), cookies: headers.getSetCookie() };
};

/** Leaving the loop by an error cancels the body, and with it what makes it. */
const send = async (body: ReadableStream<Uint8Array>, out: Writable, signal: AbortSignal): Promise<void> => {
  for await (const chunk of body) {
    signal.throwIfAborted();
    if (!out.write(chunk)) await once(out, 'drain', { signal });
  }
};
