import type { Labels } from '../model/labels.ts';
import type { VectorMatching } from './ast.ts';
import { copyHistograms, newVector, type StepVector } from './step-vector.ts';

/** The series of both sides that find each other. */
interface Group {
  readonly many: readonly number[];
  readonly one: readonly number[];
}

/** 1 at every step at which one of `rows` has a value. */
const presence = (vector: StepVector, rows: readonly number[]): Uint8Array => {
  const present = new Uint8Array(vector.steps);
  for (const row of rows) {
    for (let step = 0; step < vector.steps; step++) if (vector.present[row * vector.steps + step] !== 0) present[step] = 1;
  }
  return present;
};

/** 1 where the group has a value there but none here. */
const lacks = (here: Uint8Array, there: Uint8Array): Uint8Array => there.map((present, step) => (present === 1 && here[step] === 0 ? 1 : 0));

const isAny = ({ present }: { readonly present: Uint8Array }): boolean => present.includes(1);

/** `vector` and below it one series per entry of `added`, of `value` wherever its `present` says. */
const withRows = (vector: StepVector, added: readonly { readonly labels: Labels; readonly present: Uint8Array }[], value: number): StepVector => {
  const { steps } = vector;
  const output = newVector(steps, [...vector.labels, ...added.map(({ labels }) => labels)], [...vector.dropName, ...added.map(() => false)]);
  output.values.fill(value);
  output.values.set(vector.values);
  output.present.set(vector.present);
  copyHistograms(vector, 0, vector.present.length, output, 0);
  added.forEach(({ present }, i) => output.present.set(present, (vector.labels.length + i) * steps));
  return output;
};

/**
 * Both sides with a series of the fill value wherever a group has a value on the other side alone. `partOf` gives the labels
 * by which series match. The fill of the left operand goes to the "many" side even when that stands right (group_right),
 * as in Prometheus.
 */
export const fillMissing = (
  groups: readonly Group[],
  { many, one }: { readonly many: StepVector; readonly one: StepVector },
  { fillLeft, fillRight }: VectorMatching,
  partOf: (labels: Labels) => Labels,
): { readonly many: StepVector; readonly one: StepVector } => {
  const missing = groups.map((group) => {
    const [hasMany, hasOne] = [presence(many, group.many), presence(one, group.one)];
    const own = group.many.length > 0 ? many.labels[group.many[0] as number] : one.labels[group.one[0] as number];
    const labels = partOf(own as Labels);
    return { many: { labels, present: lacks(hasMany, hasOne) }, one: { labels, present: lacks(hasOne, hasMany) } };
  });
  return {
    many: fillLeft === undefined ? many : withRows(many, missing.map((entry) => entry.many).filter(isAny), fillLeft),
    one: fillRight === undefined ? one : withRows(one, missing.map((entry) => entry.one).filter(isAny), fillRight),
  };
};
