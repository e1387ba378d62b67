import { hotPath } from './hot-path.ts';
import type { Measurement } from './measure.ts';
import { promql } from './promql.ts';
import { rules } from './rules.ts';
import { storage } from './storage.ts';
import { formatTable } from './table.ts';

/** Each bench yields its measurements as it has them, case by case. */
const BENCHES: Readonly<Record<string, () => AsyncIterable<Measurement>>> = {
  'hot-path': hotPath,
  rules,
  promql,
  storage,
};

const usage = `usage: npm run bench -- <name> [--json]\nnames: ${Object.keys(BENCHES).join(', ')}\n`;

/** A table for each case, once the case is complete. */
async function* tables(measurements: AsyncIterable<Measurement>): AsyncGenerator<string> {
  let ofCase: Measurement[] = [];
  for await (const measurement of measurements) {
    if (ofCase.length > 0 && ofCase[0]?.case !== measurement.case) {
      yield `${formatTable(ofCase)}\n`;
      ofCase = [];
    }
    ofCase.push(measurement);
  }
  if (ofCase.length > 0) yield formatTable(ofCase);
}

async function* jsonLines(measurements: AsyncIterable<Measurement>): AsyncGenerator<string> {
  for await (const measurement of measurements) yield `${JSON.stringify(measurement)}\n`;
}

const main = async (args: readonly string[]): Promise<number> => {
  const [name, ...rest] = args.filter((arg) => arg !== '--json');
  const bench = name === undefined || rest.length > 0 || !Object.hasOwn(BENCHES, name) ? undefined : BENCHES[name];
  if (bench === undefined) {
    process.stderr.write(usage);
    return 2;
  }
  const format = args.includes('--json') ? jsonLines : tables;
  for await (const text of format(bench())) process.stdout.write(text);
  return 0;
};

process.exitCode = await main(process.argv.slice(2));
