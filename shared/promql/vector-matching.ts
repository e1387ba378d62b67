import { type Labels, METRIC_NAME } from '../model/labels.ts';
import type { Binary, VectorMatching } from './ast.ts';
import { type CellOperator, cellOperator } from './arithmetic.ts';
import { PromqlExecutionError } from './errors.ts';
import { fillMissing } from './fill-missing.ts';
import { histogramOperator, type Sample, type SampleOperator } from './histogram-operators.ts';
import { describeLabels, dropLabels, keepLabels, setLabel, withoutName } from './label-edit.ts';
import type { QueryScope } from './query-scope.ts';
import { HISTOGRAM, histogramAt, labelsKey, mergeSameLabels, newVector, putSample, type StepVector, withoutEmptyRows } from './step-vector.ts';

/** The part of a label set by which series find their partners. Type and unit belong to it, the name does not. */
const matchedPart = (labels: Labels, on: boolean, names: ReadonlySet<string>): Labels =>
  on ? keepLabels(labels, names) : labels.filter(([name]) => !names.has(name) && name !== METRIC_NAME);

/** The signature of every series as a small number; equal numbers match. `numbers` is shared by both sides. */
export const signatures = (vector: StepVector, matching: VectorMatching, numbers: Map<string, number>): Int32Array => {
  const names = new Set(matching.labels);
  return Int32Array.from(vector.labels, (labels) => {
    const key = labelsKey(matchedPart(labels, matching.on, names));
    let number = numbers.get(key);
    if (number === undefined) numbers.set(key, (number = numbers.size));
    return number;
  });
};

interface Group {
  readonly many: number[];
  readonly one: number[];
}

interface Sides {
  readonly many: StepVector;
  readonly one: StepVector;
  /** The "one" side stands left of the operator (group_right). */
  readonly swapped: boolean;
}

const groupsOf = ({ many, one }: Sides, matching: VectorMatching): Group[] => {
  const numbers = new Map<string, number>();
  const manyOf = signatures(many, matching, numbers);
  const oneOf = signatures(one, matching, numbers);
  const groups = Array.from({ length: numbers.size }, (): Group => ({ many: [], one: [] }));
  manyOf.forEach((group, row) => (groups[group] as Group).many.push(row));
  oneOf.forEach((group, row) => (groups[group] as Group).one.push(row));
  return groups;
};

/** The rows of `rows` that have a value at `step`, at most two. */
const twoPresent = (vector: StepVector, rows: readonly number[], step: number): number[] => {
  const found: number[] = [];
  for (const row of rows) {
    if (vector.present[row * vector.steps + step] !== 0 && found.push(row) === 2) break;
  }
  return found;
};

/** Which steps have any value at all: at the others Prometheus does not look for duplicates. */
const anyPresent = (vector: StepVector): Uint8Array => {
  const any = new Uint8Array(vector.steps);
  for (let cell = 0; cell < vector.present.length; cell++) if (vector.present[cell] !== 0) any[cell % vector.steps] = 1;
  return any;
};

/** @throws PromqlExecutionError when the "one" side has two series of a group at the same step. */
const refuseDuplicates = (groups: readonly Group[], sides: Sides, matching: VectorMatching): void => {
  if (groups.every((group) => group.one.length < 2)) return;
  const manyAny = anyPresent(sides.many);
  for (const { one } of groups) {
    for (let step = 0; one.length > 1 && step < manyAny.length; step++) {
      const [first, second] = manyAny[step] === 1 ? twoPresent(sides.one, one, step) : [];
      if (first === undefined || second === undefined) continue;
      const labels = (row: number): Labels => sides.one.labels[row] as Labels;
      throw new PromqlExecutionError(
        `found duplicate series for the match group ${describeLabels(matchedPart(labels(second), matching.on, new Set(matching.labels)))} on the ` +
          `${sides.swapped ? 'left' : 'right'} hand-side of the operation: [${describeLabels(labels(second))}, ${describeLabels(labels(first))}]` +
          ';many-to-many matching not allowed: matching labels must be unique on one side',
      );
    }
  }
};

/** @throws PromqlExecutionError when one-to-one matching meets several series of a group on the left at the same step. */
const refuseManyToOne = (groups: readonly Group[], { many, one }: Sides): void => {
  for (const group of groups) {
    if (group.many.length < 2 || group.one.length === 0) continue;
    for (let step = 0; step < many.steps; step++) {
      if (twoPresent(one, group.one, step).length > 0 && twoPresent(many, group.many, step).length > 1) {
        throw new PromqlExecutionError('multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)');
      }
    }
  }
};

interface Pair {
  readonly many: number;
  readonly one: number;
  readonly labels: Labels;
}

const resultLabels = (many: Labels, one: Labels, op: CellOperator, matching: VectorMatching, names: ReadonlySet<string>): Labels => {
  let labels = op.isArithmetic ? withoutName(many) : many;
  if (matching.card === 'one-to-one') {
    labels = matching.on ? keepLabels(labels, names) : dropLabels(labels, names);
  }
  for (const name of matching.include) labels = setLabel(labels, name, one.find(([key]) => key === name)?.[1] ?? '');
  return labels;
};

