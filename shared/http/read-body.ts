import { HttpFault } from './http-fault.ts';

/**
 * The whole body, as it came over the wire. Stops reading at the cap, so that a sender cannot make us hold more than that.
 * @throws HttpFault 413 naming the cap, 400 for a body that breaks off.
 */
export const readBody = async (request: Request, capBytes: number): Promise<Uint8Array> => {
  const announced = Number(request.headers.get('content-length') ?? 0);
  if (announced > capBytes) throw tooLarge(`${announced} bytes announced`, capBytes);
  if (request.body === null) return new Uint8Array(0);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const reader = (request.body as ReadableStream<Uint8Array>).getReader();
  try {
    for (let step = await reader.read(); !step.done; step = await reader.read()) {
      bytes += step.value.length;
      if (bytes > capBytes) throw tooLarge(`more than ${capBytes} bytes sent`, capBytes);
      chunks.push(step.value);
    }
  } catch (cause) {
    // Without the cancel the rest of the body would still be read into the connection's buffer.
    reader.cancel().catch(() => undefined);
    throw cause instanceof HttpFault ? cause : new HttpFault(400, 'read body: the connection broke off before its end', { cause });
  }
  return chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks, bytes);
};

const tooLarge = (found: string, capBytes: number): HttpFault => new HttpFault(413, `read body: ${found}, ${capBytes} bytes allowed`);
