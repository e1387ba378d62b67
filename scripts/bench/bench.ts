import { hotPath } from './hot-path.ts';
import type { Measurement } from './measure.ts';

/** Each bench yields its measurements as it has them. */
const BENCHES: Readonly<Record<string, () => AsyncIterable<Measurement>>> = {
  'hot-path': hotPath,
};

const usage = `usage: npm run bench -- <name> [--json]\nnames: ${Object.keys(BENCHES).join(', ')}\n`;

const formatRow = ({ case: name, subject, metric, value, unit }: Measurement): string =>
  `${name.padEnd(14)} ${subject.padEnd(22)} ${metric.padEnd(26)} ${value.toLocaleString('en-US').padStart(14)} ${unit}\n`;

const main = async (args: readonly string[]): Promise<number> => {
  const [name, ...rest] = args.filter((arg) => arg !== '--json');
  const bench = name === undefined || rest.length > 0 || !Object.hasOwn(BENCHES, name) ? undefined : BENCHES[name];
  if (bench === undefined) {
    process.stderr.write(usage);
    return 2;
  }
  const asJson = args.includes('--json');
  for await (const measurement of bench()) process.stdout.write(asJson ? `${JSON.stringify(measurement)}\n` : formatRow(measurement));
  return 0;
};

process.exitCode = await main(process.argv.slice(2));
