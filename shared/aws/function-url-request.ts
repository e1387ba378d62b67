import type { LambdaFunctionURLEvent } from 'aws-lambda';

/** A request that came to a function URL (payload format 2.0), as any HTTP server would give it to an app. */
export const functionUrlRequest = (event: LambdaFunctionURLEvent, signal: AbortSignal): Request => {
  const { domainName, http } = event.requestContext;
  const query = event.rawQueryString === '' ? '' : `?${event.rawQueryString}`;
  const body = hasBody(http.method) ? bodyOf(event) : undefined;
  return new Request(`https://${domainName}${event.rawPath}${query}`, { method: http.method, headers: headersOf(event), signal, ...(body === undefined ? {} : { body }) });
};

/** What comes with these has no meaning (RFC 9110, 9.3.1), and Request takes none. */
const hasBody = (method: string): boolean => method !== 'GET' && method !== 'HEAD';

const bodyOf = ({ body, isBase64Encoded }: LambdaFunctionURLEvent): Uint8Array<ArrayBuffer> | undefined =>
  body === undefined ? undefined : new Uint8Array(Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8'));

/** Lambda decodes header fields as UTF-8; Headers takes bytes, as they were on the wire. */
const headersOf = (event: LambdaFunctionURLEvent): Headers => {
  const headers = new Headers();
  for (const [name, value] of Object.entries(event.headers)) {
    if (value !== undefined) headers.set(name, Buffer.from(value, 'utf8').toString('latin1'));
  }
  return headers;
};
