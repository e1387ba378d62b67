import type { Histogram } from '../histograms/histogram.ts';
import { type Labels, labelValue, METRIC_NAME } from '../model/labels.ts';
import type { VectorSelector } from './ast.ts';
import { PromqlExecutionError } from './errors.ts';
import { vectorValue } from './eval-value.ts';
import type { FunctionContext, FunctionImplementation, FunctionTable } from './function-context.ts';
import { infoTimes, labelMatchers } from './info-selector.ts';
import { describeLabels, keepLabels, setLabel } from './label-edit.ts';
import { compileMatcher, type Matcher } from './matcher.ts';
import { evaluateSelector } from './selector-eval.ts';
import { histogramAt, labelsKey, mergeSameLabels, newVector, putSample, type StepVector, withoutEmptyRows } from './step-vector.ts';

/** What tells which target a series is of; Prometheus has no other. */
const IDENTIFYING: ReadonlySet<string> = new Set(['instance', 'job']);

/** Every condition on each label's value. */
const allMatch = (matchers: readonly Matcher[]): ((labels: Labels) => boolean) => {
  const predicates = matchers.map((matcher) => ({ name: matcher.name, matches: compileMatcher(matcher) }));
  return (labels) => predicates.every(({ name, matches }) => matches(labelValue(labels, name)));
};

const identity = (labels: Labels): string => labelsKey(keepLabels(labels, IDENTIFYING));

/** Whether an info series has, of every identifying label that described series have, one of their values. */
const describesSome = (described: readonly Labels[]): ((info: Labels) => boolean) => {
  const known = [...IDENTIFYING].map((name) => ({ name, values: new Set(described.map((labels) => labelValue(labels, name)).filter((value) => value !== '')) }));
  const used = known.filter(({ values }) => values.size > 0);
  return (info) => used.length > 0 && used.every(({ name, values }) => values.has(labelValue(info, name)));
};

/** The info series by identity and name. */
type InfoIndex = ReadonlyMap<string, ReadonlyMap<string, readonly number[]>>;

const indexInfo = (info: StepVector, isWanted: (labels: Labels) => boolean): InfoIndex => {
  const index = new Map<string, Map<string, number[]>>();
  info.labels.forEach((labels, row) => {
    if (!isWanted(labels)) return;
    const byName = index.get(identity(labels)) ?? new Map<string, number[]>();
    index.set(identity(labels), byName);
    const name = labelValue(labels, METRIC_NAME);
    byName.set(name, [...(byName.get(name) ?? []), row]);
  });
  return index;
};

/** The newest of the info series `rows` at a step. @throws PromqlExecutionError when two are equally new. */
const newestInfo = (info: StepVector, rows: readonly number[], step: number): number | undefined => {
  let newest: number | undefined;
  const seconds = (row: number): number => info.values[row * info.steps + step] as number;
  for (const row of rows) {
    if (info.present[row * info.steps + step] === 0) continue;
    if (newest !== undefined && seconds(newest) === seconds(row)) {
      const text = (one: number): string => `${describeLabels(info.labels[one] as Labels)} @ ${Math.round(seconds(one) * 1000)}`;
      throw new PromqlExecutionError(`found duplicate series for info metric: existing ${text(newest)}, new ${text(row)}`);
    }
    if (newest === undefined || seconds(row) > seconds(newest)) newest = row;
  }
  return newest;
};

/** Which labels of info series are copied: the named ones, or all. */
type IsCopied = (name: string) => boolean;

/** `own` with the labels of its info series. @throws PromqlExecutionError when two of these contradict each other. */
const enriched = (own: Labels, infos: readonly Labels[], isCopied: IsCopied): Labels => {
  const added = new Map<string, string>();
  for (const [name, value] of infos.flat()) {
    if (name === METRIC_NAME || !isCopied(name)) continue;
    const known = added.get(name);
    if (known !== undefined && known !== value) throw new PromqlExecutionError(`conflicting label: ${name}`);
    if (labelValue(own, name) === '') added.set(name, value);
  }
  return [...added].reduce((labels, [name, value]) => setLabel(labels, name, value), own);
};

