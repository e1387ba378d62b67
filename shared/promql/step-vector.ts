import type { Histogram } from '../histograms/histogram.ts';
import type { LabelPair, Labels } from '../model/labels.ts';
import { compareUtf8 } from '../model/utf8.ts';
import { PromqlExecutionError } from './errors.ts';
import { withoutName } from './label-edit.ts';

/** The evaluation times of an expression: `startMs`, `startMs + stepMs`, … One time has `stepMs` 0. */
export interface Grid {
  readonly startMs: number;
  readonly stepMs: number;
  readonly steps: number;
}

export const timeAt = (grid: Grid, step: number): number => grid.startMs + step * grid.stepMs;

/**
 * An instant vector at every step of a grid. The cell of series i at step s is `i * steps + s`.
 * Absence is `present` 0, never NaN, which is a value like any other; 1 is a float, 2 a histogram. So what looks for
 * `present` 1 passes over histograms, and queries over floats pay nothing for them.
 */
export interface StepVector {
  readonly steps: number;
  readonly labels: Labels[];
  /** The metric name is to be removed from the result; until then matchers, grouping and label functions still see it. */
  readonly dropName: boolean[];
  readonly values: Float64Array;
  readonly present: Uint8Array;
  /** The histograms of the cells whose `present` is 2; entries of other cells mean nothing. */
  histograms?: Map<number, Histogram>;
}

export const FLOAT = 1;
export const HISTOGRAM = 2;

/** The histogram of a cell; undefined when it is empty or holds a float. */
export const histogramAt = (vector: StepVector, cell: number): Histogram | undefined =>
  vector.present[cell] === HISTOGRAM ? vector.histograms?.get(cell) : undefined;

export const putHistogram = (vector: StepVector, cell: number, histogram: Histogram): void => {
  vector.present[cell] = HISTOGRAM;
  (vector.histograms ??= new Map()).set(cell, histogram);
};

/** Puts a float or a histogram into a cell. */
export const putSample = (vector: StepVector, cell: number, sample: number | Histogram): void => {
  if (typeof sample !== 'number') {
    putHistogram(vector, cell, sample);
    return;
  }
  vector.present[cell] = FLOAT;
  vector.values[cell] = sample;
};

/** Copies a cell of `source`, whatever it holds. */
const copyCell = (source: StepVector, from: number, target: StepVector, into: number): void => {
  target.present[into] = source.present[from] as number;
  target.values[into] = source.values[from] as number;
  const histogram = histogramAt(source, from);
  if (histogram !== undefined) putHistogram(target, into, histogram);
};

/** `present` with 1 for floats and 0 for all else. */
export const floatPresence = ({ present, histograms }: StepVector): Uint8Array =>
  histograms === undefined ? present : present.map((kind) => (kind === FLOAT ? FLOAT : 0));

/** `present` with 1 for floats and histograms alike. */
export const anyPresence = ({ present, histograms }: StepVector): Uint8Array =>
  histograms === undefined ? present : present.map((kind) => (kind === 0 ? 0 : FLOAT));

/** Copies the histograms of `source`, whose cells from `from` to `to` go to those from `into` on. `present` is copied already. */
export const copyHistograms = (source: StepVector, from: number, to: number, target: StepVector, into: number): void => {
  if (source.histograms === undefined) return;
  for (let cell = from; cell < to; cell++) {
    const histogram = histogramAt(source, cell);
    if (histogram !== undefined) putHistogram(target, into + cell - from, histogram);
  }
};

export const newVector = (steps: number, labels: Labels[], dropName: boolean[]): StepVector => ({
  steps,
  labels,
  dropName,
  values: new Float64Array(labels.length * steps),
  present: new Uint8Array(labels.length * steps),
});

/** A vector like `input` whose cells are still empty. */
export const newLike = (input: StepVector, dropName?: boolean): StepVector =>
  newVector(input.steps, [...input.labels], dropName === undefined ? [...input.dropName] : input.labels.map(() => dropName));

/** One text per label set: lengths before the texts, so that no two sets share one. */
export const labelsKey = (labels: Labels): string => {
  let key = '';
  for (const [name, value] of labels) key += `${name.length}:${name}${value.length}:${value}`;
  return key;
};

