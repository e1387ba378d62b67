/**
 * The q-quantile by linear interpolation between ranks; sorts `values` in place. NaN sorts lowest, as in Prometheus.
 */
export const quantileOf = (q: number, values: Float64Array): number => {
  const count = values.length;
  if (count === 0 || Number.isNaN(q)) return NaN;
  if (q < 0) return -Infinity;
  if (q > 1) return Infinity;
  values.sort();
  // A typed array sorts NaN last: rank r of "NaN first" is position r − nans from the front.
  let nans = 0;
  while (nans < count && Number.isNaN(values[count - 1 - nans])) nans++;
  const at = (rank: number): number => (rank < nans ? NaN : (values[rank - nans] as number));
  const rank = q * (count - 1);
  const lower = Math.max(0, Math.floor(rank));
  const upper = Math.min(count - 1, lower + 1);
  const weight = rank - Math.floor(rank);
  return at(lower) * (1 - weight) + at(upper) * weight;
};
