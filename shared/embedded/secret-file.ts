import { open } from 'node:fs/promises';
import { SecretFileError } from '../channels/secret.ts';
import type { ReadSecret } from '../channels/secret.ts';

/** No secret is longer. */
const MAX_SECRET_BYTES = 64 * 1024;

/** The text of a file, at most 64 KB of it, read anew each time: secrets are rotated by writing the file. */
export const readSecretFile: ReadSecret = async (path) => {
  try {
    const file = await open(path);
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
