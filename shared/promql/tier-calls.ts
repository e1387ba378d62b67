import { KERNEL_COLUMNS, LATEST_COLUMNS, latestKernel, TIER_KERNELS, type TierKernel } from '../tiers/window.ts';
import type { BucketColumns } from '../tiers/bucket.ts';
import { absentFrom } from './absent-functions.ts';
import { type Call, type MatrixSelector, type VectorSelector, withoutParens } from './ast.ts';
import { type ByteRange, PromqlExecutionError } from './errors.ts';
import { asVector, type EvalValue, vectorValue } from './eval-value.ts';
import type { FunctionContext, FunctionImplementation } from './function-context.ts';
import type { QueryScope } from './query-scope.ts';
import { informNonCounters, KEEPS_NAME, RANGE_FUNCTIONS } from './range-functions.ts';
import type { Grid, StepVector } from './step-vector.ts';
import { type BucketQuestion, bucketQuestion, type TieredSelector, withBuckets, withoutSteps } from './tier-eval.ts';

const COUNTER_FUNCTIONS = new Set(['rate', 'increase']);
/** Asks the same of buckets as its counterpart. */
const ABSENT = 'absent_over_time';
const PRESENT = 'present_over_time';

/** The columns of buckets that a function of a range selector reads, an instant selector where there is none; undefined where buckets do not answer it. */
export const columnsOf = (name: string | undefined): readonly (keyof BucketColumns)[] | undefined =>
  name === undefined ? LATEST_COLUMNS : KERNEL_COLUMNS[name === ABSENT ? PRESENT : name];

/** The range selector among the arguments of a call. */
export const rangeArgument = (call: Call): MatrixSelector | undefined => call.args.map(withoutParens).find((arg) => arg.kind === 'matrix');

/** A call over a range selector of which buckets answer a part. */
export const callOverTiers = (context: FunctionContext, selector: MatrixSelector, tiered: TieredSelector, implementation: FunctionImplementation): EvalValue => {
  const { call, grid, scope } = context;
  const times = scope.shift(grid, selector.selector);
  const question = bucketQuestion(tiered, { times, rangeMs: selector.rangeMs, isInstant: false });
  tellWidening(question, selector.range, scope);
  if (call.name === ABSENT) {
    const present = (RANGE_FUNCTIONS[PRESENT] as FunctionImplementation)(context);
    return vectorValue(absentFrom(context, withBuckets(asVector(present), question, TIER_KERNELS[PRESENT] as TierKernel, true, scope).present));
  }
  const kernel = TIER_KERNELS[call.name];
  if (kernel === undefined) return vectorValue(rawAlone(context, question, implementation));
  const output = withBuckets(asVector(implementation(context)), question, kernel, !KEEPS_NAME.has(call.name), scope);
  if (COUNTER_FUNCTIONS.has(call.name)) informNonCounters(context, output);
  return vectorValue(output);
};

/** What buckets cannot answer is absent where raw samples do not answer either, and refused where they do nowhere. */
const rawAlone = (context: FunctionContext, { steps }: BucketQuestion, implementation: FunctionImplementation): StepVector => {
  const { call, scope } = context;
  if (steps.isTier.includes(1)) {
    const problem = `${call.name} needs raw samples, which have been replaced by buckets of ${[...steps.tiers].sort().join(' and ')}`;
    if (!steps.hasRaw) throw new PromqlExecutionError(`${problem} at every time asked for: ask for a later time, or for a function that buckets answer`);
    scope.warn(`${problem} at ${steps.isTier.filter((is) => is === 1).length} of ${steps.isTier.length} times: these have no result`, call.range);
  }
  scope.tiersRead.add('raw');
  return withoutSteps(asVector(implementation(context)), steps.isTier);
};

/** An instant selector of which buckets answer a part. `wanted` as of {@link latestKernel}. */
export const selectOverTiers = (raw: StepVector, selector: VectorSelector, grid: Grid, scope: QueryScope, tiered: TieredSelector, wanted: 'value' | 'seconds'): StepVector => {
  const { lookbackMs } = scope.limits;
  const question = bucketQuestion(tiered, { times: scope.shift(grid, selector), rangeMs: lookbackMs, isInstant: true });
  tellWidening(question, selector.range, scope);
  return withBuckets(raw, question, latestKernel(lookbackMs, wanted), false, scope);
};

const tellWidening = ({ steps: { widenedTo } }: BucketQuestion, range: ByteRange, scope: QueryScope): void => {
  if (widenedTo !== undefined) scope.info(`times and ranges are rounded to buckets of ${widenedTo}, which raw samples have been replaced by`, range);
};