/** @throws PromqlExecutionError when two pairs of a group would give the same series at the same step. */
const refuseSameResult = (pairs: readonly Pair[], { many, one }: Sides): void => {
  if (pairs.length < 2) return;
  const byLabels = Map.groupBy(pairs, (pair) => labelsKey(pair.labels));
  for (const same of byLabels.values()) {
    const taken = new Uint8Array(same.length > 1 ? many.steps : 0);
    for (const pair of same.length > 1 ? same : []) {
      for (let step = 0; step < many.steps; step++) {
        if (many.present[pair.many * many.steps + step] === 0 || one.present[pair.one * many.steps + step] === 0) continue;
        if (taken[step] === 1) throw new PromqlExecutionError('multiple matches for labels: grouping labels must ensure unique matches');
        taken[step] = 1;
      }
    }
  }
};

/** Series that replaced each other meet in many combinations, most of which share no step. */
const overlap = (group: Group, many: number, one: number, sides: Sides): boolean => {
  if (group.one.length === 1) return true;
  const { steps } = sides.many;
  for (let step = 0; step < steps; step++) {
    if (sides.many.present[many * steps + step] !== 0 && sides.one.present[one * steps + step] !== 0) return true;
  }
  return false;
};

const pairsOf = (groups: readonly Group[], sides: Sides, op: CellOperator, matching: VectorMatching, scope: QueryScope): Pair[] => {
  const pairs: Pair[] = [];
  const names = new Set(matching.labels);
  for (const group of groups) {
    const own: Pair[] = [];
    for (const many of group.many) {
      scope.work(group.one.length * sides.many.steps);
      for (const one of group.one) {
        if (!overlap(group, many, one, sides)) continue;
        const labels = resultLabels(sides.many.labels[many] as Labels, sides.one.labels[one] as Labels, op, matching, names);
        own.push({ many, one, labels });
      }
    }
    if (matching.card !== 'one-to-one') refuseSameResult(own, sides);
    for (const pair of own) pairs.push(pair);
  }
  return pairs;
};

const sampleAt = (vector: StepVector, cell: number): Sample => histogramAt(vector, cell) ?? (vector.values[cell] as number);

const fillRow = (output: StepVector, row: number, pair: Pair, sides: Sides, op: CellOperator, apply: SampleOperator): void => {
  const { many, one, swapped } = sides;
  const { steps } = output;
  for (let step = 0; step < steps; step++) {
    const manyCell = pair.many * steps + step;
    const oneCell = pair.one * steps + step;
    if (many.present[manyCell] === 0 || one.present[oneCell] === 0) continue;
    if (op.isForHistograms || many.present[manyCell] === HISTOGRAM || one.present[oneCell] === HISTOGRAM) {
      const [manySample, oneSample] = [sampleAt(many, manyCell), sampleAt(one, oneCell)];
      const result = swapped ? apply(oneSample, manySample) : apply(manySample, oneSample);
      if (result !== undefined) putSample(output, row * steps + step, result);
      continue;
    }
    const left = (swapped ? one.values[oneCell] : many.values[manyCell]) as number;
    const right = (swapped ? many.values[manyCell] : one.values[oneCell]) as number;
    if (!op.keep(left, right)) continue;
    output.values[row * steps + step] = op.value(left, right);
    output.present[row * steps + step] = 1;
  }
};

/** Both sides, `fill` values among them. */
const filledSides = (sides: Sides, matching: VectorMatching, scope: QueryScope): Sides => {
  if (matching.fillLeft === undefined && matching.fillRight === undefined) return sides;
  const names = new Set(matching.labels);
  scope.reserve(2 * (sides.many.values.length + sides.one.values.length));
  return { ...sides, ...fillMissing(groupsOf(sides, matching), sides, matching, (labels) => matchedPart(labels, matching.on, names)) };
};

/** Arithmetic and comparison between two vectors. */
export const matchVectors = (expr: Binary, lhs: StepVector, rhs: StepVector, scope: QueryScope): StepVector => {
  const { matching } = expr;
  const swapped = matching.card === 'one-to-many';
  const sides = filledSides(swapped ? { many: rhs, one: lhs, swapped } : { many: lhs, one: rhs, swapped }, matching, scope);
  const op = cellOperator(expr.op, expr.returnBool);
  const groups = groupsOf(sides, matching);
  refuseDuplicates(groups, sides, matching);
  if (matching.card === 'one-to-one') refuseManyToOne(groups, sides);
  const pairs = pairsOf(groups, sides, op, matching, scope);
  scope.reserve(pairs.length * lhs.steps);
  const output = newVector(
    lhs.steps,
    pairs.map((pair) => pair.labels),
    pairs.map((pair) => expr.returnBool || (op.isFilter && sides.many.dropName[pair.many] === true)),
  );
  const apply = histogramOperator(expr, scope);
  pairs.forEach((pair, row) => fillRow(output, row, pair, sides, op, apply));
  return mergeSameLabels(withoutEmptyRows(output));
};
