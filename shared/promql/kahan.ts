/**
 * A sum with Neumaier's compensation, in the form Prometheus uses: the compensation is dropped when the sum overflows,
 * so that an infinite sum stays infinite instead of becoming NaN.
 */
export class KahanSum {
  sum: number;
  compensation: number;

  constructor(sum = 0, compensation = 0) {
    this.sum = sum;
    this.compensation = compensation;
  }

  add(value: number): void {
    const { sum } = this;
    const total = sum + value;
    if (total === Infinity || total === -Infinity) this.compensation = 0;
    else if (Math.abs(sum) >= Math.abs(value)) this.compensation += sum - total + value;
    else this.compensation += value - total + sum;
    this.sum = total;
  }

  get total(): number {
    return this.sum + this.compensation;
  }

  reset(sum: number, compensation: number): void {
    this.sum = sum;
    this.compensation = compensation;
  }
}

/** The mean of the values `from` to `to` (exclusive, not empty) by compensated sum, which turns into an incremental mean where the sum would overflow. */
export const meanOf = (values: Float64Array, from: number, to: number): number => {
  const kahan = new KahanSum(values[from]);
  for (let i = from + 1; i < to; i++) {
    const { sum, compensation } = kahan;
    kahan.add(values[i] as number);
    if (kahan.sum === Infinity || kahan.sum === -Infinity) return incrementalMean(values, from, i, to, new KahanSum(sum / (i - from), compensation / (i - from)));
  }
  const count = to - from;
  return kahan.sum / count + kahan.compensation / count;
};

/** `mean` is that of the values `from` to `at`. */
const incrementalMean = (values: Float64Array, from: number, at: number, to: number, mean: KahanSum): number => {
  for (let i = at; i < to; i++) {
    const count = i - from + 1;
    const weight = (count - 1) / count;
    mean.reset(mean.sum * weight, mean.compensation * weight);
    mean.add((values[i] as number) / count);
  }
  return mean.total;
};
