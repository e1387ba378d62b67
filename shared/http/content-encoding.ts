import type { Duplex } from 'node:stream';
import { constants, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { messageOf, UnavailableError } from '../errors.ts';
import { HttpFault } from './http-fault.ts';

/** 2^27 = 128 MiB would be allowed by default; no body of ours is larger than 2^25, so a larger window only wants memory. */
const ZSTD_WINDOW_LOG_MAX = 25;

const inflaters = {
  gzip: (): Duplex => createGunzip(),
  'x-gzip': (): Duplex => createGunzip(),
  deflate: (): Duplex => createInflate(),
  zstd: (): Duplex => createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG_MAX } }),
};

export const CONTENT_ENCODINGS: readonly string[] = ['identity', ...Object.keys(inflaters)];

/**
 * Undoes the `Content-Encoding` of a body, off the event loop. Every piece is announced to `take` as it comes out, which may
 * refuse it: a bomb costs no more than the cap, and many at once no more than what is left for all of them.
 * @throws HttpFault 415 for an encoding that is not known, 413 over the cap, 400 for damaged bytes; what `take` throws.
 */
export const decodeContent = async (body: Uint8Array, encoding: string, capBytes: number, take: (bytes: number) => void): Promise<Uint8Array> => {
  const name = encoding.trim().toLowerCase();
  if (name === '' || name === 'identity') return body;
  if (!isKnown(name)) throw new HttpFault(415, `decode body: content encoding "${name.slice(0, 40)}" found, ${CONTENT_ENCODINGS.join(', ')} allowed`);
  const inflater = inflaters[name]();
  inflater.end(body);
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const piece of inflater as AsyncIterable<Uint8Array>) {
      bytes += piece.length;
      if (bytes > capBytes) throw new HttpFault(413, `decode body: more than ${capBytes} bytes after ${name}, ${capBytes} bytes allowed`);
      take(piece.length);
      pieces.push(piece);
    }
  } catch (cause) {
    if (cause instanceof HttpFault || cause instanceof UnavailableError) throw cause;
    throw new HttpFault(400, `decode body: not valid ${name} (${messageOf(cause)})`, { cause });
  }
  return pieces.length === 1 ? (pieces[0] as Uint8Array) : Buffer.concat(pieces, bytes);
};

const isKnown = (name: string): name is keyof typeof inflaters => Object.hasOwn(inflaters, name);
