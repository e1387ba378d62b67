import { messageOf } from '../errors.ts';
import { formatDurationMs } from '../model/duration.ts';
import { formatLabels, labelsToJson } from '../model/labels.ts';
import type { Labels } from '../model/labels.ts';
import { formatHistogram } from '../promql/histogram-text.ts';
import { formatShortestExponent } from '../rules/go-format.ts';
import type { RuleGroup } from '../rules/rule-group.ts';
import type { AlertTest, ExpectedAlert, ExpectedSample, ExprTest, RuleTest } from '../rules/unit-tests/test-file.ts';
import { TestRun } from './test-run.ts';

/** Slots of one test: ten years of minutes are five times as many, and would run for an hour. */
const MAX_SLOTS = 1_000_000;

/** Relative: what the last bits of a sum may differ by. */
const FUZZ = 1e-12;

export interface TestOptions {
  readonly evaluationIntervalMs: number;
  readonly isFuzzy: boolean;
}

/** Runs one test; what is not as expected, in promtool's form. None: it has passed. */
export const failuresOfTest = async (test: RuleTest, groups: readonly RuleGroup[], { evaluationIntervalMs: stepMs, isFuzzy }: TestOptions): Promise<readonly string[]> => {
  const endMs = Math.max(0, ...[...test.alertTests, ...test.exprTests].map(({ evalTimeMs }) => evalTimeMs));
  if (endMs / stepMs > MAX_SLOTS) return [`    found ${Math.floor(endMs / stepMs)} slots up to ${formatDurationMs(endMs)}, at most ${MAX_SLOTS} are allowed`];
  const run = new TestRun(test, groups);
  const failures: string[] = [];
  for (let tMs = 0; tMs <= endMs; tMs += stepMs) {
    await run.evaluate(tMs);
    for (const each of test.alertTests) if (tMs <= each.evalTimeMs && each.evalTimeMs < tMs + stepMs) failures.push(...checkAlerts(test, each, run));
    if (run.errors.length > 0) return [...failures, ...run.errors.map((error) => `    ${error}`)];
  }
  for (const each of test.exprTests) failures.push(...(await checkExpr(each, run, isFuzzy)));
  return failures;
};

const nameLine = ({ name }: RuleTest): string => (name === '' ? '' : `    name: ${name},\n`);

const indent = (text: string, by: string): string => text.replaceAll('\n', `\n${by}`);

const checkAlerts = (test: RuleTest, { alertname, evalTimeMs, alerts }: AlertTest, run: TestRun): readonly string[] => {
  const expected = alerts.map(alertText).sort();
  const found = run.firing(alertname).map(alertText).sort();
  if (expected.join('\n') === found.join('\n')) return [];
  const list = (texts: readonly string[]): string => (texts.length === 0 ? '[]' : `[\n${texts.map((text, i) => `${i}:${indent(`\n${text}`, '  ')}`).join(',\n')}\n]`);
  return [`${nameLine(test)}    alertname: ${alertname}, time: ${formatDurationMs(evalTimeMs)}, \n        exp:${indent(list(expected), '            ')}, \n        got:${indent(list(found), '            ')}`];
};

const alertText = ({ labels, annotations }: ExpectedAlert): string => `Labels:${labelsText(labels)}\nAnnotations:${labelsText(annotations)}`;

const labelsText = (labels: Labels): string => `{${labels.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(', ')}}`;

const checkExpr = async ({ expr, evalTimeMs, samples }: ExprTest, run: TestRun, isFuzzy: boolean): Promise<readonly string[]> => {
  const head = `    expr: ${JSON.stringify(expr)}, time: ${formatDurationMs(evalTimeMs)},`;
  try {
    const found = (await run.query(expr, evalTimeMs)).map(({ labels, value, histogram }): ExpectedSample => ({ labels, value: histogram ?? value }));
    if (isSame(samples, found, isFuzzy)) return [];
    return [`${head}\n        exp: ${samplesText(samples)}\n        got: ${samplesText(found)}`];
  } catch (error) {
    return [`${head} err: ${messageOf(error)}`];
  }
};

const isSame = (expected: readonly ExpectedSample[], found: readonly ExpectedSample[], isFuzzy: boolean): boolean => {
  if (expected.length !== found.length) return false;
  const left = sorted(expected);
  return sorted(found).every((sample, i) => isSameSample(left[i] as ExpectedSample, sample, isFuzzy));
};

const keyOf = ({ labels }: ExpectedSample): string => `${formatLabels(labels)}${labelsToJson(labels)}`;

const sorted = (samples: readonly ExpectedSample[]): readonly ExpectedSample[] => samples.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));

const isSameSample = (a: ExpectedSample, b: ExpectedSample, isFuzzy: boolean): boolean => {
  if (keyOf(a) !== keyOf(b)) return false;
  if (typeof a.value !== 'number' || typeof b.value !== 'number') return typeof a.value === typeof b.value && valueText(a) === valueText(b);
  if (a.value === b.value || (Number.isNaN(a.value) && Number.isNaN(b.value))) return true;
  return isFuzzy && Math.abs(a.value - b.value) <= FUZZ * Math.max(Math.abs(a.value), Math.abs(b.value));
};

const valueText = ({ value }: ExpectedSample): string => (typeof value === 'number' ? formatShortestExponent(value).replace('e', 'E') : formatHistogram(value));

const samplesText = (samples: readonly ExpectedSample[]): string => (samples.length === 0 ? 'nil' : samples.map((sample) => `${labelsText(sample.labels)} ${valueText(sample)}`).join(', '));
