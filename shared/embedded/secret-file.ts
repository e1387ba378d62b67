import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { SecretFileError } from '../channels/secret.ts';
import type { ReadSecret } from '../channels/secret.ts';

/** No secret is longer. */
const MAX_SECRET_BYTES = 64 * 1024;

/** Reads files by paths from a folder, that of the file which names them; at most 64 KB of each, anew each time: secrets are rotated by writing the file. */
export const makeReadSecretFile =
  (folder: string): ReadSecret =>
  async (path) => {
    try {
      const file = await open(resolve(folder, path));
      try {
        const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_SECRET_BYTES), 0, MAX_SECRET_BYTES, 0);
        return buffer.toString('utf8', 0, bytesRead);
      } finally {
        await file.close();
      }
    } catch (cause) {
      throw new SecretFileError(path, { cause });
    }
  };
