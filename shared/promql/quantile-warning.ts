import type { ByteRange } from './errors.ts';
import { formatGeneral } from './number-text.ts';
import { extremesOf } from './param-extremes.ts';
import type { QueryScope } from './query-scope.ts';

const warn = (q: number, range: ByteRange, scope: QueryScope): void =>
  scope.warn(`quantile value should be between 0 and 1, got ${formatGeneral(q)}`, range);

/** Functions warn of every distinct quantile that is none. */
export const warnBadQuantiles = (quantiles: Iterable<number>, range: ByteRange, scope: QueryScope): void => {
  for (const q of new Set(quantiles)) if (!(q >= 0 && q <= 1)) warn(q, range, scope);
};

/** The aggregation warns of the farthest ones, once above and once below. */
export const warnFarthestQuantiles = (quantiles: Float64Array, range: ByteRange, scope: QueryScope): void => {
  const { least, most, hasNaN } = extremesOf(quantiles);
  if (hasNaN) warn(NaN, range, scope);
  if (most > 1) warn(most, range, scope);
  if (least < 0) warn(least, range, scope);
};
