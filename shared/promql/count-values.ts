import type { Labels } from '../model/labels.ts';
import type { Aggregate } from './ast.ts';
import { PromqlExecutionError } from './errors.ts';
import { groupLabels } from './grouping.ts';
import { formatHistogram } from './histogram-text.ts';
import { isLabelName, setLabel } from './label-edit.ts';
import { formatDecimal } from './number-text.ts';
import type { QueryScope } from './query-scope.ts';
import { quote } from './string-text.ts';
import { histogramAt, labelsKey, newVector, type StepVector } from './step-vector.ts';

const textAt = (input: StepVector, cell: number): string => {
  const histogram = histogramAt(input, cell);
  return histogram === undefined ? formatDecimal(input.values[cell] as number) : formatHistogram(histogram);
};

/**
 * count_values: one series per group and distinct value, the value standing in a label.
 * @throws PromqlExecutionError when the label has no valid name.
 */
export const countValues = (expr: Aggregate, label: string, input: StepVector, scope: QueryScope): StepVector => {
  if (!isLabelName(label)) throw new PromqlExecutionError(`invalid label name ${quote(label)}`);
  const names = new Set(expr.without ? expr.grouping : [...expr.grouping, label]);
  const { steps } = input;
  const rowOf = new Map<string, number>();
  const labels: Labels[] = [];
  const target = new Uint32Array(input.values.length);
  for (let cell = 0; cell < target.length; cell++) {
    if (input.present[cell] === 0) continue;
    const own = input.labels[Math.floor(cell / steps)] as Labels;
    const group = groupLabels(setLabel(own, label, textAt(input, cell)), names, expr.without);
    const key = labelsKey(group);
    let row = rowOf.get(key);
    if (row === undefined) {
      scope.reserve((labels.length + 1) * steps);
      rowOf.set(key, (row = labels.length));
      labels.push(group);
    }
    target[cell] = row;
  }
  const output = newVector(steps, labels, labels.map(() => false));
  for (let cell = 0; cell < target.length; cell++) {
    if (input.present[cell] === 0) continue;
    const into = (target[cell] as number) * steps + (cell % steps);
    output.values[into] = (output.values[into] as number) + 1;
    output.present[into] = 1;
  }
  return output;
};
