import { messageOf, PermanentError, ThrottledError, UnavailableError } from '../errors.ts';

export type FaultStatus = 400 | 401 | 403 | 404 | 405 | 413 | 415 | 422 | 429 | 500 | 503;

/** A request that is answered with an error. The message is shown to the caller, so it never holds a secret. */
export class HttpFault extends Error {
  override readonly name = 'HttpFault';
  readonly status: FaultStatus;
  readonly retryAfterS: number | undefined;

  constructor(status: FaultStatus, message: string, options: { readonly retryAfterS?: number; readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.status = status;
    this.retryAfterS = options.retryAfterS;
  }
}

/**
 * What a thrown thing means to a caller: input that can never succeed is 400, a limit 429, a missing part 503.
 * Anything else is a fault of ours: 500, whose cause stays with us.
 */
export const faultFrom = (error: unknown): HttpFault => {
  if (error instanceof HttpFault) return error;
  if (error instanceof ThrottledError) return new HttpFault(429, error.message, { retryAfterS: error.retryAfterS, cause: error });
  if (error instanceof UnavailableError) return new HttpFault(503, error.message, { retryAfterS: error.retryAfterS, cause: error });
  if (error instanceof PermanentError) return new HttpFault(400, error.message, { cause: error });
  return new HttpFault(500, `internal error: ${messageOf(error)}`, { cause: error });
};

/** `Retry-After` where the fault carries one. */
export const faultHeaders = (fault: HttpFault): Record<string, string> => ({
  ...(fault.retryAfterS === undefined ? {} : { 'Retry-After': String(Math.max(1, Math.ceil(fault.retryAfterS))) }),
  ...(fault.status === 401 ? { 'WWW-Authenticate': 'Basic realm="tidemark", Bearer realm="tidemark"' } : {}),
});
