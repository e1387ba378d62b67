import { promisify } from 'node:util';
import { constants, gunzip, inflate, zstdDecompress } from 'node:zlib';
import { messageOf } from '../errors.ts';
import { HttpFault } from './http-fault.ts';

const inflaters = { gzip: promisify(gunzip), 'x-gzip': promisify(gunzip), deflate: promisify(inflate), zstd: promisify(zstdDecompress) };

/** 2^27 = 128 MiB would be allowed by default; no body of ours is larger than 2^25, so a larger window only wants memory. */
const ZSTD_WINDOW_LOG_MAX = 25;

export const CONTENT_ENCODINGS: readonly string[] = ['identity', ...Object.keys(inflaters)];

/**
 * Undoes the `Content-Encoding` of a body, off the event loop. zlib stops at the cap, so a bomb costs no more than that.
 * @throws HttpFault 415 for an encoding that is not known, 413 over the cap, 400 for damaged bytes.
 */
export const decodeContent = async (body: Uint8Array, encoding: string | undefined, capBytes: number): Promise<Uint8Array> => {
  const name = (encoding ?? '').trim().toLowerCase();
  if (name === '' || name === 'identity') return body;
  if (!isKnown(name)) throw new HttpFault(415, `decode body: content encoding "${name.slice(0, 40)}" found, ${CONTENT_ENCODINGS.join(', ')} allowed`);
  const params = name === 'zstd' ? { params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG_MAX } } : {};
  try {
    return await inflaters[name](body, { maxOutputLength: capBytes, ...params });
  } catch (cause) {
    if ((cause as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new HttpFault(413, `decode body: more than ${capBytes} bytes after ${name}, ${capBytes} bytes allowed`, { cause });
    }
    throw new HttpFault(400, `decode body: not valid ${name} (${messageOf(cause)})`, { cause });
  }
};

const isKnown = (name: string): name is keyof typeof inflaters => Object.hasOwn(inflaters, name);
