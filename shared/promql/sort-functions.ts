import { vectorValue } from './eval-value.ts';
import type { FunctionImplementation, FunctionTable } from './function-context.ts';
import { FLOAT, floatPresence, pickRows } from './step-vector.ts';

/** Orders an instant result by value, NaN last either way. Over a range it has no effect, as results are ordered by labels. */
const sortBy = (sign: 1 | -1): FunctionImplementation => (context) => {
  const input = context.vector(0);
  if (!context.scope.isInstant) {
    context.scope.warn('sort is ineffective for range queries since results are always ordered by labels', context.call.range);
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

export const SORT_FUNCTIONS: FunctionTable = { sort: sortBy(1), sort_desc: sortBy(-1) };
