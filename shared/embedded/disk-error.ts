import { messageOf, UnavailableError } from '../errors.ts';

/** What a sender is told to wait: a person has to make room first. */
const RETRY_AFTER_S = 30;

/** The errno codes of a disk that refuses for now, in words. EFBIG is a process limit on file size (`ulimit -f`). */
const DISK_REFUSALS: Readonly<Record<string, string>> = {
  ENOSPC: 'no space left on the disk',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the limit on file size is reached',
  EIO: 'the disk reports an input/output error',
  EROFS: 'the disk is read-only',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open',
};

export const errnoOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** The error to throw for what node:fs threw during `operation` (`put hot/a.parquet`). */
export const diskError = (operation: string, error: unknown): Error => {
  const code = errnoOf(error);
  const refusal = code === undefined ? undefined : DISK_REFUSALS[code];
  if (refusal === undefined) return new Error(`${operation}: ${messageOf(error)}`, { cause: error });
  return new UnavailableError(`${operation}: ${refusal} (${code}), nothing is kept until it takes writes again`, RETRY_AFTER_S, { cause: error });
};
