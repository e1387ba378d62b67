import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { runCaseFile } from './conformance-run.ts';

// Prints what passes per file: `node test/unit/promql/conformance-table.ts [folder]`.
const folder = resolve(process.argv[2] ?? process.env['PROMQL_CASES'] ?? '../shared/conformance/promql');
process.stdout.write(`${'file'.padEnd(24)} passed failed unsupported\n`);
for (const file of readdirSync(folder).filter((name) => name.endsWith('.test'))) {
  const outcomes = await runCaseFile(readFileSync(`${folder}/${file}`, 'utf8'));
  const count = (outcome: string): string => String(outcomes.filter((one) => one.outcome === outcome).length).padStart(6);
  process.stdout.write(`${file.padEnd(24)} ${count('passed')} ${count('failed')} ${count('unsupported')}\n`);
  for (const one of outcomes.filter(({ outcome }) => outcome === 'failed')) {
    process.stdout.write(`  line ${one.line}: ${one.query}: ${one.reason}\n`);
  }
}
