import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type CaseOutcome, runCaseFile } from './conformance-run.ts';

const CASES = resolve(process.env['PROMQL_CASES'] ?? resolve(import.meta.dirname, '../../../../shared/conformance/promql'));

/** Cases of Prometheus' own test data that pass, per file. They may only rise. */
const FLOORS: Readonly<Record<string, number>> = {
  aggregators: 106,
  duration_expression: 41,
  extended_vectors: 124,
  'fill-modifier': 30,
  functions: 294,
  histograms: 132,
  info: 34,
  limit: 20,
  literals: 16,
  native_histograms: 367,
  operators: 148,
  selectors: 24,
  staleness: 9,
  start_timestamps: 20,
  subquery: 22,
  trig_functions: 12,
  type_and_unit: 44,
};

const present = existsSync(CASES);
const files = present ? readdirSync(CASES).filter((name) => name.endsWith('.test')).map((name) => name.slice(0, -'.test'.length)) : [];

const describeCase = ({ line, query, outcome, reason }: CaseOutcome): string => `${outcome}, line ${line}: ${query}: ${reason}`;

describe.skipIf(!present)(`PromQL cases of Prometheus in ${present ? CASES : `${CASES} (absent: set PROMQL_CASES to the folder of its .test files)`}`, () => {
  it.each(files)('%s: all pass', async (file) => {
    const outcomes = await runCaseFile(readFileSync(`${CASES}/${file}.test`, 'utf8'));
    expect(outcomes.filter(({ outcome }) => outcome !== 'passed').map(describeCase)).toEqual([]);
    expect(outcomes.length).toBeGreaterThanOrEqual(FLOORS[file] ?? 1);
  });
});
