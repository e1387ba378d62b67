import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type CaseOutcome, runCaseFile } from './conformance-run.ts';

const CASES = resolve(process.env['PROMQL_CASES'] ?? resolve(import.meta.dirname, '../../../../shared/conformance/promql'));

/** Cases of Prometheus' own test data that pass, per file. They may only rise. */
const FLOORS: Readonly<Record<string, number>> = {
  aggregators: 104,
  duration_expression: 6,
  extended_vectors: 20,
  'fill-modifier': 1,
  functions: 246,
  histograms: 132,
  literals: 16,
  native_histograms: 364,
  operators: 148,
  selectors: 24,
  staleness: 9,
  subquery: 22,
  trig_functions: 12,
  type_and_unit: 44,
};

const listOf = (outcomes: readonly CaseOutcome[], outcome: CaseOutcome['outcome']): readonly CaseOutcome[] =>
  outcomes.filter((one) => one.outcome === outcome);

const present = existsSync(CASES);

describe.skipIf(!present)(`PromQL cases of Prometheus in ${present ? CASES : `${CASES} (absent: set PROMQL_CASES to the folder of its .test files)`}`, () => {
  for (const [file, floor] of Object.entries(FLOORS)) {
    it(`${file}: at least ${floor} pass and none that the engine understands fails`, async () => {
      const outcomes = await runCaseFile(readFileSync(`${CASES}/${file}.test`, 'utf8'));
      const failed = listOf(outcomes, 'failed').map(({ line, query, reason }) => `${file}:${line} ${query}: ${reason}`);
      expect(failed).toEqual([]);
      expect(listOf(outcomes, 'passed').length).toBeGreaterThanOrEqual(floor);
    });
  }
});
