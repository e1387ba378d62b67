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

  reset(sum = 0, compensation = 0): void {
    this.sum = sum;
    this.compensation = compensation;
  }
}

/** A mean by compensated sum, which turns into an incremental mean when the sum would overflow. */
export class KahanMean {
  private readonly kahan = new KahanSum();
  private count = 0;
  private incremental = false;

  reset(): void {
    this.kahan.reset();
    this.count = 0;
    this.incremental = false;
  }

  add(value: number): void {
    const { kahan } = this;
    this.count++;
    if (this.count === 1) {
      kahan.reset(value);
      return;
    }
    if (!this.incremental) {
      const { sum, compensation } = kahan;
      kahan.add(value);
      if (kahan.sum !== Infinity && kahan.sum !== -Infinity) return;
      this.incremental = true;
      kahan.reset(sum / (this.count - 1), compensation / (this.count - 1));
    }
    const weight = (this.count - 1) / this.count;
    kahan.reset(kahan.sum * weight, kahan.compensation * weight);
    kahan.add(value / this.count);
  }

  get mean(): number {
    const { sum, compensation, total } = this.kahan;
    return this.incremental ? total : sum / this.count + compensation / this.count;
  }
}
