import { type Labels, METRIC_NAME } from '../model/labels.ts';
import type { Aggregate } from './ast.ts';
import { keepLabels } from './label-edit.ts';
import { labelsKey, type StepVector } from './step-vector.ts';

const NO_LABELS: Labels = [];

/** What `by` or `without` leaves of a label set. */
export const groupLabels = (labels: Labels, names: ReadonlySet<string>, without: boolean): Labels => {
  if (without) return labels.filter(([name]) => !names.has(name) && name !== METRIC_NAME);
  return names.size === 0 ? NO_LABELS : keepLabels(labels, names);
};

export interface Grouping {
  /** The group of every series, numbered in order of appearance. */
  readonly groupOf: Int32Array;
  readonly labels: Labels[];
  /** Of a group, when one of its series is to lose its name. */
  readonly dropName: boolean[];
}

export const groupSeries = (expr: Aggregate, input: StepVector): Grouping => {
  const names = new Set(expr.grouping);
  const numbers = new Map<string, number>();
  const labels: Labels[] = [];
  const dropName: boolean[] = [];
  const groupOf = Int32Array.from(input.labels, (set, row) => {
    const own = groupLabels(set, names, expr.without);
    const key = labelsKey(own);
    const known = numbers.get(key);
    if (known !== undefined) {
      dropName[known] ||= input.dropName[row] as boolean;
      return known;
    }
    numbers.set(key, labels.length);
    labels.push(own);
    dropName.push(input.dropName[row] as boolean);
    return labels.length - 1;
  });
  return { groupOf, labels, dropName };
};

/** The series of every group, in input order. */
export const rowsByGroup = ({ groupOf, labels }: Grouping): number[][] => {
  const rows = labels.map((): number[] => []);
  groupOf.forEach((group, row) => (rows[group] as number[]).push(row));
  return rows;
};
