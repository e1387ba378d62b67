import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCaseFile } from './conformance-run.ts';

const CASES = resolve(import.meta.dirname, '../../golden/promql');

describe('golden cases of PromQL', () => {
  it.each(readdirSync(CASES).filter((name) => name.endsWith('.test')))('%s: all pass', async (file) => {
    const outcomes = await runCaseFile(readFileSync(`${CASES}/${file}`, 'utf8'));
    expect(outcomes.filter(({ outcome }) => outcome !== 'passed')).toEqual([]);
    expect(outcomes.length).toBeGreaterThan(0);
  });
});