interface Enrichment {
  readonly base: StepVector;
  readonly info: StepVector;
  readonly index: InfoIndex;
  readonly isCopied: IsCopied;
  /** Series that no info series describes stay as they are. */
  readonly staysAlone: boolean;
}

/** The labels of one series at each step, undefined where it has no result; steps in a row share them. */
const labelsBySteps = (row: number, { base, info, index, isCopied, staysAlone }: Enrichment): (Labels | undefined)[] => {
  const own = base.labels[row] as Labels;
  const candidates = [...(index.get(identity(own))?.values() ?? [])];
  const known = new Map<string, Labels>();
  return Array.from({ length: base.steps }, (_, step) => {
    if (base.present[row * base.steps + step] === 0) return undefined;
    const rows = candidates.map((one) => newestInfo(info, one, step)).filter((one) => one !== undefined);
    if (rows.length === 0) return staysAlone ? own : undefined;
    const key = rows.join(',');
    const labels = known.get(key) ?? enriched(own, rows.map((one) => info.labels[one] as Labels), isCopied);
    known.set(key, labels);
    return labels;
  });
};

const sampleAt = (vector: StepVector, cell: number): number | Histogram | undefined =>
  vector.present[cell] === 0 ? undefined : (histogramAt(vector, cell) ?? (vector.values[cell] as number));

/** The cells of one series under the labels each has at its step. */
const spreadRow = (row: number, steps: readonly (Labels | undefined)[], base: StepVector, context: FunctionContext): StepVector => {
  const distinct = [...new Set(steps)].filter((labels) => labels !== undefined);
  context.scope.reserve(distinct.length * base.steps);
  const output = newVector(base.steps, distinct, distinct.map(() => base.dropName[row] as boolean));
  steps.forEach((labels, step) => {
    const sample = labels === undefined ? undefined : sampleAt(base, row * base.steps + step);
    if (labels !== undefined && sample !== undefined) putSample(output, distinct.indexOf(labels) * base.steps + step, sample);
  });
  return output;
};

const stack = (parts: readonly StepVector[], steps: number): StepVector => {
  const output = newVector(steps, parts.flatMap(({ labels }) => labels), parts.flatMap(({ dropName }) => dropName));
  let at = 0;
  for (const part of parts) {
    for (let cell = 0; cell < part.present.length; cell++) {
      const sample = sampleAt(part, cell);
      if (sample !== undefined) putSample(output, at + cell, sample);
    }
    at += part.present.length;
  }
  return output;
};

/** info(v, {…}): the labels of the info series of each series' target beside its own. */
const info: FunctionImplementation = (context) => {
  const { scope, grid } = context;
  const base = context.vector(0);
  const selector = context.expr(1) as VectorSelector;
  const times = infoTimes(context.expr(0), grid, scope);
  if ((scope.blocks.get(selector)?.histograms?.size ?? 0) > 0) throw new PromqlExecutionError('info sample should be float');
  const isInfo = allMatch(selector.matchers.filter(({ name }) => name === METRIC_NAME));
  const isIgnored = base.labels.map(isInfo);
  const described = base.labels.filter((_, row) => isIgnored[row] === false);
  const infos = evaluateSelector(selector, times, scope, 'seconds');
  const conditions = labelMatchers(selector);
  const copied = new Set(conditions.map(({ name }) => name));
  const enrichment: Enrichment = {
    base,
    info: infos,
    index: indexInfo(infos, describesSome(described)),
    isCopied: (name) => copied.size === 0 || copied.has(name),
    staysAlone: conditions.every((matcher) => compileMatcher(matcher)('')),
  };
  const rows = base.labels.map((labels, row) => {
    const steps = isIgnored[row] === true ? Array.from({ length: base.steps }, () => labels) : labelsBySteps(row, enrichment);
    return spreadRow(row, steps, base, context);
  });
  return vectorValue(mergeSameLabels(withoutEmptyRows(stack(rows, base.steps))));
};

export const INFO_FUNCTIONS: FunctionTable = { info };
