import type { Labels } from '../model/labels.ts';
import { ACCUMULATORS, type Accumulator, foldRow } from './accumulators.ts';
import type { Aggregate, VectorSelector } from './ast.ts';
import { asVector } from './eval-value.ts';
import { evaluate } from './evaluator.ts';
import { groupSeries } from './grouping.ts';
import type { QueryScope } from './query-scope.ts';
import type { SeriesBlock } from './series-source.ts';
import { type Grid, labelsKey, newVector, type StepVector } from './step-vector.ts';

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
  const newAccumulator = ACCUMULATORS[expr.op] as NonNullable<(typeof ACCUMULATORS)[typeof expr.op]>;
  const groups = new Map<string, Group>();
  for await (const block of batches) {
    if (block.histograms !== undefined) return undefined;
    scope.limits.check();
    scope.load(block.tMs.length);
    scope.blocks.set(selector, block);
    addBatch(expr, asVector(evaluate(expr.expr, grid, scope)), groups, newAccumulator, scope);
    scope.blocks.delete(selector);
    scope.release(block.tMs.length);
  }
  return finish([...groups.values()], grid.steps);
};

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
