import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type CaseOutcome, runCaseFile } from '../test/unit/promql/conformance-run.ts';

// Runs every case of the .test files in the folder named by PROMQL_CASES and fails when one of them does.

const folder = resolve(process.env['PROMQL_CASES'] ?? resolve(import.meta.dirname, '../../shared/conformance/promql'));
const print = (line: string): void => void process.stdout.write(`${line}\n`);

const countOf = (outcomes: readonly CaseOutcome[], outcome: CaseOutcome['outcome']): number => outcomes.filter((one) => one.outcome === outcome).length;

const row = (name: string, outcomes: readonly CaseOutcome[]): string =>
  [name.padEnd(24), ...(['passed', 'failed', 'skipped'] as const).map((outcome) => String(countOf(outcomes, outcome)).padStart(7))].join(' ');

const all: CaseOutcome[] = [];
if (existsSync(folder)) {
  print(`${'file'.padEnd(24)}  passed  failed skipped`);
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.test')).sort()) {
    const outcomes = await runCaseFile(readFileSync(`${folder}/${file}`, 'utf8'));
    print(row(file, outcomes));
    for (const { line, query, outcome, reason } of outcomes) if (outcome !== 'passed') print(`  ${outcome}, line ${line}: ${query}: ${reason}`);
    all.push(...outcomes);
  }
} else print(`no cases: ${folder} is not there, PROMQL_CASES may name another folder of .test files`);
const failed = countOf(all, 'failed');
print(`cases ${all.length}, passed ${countOf(all, 'passed')}, failed ${failed}, skipped ${countOf(all, 'skipped')}`);
process.exitCode = failed === 0 ? 0 : 1;
