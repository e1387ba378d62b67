/** Byte positions in the query text, 0-based. */
export interface ByteRange {
  readonly start: number; // inclusive
  readonly end: number; // exclusive
}

/**
 * The query is not PromQL: syntax, types, or a bad regex (HTTP 400 `bad_data`).
 * The message starts with `line:col: parse error: ` as Prometheus prints it, both 1-based and counted in bytes.
 */
export class PromqlParseError extends Error {
  override readonly name = 'PromqlParseError';
  /** Undefined when the query as a whole is refused. */
  readonly range: ByteRange | undefined;

  constructor(message: string, range?: ByteRange) {
    super(message);
    this.range = range;
  }
}

/** The query is valid but its evaluation has no answer (HTTP 422 `execution`). */
export class PromqlExecutionError extends Error {
  override readonly name: string = 'PromqlExecutionError';
}

/** The query needs more than it is allowed (HTTP 422 `execution`, as in Prometheus). */
export class PromqlLimitError extends PromqlExecutionError {
  override readonly name = 'PromqlLimitError';
}

/** In Prometheus' words, and what to do about it. */
export const tooManySamples = (maxSamples: number): PromqlLimitError =>
  new PromqlLimitError(
    `query processing would load too many samples into memory in query execution: at most ${maxSamples} are held at a time; ask for fewer series or a shorter time, or for buckets by resolution=auto`,
  );

/** `line:col` of a byte position, both 1-based, the column in bytes. */
export const linePosition = (query: string, bytePosition: number): string => {
  const before = Buffer.from(query, 'utf8').subarray(0, bytePosition);
  let line = 1;
  let lineStart = 0;
  for (let i = before.indexOf(10); i !== -1; i = before.indexOf(10, i + 1)) {
    line++;
    lineStart = i + 1;
  }
  return `${line}:${bytePosition - lineStart + 1}`;
};

/** The error of `query` at `range`, in Prometheus' words. */
export const parseErrorAt = (query: string, range: ByteRange, problem: string): PromqlParseError =>
  new PromqlParseError(`${linePosition(query, range.start)}: parse error: ${problem}`, range);
