/** The input can never succeed: do not retry. Anything else that is thrown may be retried. */
export class PermanentError extends Error {
  override readonly name: string = 'PermanentError';
}

/** A part we need (stream, store, disk) refuses for now. `retryAfterS` is what the sender is told. */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError';
  readonly retryAfterS: number;

  constructor(message: string, retryAfterS: number, options?: ErrorOptions) {
    super(message, options);
    this.retryAfterS = retryAfterS;
  }
}

/** The sender is over a limit of ours: HTTP 429 with `Retry-After`. */
export class ThrottledError extends Error {
  override readonly name = 'ThrottledError';
  readonly retryAfterS: number;

  constructor(message: string, retryAfterS: number, options?: ErrorOptions) {
    super(message, options);
    this.retryAfterS = retryAfterS;
  }
}

/** The message of anything that was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
