import { allBuckets, type Bucket } from './bucket-bounds.ts';
import { type Histogram, usesCustomBuckets } from './histogram.ts';

export const histogramAverage = ({ sum, count }: Histogram): number => sum / count;

/** The value that stands for all observations of a bucket: its arithmetic middle, 0, or its geometric middle. */
const valueOf = ({ lower, upper }: Bucket, isLinear: boolean): number => {
  if (isLinear) return (upper + lower) / 2;
  if (lower <= 0 && upper >= 0) return 0;
  const size = Math.sqrt(upper * lower);
  return upper < 0 ? -size : size;
};

/** The estimated population variance. (Prometheus, histogramVariance.) */
export const histogramVariance = (histogram: Histogram): number => {
  const mean = histogramAverage(histogram);
  const isLinear = usesCustomBuckets(histogram);
  let [variance, compensation] = [0, 0];
  for (const bucket of allBuckets(histogram)) {
    if (bucket.count === 0) continue;
    const delta = valueOf(bucket, isLinear) - mean;
    const value = bucket.count * delta * delta;
    const total = variance + value;
    if (Math.abs(total) === Infinity) compensation = 0;
    else compensation += Math.abs(variance) >= Math.abs(value) ? variance - total + value : value - total + variance;
    variance = total;
  }
  return (variance + compensation) / histogram.count;
};
