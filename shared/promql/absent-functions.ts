import { type Labels, makeLabels, METRIC_NAME } from '../model/labels.ts';
import { type Expr, withoutParens } from './ast.ts';
import { vectorValue } from './eval-value.ts';
import type { FunctionContext, FunctionImplementation, FunctionTable } from './function-context.ts';
import { newVector, type StepVector } from './step-vector.ts';
import { WindowBounds } from './windows.ts';

/**
 * The labels the absent series would have: the first `=` matcher of a label gives it, any later matcher of that label takes it
 * back (Prometheus' createLabelsForAbsentFunction). Of other expressions nothing is known.
 */
const labelsOfAbsent = (argument: Expr): Labels => {
  const expr = withoutParens(argument);
  const selector = expr.kind === 'matrix' ? expr.selector : expr;
  if (selector.kind !== 'selector') return [];
  const known = new Map<string, string>();
  const given = new Set<string>();
  for (const { name, op, value } of selector.matchers) {
    if (name === METRIC_NAME) continue;
    if (op === '=' && !given.has(name)) {
      given.add(name);
      known.set(name, value);
    } else known.delete(name);
  }
  return makeLabels([...known]);
};

/** 1 at every step at which `present` is 0 for all series. */
const oneWhereAbsent = (labels: Labels, present: Uint8Array, steps: number, dropName: boolean): StepVector => {
  const output = newVector(steps, [labels], [dropName]);
  output.values.fill(1);
  output.present.fill(1);
  for (let cell = 0; cell < present.length; cell++) if (present[cell] !== 0) output.present[cell % steps] = 0;
  return output;
};

/**
 * The answer of an absence function whose argument has the cells `present`, of any number of series. As the other functions
 * of a range do, absent_over_time() drops type and unit; absent() does not.
 */
export const absentFrom = (context: FunctionContext, present: Uint8Array): StepVector =>
  oneWhereAbsent(labelsOfAbsent(context.expr(0)), present, context.grid.steps, context.call.name === 'absent_over_time');

const absent: FunctionImplementation = (context) => vectorValue(absentFrom(context, context.vector(0).present));

const absentOverTime: FunctionImplementation = (context) => {
  const { tMs, offsets, labels, ...times } = context.windows(0);
  const { steps } = context.grid;
  const present = new Uint8Array(steps);
  const bounds = new WindowBounds(times);
  for (let series = 0; series < labels.length; series++) {
    const [begin, end] = [offsets[series] as number, offsets[series + 1] as number];
    context.scope.work(steps + end - begin);
    bounds.find(tMs, begin, end);
    for (let step = 0; step < steps; step++) if (bounds.from[step] !== bounds.to[step]) present[step] = 1;
  }
  return vectorValue(absentFrom(context, present));
};

export const ABSENT_FUNCTIONS: FunctionTable = { absent, absent_over_time: absentOverTime };
