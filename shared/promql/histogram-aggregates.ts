import { type HistogramAccumulation, HistogramMean, HistogramSum } from '../histograms/accumulation.ts';
import { compact, type Histogram } from '../histograms/histogram.ts';
import type { Labels } from '../model/labels.ts';
import type { Aggregate } from './ast.ts';
import type { Grouping } from './grouping.ts';
import { HistogramAnnotations } from './histogram-annotations.ts';
import { HistogramMeter } from './histogram-meter.ts';
import type { QueryScope } from './query-scope.ts';
import { FLOAT, histogramAt, putHistogram, type StepVector } from './step-vector.ts';

const ACCUMULATIONS: Readonly<Record<string, new (first: Histogram) => HistogramAccumulation>> = { sum: HistogramSum, avg: HistogramMean };

/** Tells that `op` passes over the histograms of its input, when there are any. */
export const informIgnored = (op: string, range: Aggregate['range'], input: StepVector, scope: QueryScope): void => {
  if (input.histograms !== undefined && input.present.includes(2)) new HistogramAnnotations(scope, range).ignoredInAggregation(op);
};

/** Sums or means of the histograms of every cell, beside the floats that an accumulator has folded. */
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

/** Folds the histograms of the input into the cells of `output`, which has its floats; most aggregations pass over them. */
export const foldHistograms = (expr: Aggregate, input: StepVector, grouping: Grouping, output: StepVector, scope: QueryScope): void => {
  if (!Object.hasOwn(ACCUMULATIONS, expr.op)) {
    informIgnored(expr.op, expr.expr.range, input, scope);
    return;
  }
  const { steps } = input;
  const histogramCells = new HistogramCells(expr, output, scope);
  grouping.groupOf.forEach((group, row) => {
    scope.work(steps);
    for (let step = 0; step < steps; step++) {
      const histogram = histogramAt(input, row * steps + step);
      if (histogram !== undefined) histogramCells.add(group * steps + step, histogram, input.labels[row] as Labels);
    }
  });
  histogramCells.finish();
};
