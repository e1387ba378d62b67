import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { toTable } from '../shared/commands/table.ts';
import { mapBounded } from '../shared/storage/map-bounded.ts';
import type { Mutant } from './mutants/mutant.ts';
import { plant, planted } from './mutants/plant.ts';
import { MUTANTS } from './mutants/table.ts';

/** Plants one fault after the other into a copy of the product, and has the simulation look for it. `--only <text>`: those whose name holds it; `--of alerts|compaction`: those that only such seeds find. */
const { values } = parseArgs({ options: { seeds: { type: 'string', default: '2000' }, from: { type: 'string', default: '1' }, only: { type: 'string', default: '' }, of: { type: 'string' } } });

const FOLDER = '.cache/mutants';
/** A fault that makes the road busy without end would otherwise never come back. */
const TIMEOUT_MS = 600_000;

const chosen = MUTANTS.filter(({ name, only }) => name.includes(values.only) && (values.of === undefined || only === values.of));

interface Verdict {
  readonly found: boolean;
  readonly row: readonly string[];
}

interface Run {
  readonly status: number | string | null | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

const simulate = (folder: string, only: Mutant['only']): Promise<Run> =>
  new Promise((resolve) => {
    const args = ['scripts/simulation.ts', '--seeds', values.seeds, '--from', values.from, '--stop', ...(only === undefined ? [] : ['--only', only])];
    execFile('node', args, { cwd: folder, timeout: TIMEOUT_MS }, (error, stdout, stderr) => resolve({ status: error === null ? 0 : error.code, stdout, stderr }));
  });

const tryMutant = async (number: number): Promise<Verdict> => {
  const mutant = chosen[number] as (typeof chosen)[number];
  const folder = join(FOLDER, String(number));
  plant(mutant, folder);
  const { status, stdout, stderr } = await simulate(folder, mutant.only);
  rmSync(folder, { recursive: true, force: true });
  const violation = /^seed \d+ violates "([^"]*)"/m.exec(stdout)?.[1];
  const ran = /^seeds (\d+), violations \d+$/m.exec(stdout)?.[1];
  if (status !== 0 && violation === undefined) throw new Error(`run "${mutant.name}": the simulation ended without a verdict (status ${status}):\n${stdout}${stderr}`);
  process.stdout.write(`${violation === undefined ? 'NOT FOUND' : 'found'} after ${ran} seeds: ${mutant.name}\n`);
  return { found: violation !== undefined, row: [mutant.name, ran ?? '', violation ?? 'not found'] };
};

const main = async (): Promise<number> => {
  // All of them first: a table that has fallen behind the product is told at once.
  for (const mutant of chosen) planted(mutant);
  const verdicts = await mapBounded(
    chosen.map((_, number) => number),
    availableParallelism(),
    tryMutant,
  );
  const found = verdicts.filter((verdict) => verdict.found).length;
  process.stdout.write(`\n${toTable(['planted fault', 'seeds', 'violates'], verdicts.map((verdict) => verdict.row))}\n\n`);
  process.stdout.write(`planted ${verdicts.length}, found ${found}\n`);
  return found === verdicts.length && found > 0 ? 0 : 1;
};

process.exitCode = await main();
