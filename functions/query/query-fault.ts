import { faultFrom, HttpFault, type FaultStatus } from '../../shared/http/http-fault.ts';
import { PromqlExecutionError } from '../../shared/promql/errors.ts';

/** Prometheus' error types (web/api/v1, errorType). */
export type ErrorType = 'bad_data' | 'canceled' | 'execution' | 'forbidden' | 'internal' | 'not_found' | 'timeout' | 'unauthorized' | 'unavailable';

/** A fault whose error type its status does not tell: 503 is `timeout` or `unavailable`. */
export class QueryFault extends HttpFault {
  readonly errorType: ErrorType;

  constructor(status: FaultStatus, errorType: ErrorType, message: string, options: { readonly cause?: unknown } = {}) {
    super(status, message, options);
    this.errorType = errorType;
  }
}

const ERROR_TYPES: Readonly<Record<FaultStatus, ErrorType>> = {
  400: 'bad_data',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
  405: 'bad_data',
  413: 'bad_data',
  415: 'bad_data',
  422: 'execution',
  429: 'unavailable',
  500: 'internal',
  503: 'unavailable',
};

/** What a thrown thing means to a caller of this API: what has no answer, or asks for too much, is 422. */
export const queryFaultFrom = (error: unknown): HttpFault =>
  error instanceof PromqlExecutionError ? new HttpFault(422, error.message, { cause: error }) : faultFrom(error);

export const errorTypeOf = (fault: HttpFault): ErrorType => (fault instanceof QueryFault ? fault.errorType : ERROR_TYPES[fault.status]);
