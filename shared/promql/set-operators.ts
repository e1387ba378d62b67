import type { Binary } from './ast.ts';
import type { QueryScope } from './query-scope.ts';
import { copyHistograms, mergeSameLabels, newVector, pickRows, type StepVector, withoutEmptyRows } from './step-vector.ts';
import { signatures } from './vector-matching.ts';

/** presence[group * steps + step] = some series of the group has a value there. */
const groupPresence = (vector: StepVector, groups: Int32Array, count: number): Uint8Array => {
  const { steps } = vector;
  const presence = new Uint8Array(count * steps);
  groups.forEach((group, row) => {
    for (let step = 0; step < steps; step++) {
      if (vector.present[row * steps + step] !== 0) presence[group * steps + step] = 1;
    }
  });
  return presence;
};

/** The cells of `vector` whose group is present (`wanted` 1) or absent (0) on the other side. */
const filterByGroup = (vector: StepVector, groups: Int32Array, presence: Uint8Array, wanted: 0 | 1): StepVector => {
  const output = pickRows(vector, Array.from(vector.labels.keys()));
  const { steps } = vector;
  groups.forEach((group, row) => {
    for (let step = 0; step < steps; step++) {
      if (presence[group * steps + step] !== wanted) output.present[row * steps + step] = 0;
    }
  });
  return withoutEmptyRows(output);
};

const concatenate = (a: StepVector, b: StepVector): StepVector => {
  const output = newVector(a.steps, [...a.labels, ...b.labels], [...a.dropName, ...b.dropName]);
  output.values.set(a.values);
  output.values.set(b.values, a.values.length);
  output.present.set(a.present);
  output.present.set(b.present, a.present.length);
  copyHistograms(a, 0, a.present.length, output, 0);
  copyHistograms(b, 0, b.present.length, output, a.present.length);
  return output;
};

/** and, or, unless: by signature alone, values do not matter. */
export const combineSets = (expr: Binary, lhs: StepVector, rhs: StepVector, scope: QueryScope): StepVector => {
  const numbers = new Map<string, number>();
  const left = signatures(lhs, expr.matching, numbers);
  const right = signatures(rhs, expr.matching, numbers);
  scope.reserve((lhs.labels.length + rhs.labels.length + 2 * numbers.size) * lhs.steps);
  if (expr.op !== 'or') return filterByGroup(lhs, left, groupPresence(rhs, right, numbers.size), expr.op === 'and' ? 1 : 0);
  const added = filterByGroup(rhs, right, groupPresence(lhs, left, numbers.size), 0);
  return mergeSameLabels(concatenate(lhs, added));
};
