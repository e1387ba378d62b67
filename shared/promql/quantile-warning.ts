import type { ByteRange } from './errors.ts';
import { formatGeneral } from './number-text.ts';
import type { QueryScope } from './query-scope.ts';

/** Warns once for every distinct quantile that is none. */
export const warnBadQuantile = (quantiles: Float64Array, range: ByteRange, scope: QueryScope): void => {
  for (const q of new Set(quantiles)) {
    if (!(q >= 0 && q <= 1)) scope.warn(`quantile value should be between 0 and 1, got ${formatGeneral(q)}`, range);
  }
};
