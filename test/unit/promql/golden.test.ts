import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCaseFile } from './conformance-run.ts';
import { storedSeries } from './stored-series.ts';

const CASES = resolve(import.meta.dirname, '../../golden/promql');
const files = readdirSync(CASES).filter((name) => name.endsWith('.test'));

describe.each([
  ['series in memory', undefined],
  ['hot files', (series: Parameters<typeof storedSeries>[0]) => storedSeries(series, false)],
  ['a compacted hour and hot files', (series: Parameters<typeof storedSeries>[0]) => storedSeries(series, true)],
])('golden cases of PromQL over %s', (_, open) => {
  it.each(files)('%s: all pass', async (file) => {
    const outcomes = await runCaseFile(readFileSync(`${CASES}/${file}`, 'utf8'), open);
    expect(outcomes.filter(({ outcome }) => outcome !== 'passed')).toEqual([]);
    expect(outcomes.length).toBeGreaterThan(0);
  });
});
