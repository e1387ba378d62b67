import { request } from 'node:http';
import { text } from 'node:stream/consumers';

export interface UrlAnswer {
  readonly status: number;
  readonly body: string;
}

export interface UrlRequest {
  readonly method?: 'GET' | 'POST';
  readonly key?: string;
  readonly body?: string;
}

const ANSWER_MS = 30_000;

/** Calls a function by its URL: on AWS by DNS, on an emulator by the Host header, since nobody resolves the name. */
export const callUrl = async (url: string, path: string, { method = 'GET', key, body }: UrlRequest = {}): Promise<UrlAnswer> => {
  const headers = { ...(key === undefined ? {} : { authorization: `Bearer ${key}` }), ...(body === undefined ? {} : { 'content-type': 'text/plain' }) };
  const endpoint = process.env['AWS_ENDPOINT_URL'];
  if (endpoint !== undefined) return viaHost(new URL(endpoint), new URL(url).hostname, path, method, headers, body);
  const response = await fetch(new URL(path, url), { method, headers, ...(body === undefined ? {} : { body }), signal: AbortSignal.timeout(ANSWER_MS) });
  return { status: response.status, body: await response.text() };
};

const viaHost = (
  { hostname, port }: URL,
  functionHost: string,
  path: string,
  method: string,
  headers: Record<string, string>,
  body: string | undefined,
): Promise<UrlAnswer> =>
  new Promise((resolve, reject) => {
    // Both emulators know a function's URL by the first label of its host.
    const host = `${functionHost.split('.')[0] ?? ''}.lambda-url.us-east-1.localhost:${port}`;
    const call = request({ hostname, port, path, method, headers: { ...headers, host }, timeout: ANSWER_MS }, (response) => {
      text(response).then((answer) => resolve({ status: response.statusCode ?? 0, body: answer }), reject);
    });
    call.once('timeout', () => call.destroy(new Error(`call ${path}: found no answer within ${ANSWER_MS} ms`)));
    call.once('error', reject).end(body);
  });
