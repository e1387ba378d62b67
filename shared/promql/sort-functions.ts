import { type Labels, labelValue } from '../model/labels.ts';
import { PromqlExecutionError } from './errors.ts';
import { vectorValue } from './eval-value.ts';
import type { FunctionContext, FunctionImplementation, FunctionTable } from './function-context.ts';
import { isLabelName } from './label-edit.ts';
import { compareNaturally } from './natural-order.ts';
import { compareLabels, FLOAT, floatPresence, pickRows } from './step-vector.ts';
import { quote } from './string-text.ts';

const warnIneffective = ({ scope, call }: FunctionContext): void =>
  scope.warn('sort is ineffective for range queries since results are always ordered by labels', call.range);

/** Orders an instant result by value, NaN last either way. Over a range it has no effect, as results are ordered by labels. */
const sortBy = (sign: 1 | -1): FunctionImplementation => (context) => {
  const input = context.vector(0);
  if (!context.scope.isInstant) {
    warnIneffective(context);
    return vectorValue({ ...input, present: floatPresence(input) });
  }
  if (input.steps !== 1) return vectorValue({ ...input, present: floatPresence(input) });
  const rows = Array.from(input.labels.keys()).filter((row) => input.present[row] === FLOAT).sort((a, b) => {
    const [x, y] = [input.values[a] as number, input.values[b] as number];
    if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
    return x === y ? 0 : sign * (x < y ? -1 : 1);
  });
  return vectorValue(pickRows(input, rows));
};

/** Orders an instant result by the named labels as people count, then by all labels. */
const sortByLabel = (sign: 1 | -1): FunctionImplementation => (context) => {
  const input = context.vector(0);
  const names = context.call.args.slice(1).map((_, i) => context.text(i + 1));
  const bad = names.find((name) => !isLabelName(name));
  if (bad !== undefined) throw new PromqlExecutionError(`invalid label name in ${context.call.name}(): ${quote(bad).slice(1, -1)}`);
  if (!context.scope.isInstant) warnIneffective(context);
  if (input.steps !== 1) return vectorValue(input);
  const compare = (a: Labels, b: Labels): number => {
    for (const name of names) {
      const order = compareNaturally(labelValue(a, name), labelValue(b, name));
      if (order !== 0) return order;
    }
    return compareLabels(a, b);
  };
  const rows = Array.from(input.labels.keys()).sort((a, b) => sign * compare(input.labels[a] as Labels, input.labels[b] as Labels));
  return vectorValue(pickRows(input, rows));
};

export const SORT_FUNCTIONS: FunctionTable = { sort: sortBy(1), sort_desc: sortBy(-1), sort_by_label: sortByLabel(1), sort_by_label_desc: sortByLabel(-1) };
