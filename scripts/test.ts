import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { toTable } from '../shared/commands/table.ts';

/** One part of `npm test`. `vitest`: the runner's own counts are summed; otherwise the exit code counts as one test. */
interface Stage {
  readonly name: string;
  readonly command: readonly [program: string, ...args: string[]];
  readonly vitest: boolean;
}

const RESULTS = '.cache/test-results';

const STAGES: readonly Stage[] = [
  { name: 'typecheck', command: ['tsc', '--noEmit'], vitest: false },
  { name: 'lint', command: ['oxlint', '--deny-warnings'], vitest: false },
  { name: 'unit', command: ['vitest', 'run'], vitest: true },
  { name: 'simulation', command: ['node', 'scripts/simulation.ts', '--seeds', '300'], vitest: false },
  { name: 'e2e', command: ['vitest', 'run', '--config', 'vitest.e2e.config.ts'], vitest: true },
  { name: 'interop', command: ['vitest', 'run', '--config', 'vitest.interop.config.ts'], vitest: true },
  { name: 'kill', command: ['node', 'scripts/kill.ts', '--rounds', '5'], vitest: false },
  { name: 'integration', command: ['bash', 'scripts/integration.sh'], vitest: true },
];

interface Counts {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly seconds: number;
}

interface VitestJson {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly success: boolean;
}

const runStage = (stage: Stage): Counts => {
  process.stdout.write(`\n== ${stage.name}: ${stage.command.join(' ')}\n`);
  const startedAtMs = performance.now();
  const outputFile = join(RESULTS, `${stage.name}.json`);
  const reporters = stage.vitest ? ['--reporter=default', '--reporter=json', `--outputFile.json=${outputFile}`] : [];
  const [program, ...args] = stage.command;
  const { status } = spawnSync(program, [...args, ...reporters], { stdio: 'inherit' });
  const seconds = (performance.now() - startedAtMs) / 1000;
  if (!stage.vitest) return { name: stage.name, passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1, skipped: 0, seconds };
  if (!existsSync(outputFile)) return { name: stage.name, passed: 0, failed: 1, skipped: 0, seconds };
  const json = JSON.parse(readFileSync(outputFile, 'utf8')) as VitestJson;
  // A file that does not load has no failed test, but the run has failed all the same.
  const failed = Math.max(json.numFailedTests, json.success && status === 0 ? 0 : 1);
  return { name: stage.name, passed: json.numPassedTests, failed, skipped: json.numPendingTests, seconds };
};

const main = (): void => {
  const only = process.argv.slice(2);
  const unknown = only.filter((name) => !STAGES.some((stage) => stage.name === name));
  if (unknown.length > 0) throw new Error(`test: found stage ${unknown.join(', ')}, there are ${STAGES.map((stage) => stage.name).join(', ')}`);
  rmSync(RESULTS, { recursive: true, force: true });
  mkdirSync(RESULTS, { recursive: true });
  const counts = STAGES.filter((stage) => only.length === 0 || only.includes(stage.name)).map(runStage);
  const rows = counts.map((each) => [each.name, String(each.passed), String(each.failed), String(each.skipped), each.seconds.toFixed(1)]);
  process.stdout.write(`\n${toTable(['stage', 'passed', 'failed', 'skipped', 'seconds'], rows)}\n\n`);
  const sum = (pick: (each: Counts) => number): number => counts.reduce((total, each) => total + pick(each), 0);
  process.stdout.write(`${sum((each) => each.passed)} passed, ${sum((each) => each.failed)} failed, ${sum((each) => each.skipped)} skipped\n`);
  process.exitCode = counts.some((each) => each.failed > 0) ? 1 : 0;
};

main();
