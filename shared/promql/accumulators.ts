import type { AggregateOp } from './ast.ts';
import { FLOAT, type StepVector } from './step-vector.ts';

/** Folds values into cells, one cell per group and step. */
export interface Accumulator {
  /** Folds the values `begin` to `end` (exclusive) into as many cells from `cell` on: a run, since calls cost more than additions. */
  add(cell: number, values: Float64Array, begin: number, end: number): void;
  /** Of a cell that has got a value. */
  result(cell: number): number;
}

/** Folds the floats of the row of `input` whose cells begin at `from` into the cells from `into` on, and marks these in `filled`. */
export const foldRow = (accumulator: Accumulator, { steps, values, present }: Pick<StepVector, 'steps' | 'values' | 'present'>, from: number, filled: Uint8Array, into: number): void => {
  const end = from + steps;
  for (let begin = from; begin < end; begin++) {
    if (present[begin] !== FLOAT) continue;
    let after = begin + 1;
    while (after < end && present[after] === FLOAT) after++;
    const cell = into + begin - from;
    accumulator.add(cell, values, begin, after);
    filled.fill(FLOAT, cell, cell + after - begin);
    begin = after;
  }
};

/** Neumaier's compensation, dropped when the sum overflows (Prometheus' kahansum.Inc). */
const compensate = (compensation: number, sum: number, total: number, value: number): number => {
  if (total === Infinity || total === -Infinity) return 0;
  return compensation + (Math.abs(sum) >= Math.abs(value) ? sum - total + value : value - total + sum);
};

class SumAccumulator implements Accumulator {
  private readonly sums: Float64Array;
  private readonly compensations: Float64Array;

  constructor(cells: number) {
    // To which -0 adds as -0, as Prometheus starts from the first value.
    this.sums = new Float64Array(cells).fill(-0);
    this.compensations = new Float64Array(cells);
  }

  add(cell: number, values: Float64Array, begin: number, end: number): void {
    const { sums, compensations } = this;
    for (let i = begin, at = cell; i < end; i++, at++) {
      const value = values[i] as number;
      const sum = sums[at] as number;
      const total = sum + value;
      sums[at] = total;
      compensations[at] = compensate(compensations[at] as number, sum, total, value);
    }
  }

  result(cell: number): number {
    const compensation = this.compensations[cell] as number;
    return compensation === 0 ? (this.sums[cell] as number) : (this.sums[cell] as number) + compensation;
  }
}

/** A mean by compensated sum; a cell whose sum would overflow goes on as an incremental mean. */
class AverageAccumulator implements Accumulator {
  /** Sums, or means of the incremental cells. */
  private readonly sums: Float64Array;
  private readonly compensations: Float64Array;
  private readonly counts: Uint32Array;
  private readonly incremental: Uint8Array;

  constructor(cells: number) {
    this.sums = new Float64Array(cells);
    this.compensations = new Float64Array(cells);
    this.counts = new Uint32Array(cells);
    this.incremental = new Uint8Array(cells);
  }

  add(cell: number, values: Float64Array, begin: number, end: number): void {
    for (let i = begin; i < end; i++) this.addOne(cell + i - begin, values[i] as number);
  }

  private addOne(cell: number, value: number): void {
    const count = (this.counts[cell] as number) + 1;
    this.counts[cell] = count;
    if (count === 1) {
      this.sums[cell] = value;
      return;
    }
    let sum = this.sums[cell] as number;
    let compensation = this.compensations[cell] as number;
    if (this.incremental[cell] === 0) {
      const total = sum + value;
      if (total !== Infinity && total !== -Infinity) {
        this.sums[cell] = total;
        this.compensations[cell] = compensate(compensation, sum, total, value);
        return;
      }
      this.incremental[cell] = 1;
      sum /= count - 1;
      compensation /= count - 1;
    }
    const weight = (count - 1) / count;
    const mean = sum * weight + value / count;
    this.compensations[cell] = compensate(compensation * weight, sum * weight, mean, value / count);
    this.sums[cell] = mean;
  }

  result(cell: number): number {
    const sum = this.sums[cell] as number;
    const compensation = this.compensations[cell] as number;
    if (this.incremental[cell] === 1) return sum + compensation;
    const count = this.counts[cell] as number;
    return sum / count + compensation / count;
  }
}

/** Least or greatest; NaN only when there is nothing else. */
class ExtremeAccumulator implements Accumulator {
  private readonly values: Float64Array;
  private readonly sign: 1 | -1;

  constructor(cells: number, sign: 1 | -1) {
    this.values = new Float64Array(cells).fill(NaN);
    this.sign = sign;
  }

  add(cell: number, values: Float64Array, begin: number, end: number): void {
    for (let i = begin, at = cell; i < end; i++, at++) {
      const known = this.values[at] as number;
      const value = values[i] as number;
      if (Number.isNaN(known) || this.sign * known > this.sign * value) this.values[at] = value;
    }
  }

  result(cell: number): number {
    return this.values[cell] as number;
  }
}

class CountAccumulator implements Accumulator {
  private readonly counts: Uint32Array;

  constructor(cells: number) {
    this.counts = new Uint32Array(cells);
  }

  add(cell: number, _values: Float64Array, begin: number, end: number): void {
    for (let at = cell; at < cell + end - begin; at++) this.counts[at] = (this.counts[at] as number) + 1;
  }

  result(cell: number): number {
    return this.counts[cell] as number;
  }
}

const GROUP: Accumulator = { add: () => undefined, result: () => 1 };

/** Population variance by Welford's method; any infinite or NaN value makes it NaN. */
class VarianceAccumulator implements Accumulator {
  private readonly counts: Uint32Array;
  private readonly means: Float64Array;
  private readonly squares: Float64Array;
  private readonly isDeviation: boolean;

  constructor(cells: number, isDeviation: boolean) {
    this.counts = new Uint32Array(cells);
    this.means = new Float64Array(cells);
    this.squares = new Float64Array(cells);
    this.isDeviation = isDeviation;
  }

  add(cell: number, values: Float64Array, begin: number, end: number): void {
    for (let i = begin; i < end; i++) this.addOne(cell + i - begin, values[i] as number);
  }

  private addOne(cell: number, value: number): void {
    const count = (this.counts[cell] as number) + 1;
    this.counts[cell] = count;
    const mean = this.means[cell] as number;
    const next = count === 1 ? value : mean + (value - mean) / count;
    this.means[cell] = next;
    if (!Number.isFinite(value)) this.squares[cell] = NaN;
    else if (count > 1) this.squares[cell] = (this.squares[cell] as number) + (value - mean) * (value - next);
  }

  result(cell: number): number {
    const variance = (this.squares[cell] as number) / (this.counts[cell] as number);
    return this.isDeviation ? Math.sqrt(variance) : variance;
  }
}

/** The aggregations that see one value after the other. */
export const ACCUMULATORS: Partial<Readonly<Record<AggregateOp, (cells: number) => Accumulator>>> = {
  sum: (cells) => new SumAccumulator(cells),
  avg: (cells) => new AverageAccumulator(cells),
  min: (cells) => new ExtremeAccumulator(cells, 1),
  max: (cells) => new ExtremeAccumulator(cells, -1),
  count: (cells) => new CountAccumulator(cells),
  group: () => GROUP,
  stddev: (cells) => new VarianceAccumulator(cells, true),
  stdvar: (cells) => new VarianceAccumulator(cells, false),
};
