import { PermanentError } from '../errors.ts';

/** The bytes are no file of ours: truncated, flipped or made up. Reading again gives the same. */
export class CorruptFileError extends PermanentError {
  override readonly name: string = 'CorruptFileError';

  constructor(found: string, options?: ErrorOptions) {
    super(`read parquet: ${found}`, options);
  }
}

/** A Parquet file that may be sound, but uses something this reader leaves out (FORMAT.md). */
export class UnsupportedFileError extends PermanentError {
  override readonly name: string = 'UnsupportedFileError';

  constructor(found: string) {
    super(`read parquet: ${found}`);
  }
}
