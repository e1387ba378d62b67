import { parseArgs } from 'node:util';
import { type RunReport, runScenario, runSeed } from '../test/simulation/run-seed.ts';
import { drawScenario, type Scenario } from '../test/simulation/scenario.ts';
import { shrink } from '../test/simulation/shrink.ts';

const USAGE = `usage: node scripts/simulation.ts [--seeds 300] [--from <seed>] [--stop] [--only compaction|alerts]
                                     many seeds; --stop: end at the first violation, unshrunken; --only: pass over seeds without a compactor, or without rules
       node scripts/simulation.ts --seed <seed> [--trace]                    one seed again, twice
       node scripts/simulation.ts --scenario '<json>' [--trace]              a shrunken scenario again
`;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '300' },
    from: { type: 'string' },
    stop: { type: 'boolean', default: false },
    only: { type: 'string' },
    seed: { type: 'string' },
    scenario: { type: 'string' },
    trace: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const PROGRESS_EVERY_MS = 10_000;
/** Past this many something is broken in general, and more of the same says no more. */
const MAX_VIOLATIONS = 20;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const quote = (json: string): string => `'${json.replaceAll("'", String.raw`'\''`)}'`;

const tell = ({ scenario, violation }: RunReport): void => {
  say(`seed ${scenario.seed} violates "${violation?.invariant}": ${violation?.message}`);
  say(`  again: node scripts/simulation.ts --seed ${scenario.seed} --trace`);
};

const tellShrunken = async ({ scenario, violation }: RunReport): Promise<void> => {
  const small = await shrink(scenario, violation?.invariant ?? '');
  const report = await runScenario(small);
  say(`  shrunken, ${report.events} events: ${report.violation?.message}`);
  say(`  again: node scripts/simulation.ts --trace --scenario ${quote(JSON.stringify(small))}`);
};

const isPassedOver = ({ compaction, alerts }: Scenario): boolean => {
  if (values.only === 'compaction') return compaction === undefined;
  return values.only === 'alerts' && alerts === undefined;
};

const runMany = async (seeds: number, from: number): Promise<number> => {
  const startedAtMs = performance.now();
  let saidAtMs = startedAtMs;
  let violations = 0;
  let acknowledged = 0;
  let ran = 0;
  say(`${seeds} seeds from ${from} on`);
  for (let seed = from; ran < seeds && violations < (values.stop ? 1 : MAX_VIOLATIONS); seed++) {
    const scenario = drawScenario(seed);
    if (isPassedOver(scenario)) continue;
    ran++;
    const report = await runScenario(scenario);
    acknowledged += report.acknowledged;
    if (report.violation !== undefined) {
      violations++;
      tell(report);
      if (!values.stop && violations === 1) await tellShrunken(report);
    }
    const nowMs = performance.now();
    if (nowMs - saidAtMs < PROGRESS_EVERY_MS) continue;
    saidAtMs = nowMs;
    say(`  ${ran} seeds, ${Math.round((1000 * ran) / (nowMs - startedAtMs))} seeds/s, ${acknowledged} samples acknowledged, ${violations} violations`);
  }
  say(`${Math.round((1000 * ran) / (performance.now() - startedAtMs))} seeds/s, ${acknowledged} samples acknowledged`);
  say(`seeds ${ran}, violations ${violations}`);
  return violations;
};

const runAgain = async (run: (keepLines: boolean) => Promise<RunReport>): Promise<number> => {
  const first = await run(values.trace);
  const second = await run(false);
  for (const line of first.lines) say(line);
  say(`${first.events} events, trace ${first.traceHash}, ${first.acknowledged} samples acknowledged`);
  if (first.traceHash !== second.traceHash) say(`the second run took another course: trace ${second.traceHash}`);
  if (first.violation !== undefined) say(`violates "${first.violation.invariant}": ${first.violation.message}`);
  say(`seeds 1, violations ${first.violation === undefined ? 0 : 1}`);
  return first.violation === undefined && first.traceHash === second.traceHash ? 0 : 1;
};

const main = async (): Promise<number> => {
  if (values.help) say(USAGE);
  if (values.help) return 0;
  const { seed, scenario } = values;
  if (seed !== undefined) return runAgain((keepLines) => runSeed(Number(seed), keepLines));
  if (scenario !== undefined) return runAgain((keepLines) => runScenario(JSON.parse(scenario) as Scenario, keepLines));
  // From the clock, so that every run looks at seeds that nobody has seen.
  return runMany(Number(values.seeds), Number(values.from ?? Date.now() % 1_000_000_000));
};

process.exitCode = (await main()) === 0 ? 0 : 1;