/** Label sets in the order of Prometheus: pair by pair, the shorter one first. */
export const compareLabels = (a: Labels, b: Labels): number => {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [nameA, valueA] = a[i] as LabelPair;
    const [nameB, valueB] = b[i] as LabelPair;
    const order = compareUtf8(nameA, nameB) || compareUtf8(valueA, valueB);
    if (order !== 0) return order;
  }
  return a.length - b.length;
};

/** The series at `rows`, in that order. */
export const pickRows = (input: StepVector, rows: readonly number[]): StepVector => {
  const { steps } = input;
  const output = newVector(
    steps,
    rows.map((row) => input.labels[row] as Labels),
    rows.map((row) => input.dropName[row] as boolean),
  );
  rows.forEach((row, i) => {
    output.values.set(input.values.subarray(row * steps, (row + 1) * steps), i * steps);
    output.present.set(input.present.subarray(row * steps, (row + 1) * steps), i * steps);
    copyHistograms(input, row * steps, (row + 1) * steps, output, i * steps);
  });
  return output;
};

/** The series of all vectors, which are distinct, one after the other. */
export const joinRows = (steps: number, vectors: readonly StepVector[]): StepVector => {
  const [only] = vectors;
  if (only !== undefined && vectors.length === 1) return only;
  const output = newVector(steps, vectors.flatMap(({ labels }) => labels), vectors.flatMap(({ dropName }) => dropName));
  let cell = 0;
  for (const { values, present } of vectors) {
    output.values.set(values, cell);
    output.present.set(present, cell);
    cell += values.length;
  }
  return output;
};

/** Without the series that have no value at any step. */
export const withoutEmptyRows = (input: StepVector): StepVector => {
  const rows: number[] = [];
  for (let row = 0; row < input.labels.length; row++) {
    if (hasAny(input, row)) rows.push(row);
  }
  return rows.length === input.labels.length ? input : pickRows(input, rows);
};

const hasAny = (input: StepVector, row: number): boolean => {
  const end = (row + 1) * input.steps;
  for (let cell = row * input.steps; cell < end; cell++) if (input.present[cell] !== 0) return true;
  return false;
};

const SAME_LABELSET = 'vector cannot contain metrics with the same labelset';

const mergeRow = (target: StepVector, row: number, source: StepVector, from: number): void => {
  for (let step = 0; step < source.steps; step++) {
    const cell = from * source.steps + step;
    if (source.present[cell] === 0) continue;
    const into = row * source.steps + step;
    if (target.present[into] !== 0) throw new PromqlExecutionError(SAME_LABELSET);
    copyCell(source, cell, target, into);
  }
};

/**
 * Series that came to share a label set become one.
 * @throws PromqlExecutionError when two of them have a value at the same step.
 */
export const mergeSameLabels = (input: StepVector): StepVector => {
  const rowOf = new Map<string, number>();
  const rows: number[] = [];
  const targets = input.labels.map((labels, i) => {
    const key = `${input.dropName[i] === true ? '-' : '+'}${labelsKey(labels)}`;
    const known = rowOf.get(key);
    if (known !== undefined) return known;
    rowOf.set(key, rows.length);
    rows.push(i);
    return rows.length - 1;
  });
  if (rows.length === input.labels.length) return input;
  const output = newVector(
    input.steps,
    rows.map((row) => input.labels[row] as Labels),
    rows.map((row) => input.dropName[row] as boolean),
  );
  targets.forEach((target, i) => mergeRow(output, target, input, i));
  return output;
};

/**
 * Carries out the name removals, the last act of an evaluation. Series whose names stay are distinct already: storage
 * gives each once, and every operation that changes labels merges.
 */
export const dropNames = (input: StepVector): StepVector => {
  if (!input.dropName.includes(true)) return input;
  const labels = input.labels.map((set, i) => (input.dropName[i] === true ? withoutName(set) : set));
  return mergeSameLabels({ ...input, labels, dropName: labels.map(() => false) });
};

/** The one step of `input` repeated over `steps`. */
export const repeatSteps = (input: StepVector, steps: number): StepVector => {
  const output = newVector(steps, input.labels, input.dropName);
  for (let row = 0; row < input.labels.length; row++) {
    output.values.fill(input.values[row] as number, row * steps, (row + 1) * steps);
    output.present.fill(input.present[row] as number, row * steps, (row + 1) * steps);
    const histogram = histogramAt(input, row);
    if (histogram === undefined) continue;
    for (let step = 0; step < steps; step++) putHistogram(output, row * steps + step, histogram);
  }
  return output;
};
