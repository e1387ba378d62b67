import type { Labels } from '../model/labels.ts';
import type { BucketColumns } from '../tiers/bucket.ts';
import { slideBuckets, type TierKernel } from '../tiers/window.ts';
import { joinBuckets, rollUpBlock } from './bucket-blocks.ts';
import type { QueryScope } from './query-scope.ts';
import type { SeriesBlock } from './series-source.ts';
import { compareLabels, type Grid, labelsKey, newVector, pickRows, type StepVector, withoutEmptyRows } from './step-vector.ts';
import type { BucketBlock, TieredBlock } from './tier-source.ts';
import { commonUnitMs, type TierSteps, tierSteps } from './tier-steps.ts';

/** What a selector reads of a time of which samples are not all that answers. */
export interface TieredSelector {
  readonly block: TieredBlock;
  readonly columns: readonly (keyof BucketColumns)[];
}

/** How buckets answer the windows of a selector. */
export interface BucketQuestion {
  readonly tiered: TieredSelector;
  /** The times of the selector's windows; each looks back for `rangeMs`. */
  readonly times: Grid;
  readonly rangeMs: number;
  /** Whether it is an instant selector, and `rangeMs` its lookback. */
  readonly isInstant: boolean;
  readonly steps: TierSteps;
}

export const bucketQuestion = (tiered: TieredSelector, asked: Omit<BucketQuestion, 'tiered' | 'steps'>): BucketQuestion => ({
  ...asked,
  tiered,
  steps: tierSteps(tiered.block.segments, asked.times, asked.rangeMs, asked.isInstant),
});

/** The steps that buckets answer by `kernel`, those of `raw` elsewhere. Sorted by labels, `dropName` the same for all. */
export const withBuckets = (raw: StepVector, question: BucketQuestion, kernel: TierKernel, dropName: boolean, scope: QueryScope): StepVector => {
  const { isTier, tiers } = question.steps;
  for (const tier of tiers) scope.tiersRead.add(tier);
  if (question.tiered.block.raw.tMs.length > 0) scope.tiersRead.add('raw');
  if (!isTier.includes(1)) return raw;
  const answered = overBuckets(question, kernel, dropName, scope);
  return joinSteps(withoutSteps(raw, isTier), answered);
};

const overBuckets = (question: BucketQuestion, kernel: TierKernel, dropName: boolean, scope: QueryScope): StepVector => {
  const { times, steps } = question;
  const tier = bucketsOf(question, scope);
  scope.reserve(tier.labels.length * times.steps);
  const output = newVector(times.steps, [...tier.labels], tier.labels.map(() => dropName));
  const windows = { tier, fromMs: steps.fromMs, endMs: steps.endMs, isAsked: steps.isTier };
  const work = (rows: number): void => scope.work(rows);
  for (let series = 0; series < tier.labels.length; series++) {
    scope.work(times.steps);
    slideBuckets(windows, series, kernel, { values: output.values, present: output.present, at: series * times.steps, work });
  }
  return withoutEmptyRows(output);
};

/** The columns of a bucket take the memory of so many samples of 16 bytes. */
const BUCKET_SAMPLES = 6;

/** The buckets that are stored, and those of the raw samples that a window shares with them. */
const bucketsOf = ({ tiered, times, rangeMs, steps }: BucketQuestion, scope: QueryScope): BucketBlock => {
  const { block, columns } = tiered;
  let fromMs = Infinity;
  let endMs = -Infinity;
  for (let step = 0; step < times.steps; step++) {
    if (steps.isTier[step] === 0) continue;
    fromMs = Math.min(fromMs, steps.fromMs[step] as number);
    endMs = Math.max(endMs, steps.endMs[step] as number);
  }
  const unitMs = commonUnitMs(times, rangeMs);
  scope.reserve(BUCKET_SAMPLES * mostBuckets(block.raw, unitMs));
  return joinBuckets(block.buckets, rollUpBlock(block.raw, unitMs, fromMs, endMs), columns);
};

/** No more buckets than samples, and than the time from the first sample of a series to its last one has. */
const mostBuckets = ({ labels, offsets, tMs }: SeriesBlock, bucketMs: number): number =>
  labels.reduce((sum, _, k) => {
    const [from, to] = [offsets[k] as number, offsets[k + 1] as number];
    return sum + (from === to ? 0 : Math.min(to - from, Math.floor(((tMs[to - 1] as number) - (tMs[from] as number)) / bucketMs) + 2));
  }, 0);

/** Without values at the steps marked. */
export const withoutSteps = (input: StepVector, marked: Uint8Array): StepVector => {
  const { steps } = input;
  const present = input.present.map((is, cell) => (marked[cell % steps] === 1 ? 0 : is));
  return withoutEmptyRows({ ...input, present });
};

/** Two vectors, neither of which has a value where the other has one, as one, sorted by labels. */
const joinSteps = (a: StepVector, b: StepVector): StepVector => {
  if (a.labels.length === 0) return b;
  if (b.labels.length === 0) return a;
  const rowOf = new Map(a.labels.map((labels, row) => [labelsKey(labels), row]));
  const targets = b.labels.map((labels) => rowOf.get(labelsKey(labels)));
  const added = b.labels.flatMap((_, row) => (targets[row] === undefined ? [row] : []));
  const { steps } = a;
  const output = newVector(steps, [...a.labels, ...added.map((row) => b.labels[row] as Labels)], [...a.dropName, ...added.map((row) => b.dropName[row] as boolean)]);
  output.values.set(a.values);
  output.present.set(a.present);
  let next = a.labels.length;
  targets.forEach((target, row) => {
    const into = (target ?? next++) * steps;
    for (let step = 0; step < steps; step++) {
      const from = row * steps + step;
      if (b.present[from] === 0) continue;
      output.values[into + step] = b.values[from] as number;
      output.present[into + step] = b.present[from] as number;
    }
  });
  const joined = a.histograms === undefined ? output : { ...output, histograms: a.histograms };
  const order = Array.from(joined.labels.keys()).sort((x, y) => compareLabels(joined.labels[x] as Labels, joined.labels[y] as Labels));
  return pickRows(joined, order);
};
