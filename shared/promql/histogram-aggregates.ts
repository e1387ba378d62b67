import { type HistogramAccumulation, HistogramMean, HistogramSum } from '../histograms/accumulation.ts';
import { compact, type Histogram } from '../histograms/histogram.ts';
import type { Labels } from '../model/labels.ts';
import type { Accumulator } from './accumulators.ts';
import type { Aggregate } from './ast.ts';
import type { Grouping } from './grouping.ts';
import { HistogramAnnotations } from './histogram-annotations.ts';
import { HistogramMeter } from './histogram-meter.ts';
import type { QueryScope } from './query-scope.ts';
import { FLOAT, histogramAt, putHistogram, type StepVector } from './step-vector.ts';

const ACCUMULATIONS: Readonly<Record<string, new (first: Histogram) => HistogramAccumulation>> = { sum: HistogramSum, avg: HistogramMean };
const COUNTS_ALL = new Set(['count', 'group']);

/** Tells that `op` passes over the histograms of its input, when there are any. */
export const informIgnored = (op: string, range: Aggregate['range'], input: StepVector, scope: QueryScope): void => {
  if (input.histograms !== undefined && input.present.includes(2)) new HistogramAnnotations(scope, range).ignoredInAggregation(op);
};

/** Sums or means of the histograms of every cell, beside the floats that an accumulator folds. */
class HistogramCells {
  private readonly expr: Aggregate;
  private readonly output: StepVector;
  private readonly annotations: HistogramAnnotations;
  private readonly meter: HistogramMeter;
  private readonly cells: Map<number, HistogramAccumulation> = new Map();

  constructor(expr: Aggregate, output: StepVector, scope: QueryScope) {
    this.expr = expr;
    this.output = output;
    this.annotations = new HistogramAnnotations(scope, expr.expr.range);
    this.meter = new HistogramMeter(scope);
  }

  add(cell: number, histogram: Histogram, labels: Labels): void {
    const known = this.cells.get(cell);
    if (known === undefined) {
      this.meter.made(histogram);
      const Accumulation = ACCUMULATIONS[this.expr.op] as (typeof ACCUMULATIONS)[string];
      this.cells.set(cell, new Accumulation(histogram));
      return;
    }
    const before = known.incompatible;
    known.add(histogram);
    if (known.incompatible && !before) this.annotations.mixedBuckets(labels);
  }

  /** Puts the histograms into the output; a cell that has floats as well has no result. */
  finish(): void {
    for (const [cell, accumulation] of this.cells) {
      this.annotations.accumulated(accumulation);
      if (this.output.present[cell] === FLOAT) {
        this.output.present[cell] = 0;
        this.annotations.mixedAggregation();
      } else if (!accumulation.incompatible) putHistogram(this.output, cell, compact(accumulation.result()));
    }
  }
}

/** Folds an input that holds histograms into the cells of `output`; the results of floats are still to be taken from the accumulator. */
export const foldMixed = (expr: Aggregate, input: StepVector, grouping: Grouping, output: StepVector, accumulator: Accumulator, scope: QueryScope): void => {
  const { steps } = input;
  const histogramCells = Object.hasOwn(ACCUMULATIONS, expr.op) ? new HistogramCells(expr, output, scope) : undefined;
  const countsAll = COUNTS_ALL.has(expr.op);
  if (histogramCells === undefined && !countsAll) informIgnored(expr.op, expr.expr.range, input, scope);
  grouping.groupOf.forEach((group, row) => {
    scope.work(steps);
    for (let step = 0; step < steps; step++) {
      const from = row * steps + step;
      const into = group * steps + step;
      const histogram = histogramAt(input, from);
      if (input.present[from] === FLOAT || (histogram !== undefined && countsAll)) {
        accumulator.add(into, input.values[from] as number, output.present[into] === 0);
        output.present[into] = FLOAT;
      } else if (histogram !== undefined) histogramCells?.add(into, histogram, input.labels[row] as Labels);
    }
  });
  histogramCells?.finish();
};
