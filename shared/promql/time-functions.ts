import { withoutParens } from './ast.ts';
import { vectorValue } from './eval-value.ts';
import type { FunctionContext, FunctionImplementation, FunctionTable } from './function-context.ts';
import type { QueryScope } from './query-scope.ts';
import { evaluateSelector, latestSamples } from './selector-eval.ts';
import { anyPresence, floatPresence, newLike, newVector, type StepVector, timeAt } from './step-vector.ts';

const DAY_MS = 86_400_000;

const evaluationTimes = (context: FunctionContext): Float64Array =>
  Float64Array.from({ length: context.grid.steps }, (_, step) => timeAt(context.grid, step) / 1000);

/** The argument, or `vector(time())` when there is none. */
const argumentOrTime = (context: FunctionContext): StepVector => {
  if (context.has(0)) return context.vector(0);
  const output = newVector(context.grid.steps, [[]], [false]);
  output.values.set(evaluationTimes(context));
  output.present.fill(1);
  return output;
};

/** A part of the UTC calendar of a time in seconds, which is cut to whole seconds. NaN outside of the years Date knows. */
const datePart = (part: (date: Date) => number): FunctionImplementation => (context) => {
  const input = argumentOrTime(context);
  const output = newLike(input, true);
  for (let cell = 0; cell < input.values.length; cell++) {
    if (input.present[cell] === 1) output.values[cell] = part(new Date(Math.trunc(input.values[cell] as number) * 1000));
  }
  output.present.set(floatPresence(input));
  return vectorValue(output);
};

const dayOfYear = (date: Date): number => Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / DAY_MS) + 1;
// Day 0 of the next month is the last of this one.
const daysInMonth = (date: Date): number => new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();

/** The time of the sample itself for a plain selector, the evaluation time for anything else. */
const timestamp: FunctionImplementation = (context) => {
  const inner = withoutParens(context.expr(0));
  if (inner.kind === 'selector') {
    const times = evaluateSelector(inner, context.grid, context.scope, 'seconds');
    return vectorValue({ ...times, dropName: times.labels.map(() => true) });
  }
  const input = context.vector(0);
  const output = newLike(input, true);
  const times = evaluationTimes(context);
  for (let row = 0; row < input.labels.length; row++) output.values.set(times, row * input.steps);
  output.present.set(anyPresence(input));
  return vectorValue(output);
};

/** When the counter of each sample began, 0 when unknown; of an expression nothing is known. */
const startTimestamp: FunctionImplementation = (context) => {
  const inner = withoutParens(context.expr(0));
  if (inner.kind !== 'selector') return vectorValue(newVector(context.grid.steps, [], []));
  const starts = latestSamples(inner, context.grid, context.scope, 'start');
  return vectorValue({ ...starts, dropName: starts.labels.map(() => true) });
};

/** A time of the whole query in seconds, the same at every step. */
const queryTime = (ofScope: (scope: QueryScope) => number): FunctionImplementation => ({ grid, scope }) => ({
  type: 'scalar',
  values: new Float64Array(grid.steps).fill(ofScope(scope) / 1000),
});

export const TIME_FUNCTIONS: FunctionTable = {
  minute: datePart((date) => date.getUTCMinutes()),
  hour: datePart((date) => date.getUTCHours()),
  day_of_week: datePart((date) => date.getUTCDay()),
  day_of_month: datePart((date) => date.getUTCDate()),
  day_of_year: datePart(dayOfYear),
  days_in_month: datePart(daysInMonth),
  month: datePart((date) => date.getUTCMonth() + 1),
  year: datePart((date) => date.getUTCFullYear()),
  timestamp,
  start_timestamp: startTimestamp,
  start: queryTime(({ startMs }) => startMs),
  end: queryTime(({ endMs }) => endMs),
  step: queryTime(({ stepMs }) => stepMs),
  range: queryTime(({ startMs, endMs }) => endMs - startMs),
};
