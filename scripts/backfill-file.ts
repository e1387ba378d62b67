import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { BackfillFile } from '../shared/commands/backfill.ts';
import { messageOf, PermanentError } from '../shared/errors.ts';

/** @throws PermanentError for what is not there, or is no file. */
export const backfillFile = async (file: string): Promise<BackfillFile> => {
  const about = await stat(file).catch((cause: unknown) => {
    throw new PermanentError(`read ${file}: ${(cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : messageOf(cause)}`, { cause });
  });
  if (about.isDirectory()) throw new PermanentError(`read ${file}: found a folder, files allowed`);
  return {
    file,
    bytes: about.size,
    open: () => createReadStream(file, { highWaterMark: 256 * 1024 }),
    openParquet: async function* (columns) {
      // Loaded when it is asked for: the engine takes longer to load than all the rest.
      const { readParquetSamples } = await import('../shared/embedded/parquet-samples.ts');
      yield* readParquetSamples(file, columns);
    },
  };
};
