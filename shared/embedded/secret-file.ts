import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { SecretFileError } from '../channels/secret.ts';
import type { ReadSecret } from '../channels/secret.ts';

/** Systems keep the authorities that they trust in one file (Debian's ca-certificates.crt has 220 KB); nothing else is near. */
const MAX_SECRET_BYTES = 1_048_576;

/** Opening a pipe would otherwise wait for who writes to it, on one of the few threads that all files are read by. */
const AT_ONCE = constants.O_RDONLY | constants.O_NONBLOCK;

/**
 * Reads files by paths from a folder, that of the file which names them, anew each time: secrets are rotated by writing the file. All of
 * a file or nothing: of a part of a list of authorities nobody would know why some are not trusted.
 */
export const makeReadSecretFile =
  (folder: string): ReadSecret =>
  async (path) => {
    try {
      const file = await open(resolve(folder, path), AT_ONCE);
      try {
        return await readWhole(file, path);
      } finally {
        await file.close();
      }
    } catch (cause) {
      throw cause instanceof SecretFileError ? cause : new SecretFileError(path, { cause });
    }
  };

const readWhole = async (file: FileHandle, path: string): Promise<string> => {
  const stats = await file.stat();
  if (!stats.isFile()) throw new SecretFileError(path);
  if (stats.size > MAX_SECRET_BYTES) throw new SecretFileError(path, {}, `found ${stats.size} bytes in ${path}, at most ${MAX_SECRET_BYTES} are allowed`);
  // Files of the kernel say that they have no bytes.
  const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.max(stats.size, 65_536)), 0, null, 0);
  return buffer.toString('utf8', 0, bytesRead);
};
