import type { Labels } from '../model/labels.ts';
import { ACCUMULATORS, type Accumulator, foldRow } from './accumulators.ts';
import { evaluateAggregate } from './aggregate-eval.ts';
import type { Aggregate, AggregateOp, Expr, VectorSelector } from './ast.ts';
import { asScalar, asVector, vectorValue } from './eval-value.ts';
import { evaluate } from './evaluator.ts';
import { groupSeries } from './grouping.ts';
import { limitSeries } from './limit-series.ts';
import type { QueryScope } from './query-scope.ts';
import { rankable } from './rank-series.ts';
import type { SeriesBlock } from './series-source.ts';
import { type Grid, joinRows, labelsKey, newVector, type StepVector } from './step-vector.ts';

/** What an aggregation keeps of the batches that it has seen. */
interface Folding {
  add(input: StepVector): void;
  finish(): StepVector;
}

interface Group {
  readonly labels: Labels;
  /** As that of every other batch: all series pass through the same functions. */
  readonly dropName: boolean;
  readonly accumulator: Accumulator;
  readonly present: Uint8Array;
}

/**
 * The aggregation over the batches of its selector, of which one at a time is in memory: the same to the bit as over one block, since
 * each group takes its series in the same order. Undefined where there are histograms: these are folded with all series at hand.
 */
export const foldBatches = async (expr: Aggregate, selector: VectorSelector, batches: AsyncIterable<SeriesBlock>, grid: Grid, scope: QueryScope): Promise<StepVector | undefined> => {
  const newAccumulator = ACCUMULATORS[expr.op];
  const folding = newAccumulator === undefined ? gathering(expr, grid, scope) : summing(expr, grid, newAccumulator, scope);
  for await (const block of batches) {
    if (block.histograms !== undefined) return undefined;
    scope.limits.check();
    scope.load(block.tMs.length);
    scope.blocks.set(selector, block);
    folding.add(asVector(evaluate(expr.expr, grid, scope)));
    scope.blocks.delete(selector);
    scope.release(block.tMs.length);
  }
  return folding.finish();
};

/** Keeps a cell for each group and step. */
const summing = (expr: Aggregate, { steps }: Grid, newAccumulator: (cells: number) => Accumulator, scope: QueryScope): Folding => {
  const groups = new Map<string, Group>();
  return { add: (input) => addBatch(expr, input, groups, newAccumulator, scope), finish: () => finish([...groups.values()], steps) };
};

/** Keeps the series that the result needs: all of them for quantile and count_values. */
const gathering = (expr: Aggregate, grid: Grid, scope: QueryScope): Folding => {
  const param = evaluate(expr.param as Expr, grid, scope);
  const narrow = NARROWINGS[expr.op];
  let parts: StepVector[] = [];
  return {
    add(input) {
      parts.push(input);
      if (narrow !== undefined) parts = [narrow(expr, asScalar(param), joinRows(grid.steps, parts), scope)];
      scope.reserve(parts.reduce((sum, { values }) => sum + values.length, 0));
    },
    finish: () => evaluateAggregate(expr, param, vectorValue(joinRows(grid.steps, parts)), scope),
  };
};

type Narrow = (expr: Aggregate, param: Float64Array, input: StepVector, scope: QueryScope) => StepVector;

/** Those of which a part of the series gives the same result, with whatever follows them. */
const NARROWINGS: Partial<Readonly<Record<AggregateOp, Narrow>>> = { topk: rankable, bottomk: rankable, limitk: limitSeries, limit_ratio: limitSeries };

const addBatch = (expr: Aggregate, input: StepVector, groups: Map<string, Group>, newAccumulator: (cells: number) => Accumulator, scope: QueryScope): void => {
  const { steps } = input;
  const { groupOf, labels, dropName } = groupSeries(expr, input);
  const targets = labels.map((set, g): Group => {
    const key = labelsKey(set);
    let group = groups.get(key);
    if (group === undefined) {
      scope.reserve((groups.size + 1) * steps);
      groups.set(key, (group = { labels: set, dropName: dropName[g] as boolean, accumulator: newAccumulator(steps), present: new Uint8Array(steps) }));
    }
    return group;
  });
  groupOf.forEach((g, row) => {
    const { accumulator, present } = targets[g] as Group;
    scope.work(steps);
    foldRow(accumulator, input, row * steps, present, 0);
  });
};

const finish = (groups: readonly Group[], steps: number): StepVector => {
  const output = newVector(steps, groups.map(({ labels }) => labels), groups.map(({ dropName }) => dropName));
  groups.forEach(({ accumulator, present }, g) => {
    output.present.set(present, g * steps);
    for (let step = 0; step < steps; step++) if (present[step] === 1) output.values[g * steps + step] = accumulator.result(step);
  });
  return output;
};
