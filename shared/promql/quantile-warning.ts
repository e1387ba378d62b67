import type { ByteRange } from './errors.ts';
import { formatGeneral } from './number-text.ts';
import { extremesOf } from './param-extremes.ts';
import type { QueryScope } from './query-scope.ts';

/** Warns of the farthest quantiles that are none, once above and once below. */
export const warnBadQuantile = (quantiles: Float64Array, range: ByteRange, scope: QueryScope): void => {
  const { least, most, hasNaN } = extremesOf(quantiles);
  const warn = (q: number): void => scope.warn(`quantile value should be between 0 and 1, got ${formatGeneral(q)}`, range);
  if (hasNaN) warn(NaN);
  if (most > 1) warn(most);
  if (least < 0) warn(least);
};
