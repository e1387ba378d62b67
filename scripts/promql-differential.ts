import { parseArgs } from 'node:util';
import { debianPrograms } from './debian.ts';
import { compare, type Difference, drawQuestions, shrink } from './promql-differential/differential.ts';
import { KNOWN_DIFFERENCES } from './promql-differential/known-differences.ts';
import { textOf } from './promql-differential/query-node.ts';
import { type Engines, startEngines } from './promql-differential/start.ts';

const USAGE = `usage: node scripts/promql-differential.ts [--queries 1000] [--from <seed>]   random queries against Prometheus 2.42
       node scripts/promql-differential.ts --seed <seed>                      one query again
`;

const { values } = parseArgs({
  options: { queries: { type: 'string', default: '1000' }, from: { type: 'string', default: '1' }, seed: { type: 'string' }, help: { type: 'boolean', default: false } },
});

const PROGRESS_EVERY = 1000;
/** Past this many something is broken in general, and more of the same says no more. */
const MAX_DIFFERENCES = 20;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const tell = ({ question, what }: Difference): void => {
  const { at } = question;
  const when = 'tMs' in at ? `at ${at.tMs / 1000}` : `from ${at.startMs / 1000} to ${at.endMs / 1000} by ${at.stepMs / 1000}`;
  say(`  ${textOf(question.node)}\n    ${when}: ${what}`);
};

const compareSeed = async ({ ours, theirs }: Engines, seed: number): Promise<boolean> => {
  for (const question of drawQuestions(seed)) {
    const difference = await compare(ours, theirs, question);
    if (difference === undefined) continue;
    say(`seed ${seed} differs:`);
    tell(difference);
    say('  shrunken:');
    tell(await shrink(ours, theirs, difference));
    return true;
  }
  return false;
};

const run = async (engines: Engines): Promise<number> => {
  const from = Number(values.seed ?? values.from);
  const queries = values.seed === undefined ? Number(values.queries) : 1;
  let differences = 0;
  let ran = 0;
  while (ran < queries && differences < MAX_DIFFERENCES) {
    if (await compareSeed(engines, from + ran++)) differences++;
    if (ran % PROGRESS_EVERY === 0) say(`${ran} of ${queries} queries, ${differences} differences`);
  }
  say(`queries ${ran}, differences ${differences}`);
  return differences === 0 ? 0 : 1;
};

const main = async (): Promise<number> => {
  if (values.help) {
    process.stdout.write(`${USAGE}\nKept out of the comparison:\n${KNOWN_DIFFERENCES.map((line) => `- ${line}\n`).join('')}`);
    return 0;
  }
  const programs = debianPrograms(['prometheus']);
  if ('missing' in programs) {
    say(programs.missing);
    return 1;
  }
  const engines = await startEngines(programs.folder);
  try {
    return await run(engines);
  } finally {
    await engines.close();
  }
};

process.exitCode = await main();
