import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { doctor } from '../shared/commands/doctor.ts';
import { messageOf } from '../shared/errors.ts';
import { freePort } from './free-port.ts';
import { type Acknowledged, runLoad } from './kill/load.ts';
import { type TierVerdict, verifyTiers } from './kill/verify-tiers.ts';
import { verify, watermarkOf } from './kill/verify.ts';

/** How long a start, a drain or an end may take before the run gives up; generous, since machines are shared. */
const PATIENCE_MS = 60_000;
const SENDERS = ['s0', 's1', 's2', 's3'];

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '50' }, seed: { type: 'string' } } });
const rounds = Number(values.rounds);
const seed = Number(values.seed ?? Date.now() % 1_000_000);

/** mulberry32, so that a run's kill times can be had again from its seed. */
const makeRandom = (start: number): (() => number) => {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
};

const start = (data: string, port: number): ChildProcess =>
  spawn(process.execPath, ['scripts/kill/eager-start.ts', String(port), data], { stdio: ['ignore', 'ignore', 'inherit'] });

const until = async (what: string, test: () => Promise<boolean>): Promise<void> => {
  const deadlineMs = Date.now() + PATIENCE_MS;
  while (!(await test().catch(() => false))) {
    if (Date.now() > deadlineMs) throw new Error(`kill: ${what} did not come within ${PATIENCE_MS / 1000} s`);
    await sleep(25);
  }
};

const isReady = async (url: string): Promise<boolean> => (await fetch(`${url}/-/ready`)).ok;

const main = async (): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-kill-'));
  const data = join(folder, 'data');
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const random = makeRandom(seed);
  const counters = new Map<string, number>();
  const acknowledged: Acknowledged[] = [];
  let unanswered = 0;
  process.stdout.write(`seed ${seed}, ${rounds} rounds, ${SENDERS.length} senders\n`);
  for (let round = 1; round <= rounds; round++) {
    const child = start(data, port);
    await until('ready', () => isReady(url));
    let over = false;
    const load = runLoad(url, SENDERS, () => over, counters);
    const killAfterMs = 100 + Math.floor(random() * 1900);
    await sleep(killAfterMs);
    child.kill('SIGKILL');
    await once(child, 'exit');
    over = true;
    const report = await load;
    acknowledged.push(...report.acknowledged);
    unanswered += report.unanswered;
    process.stdout.write(`round ${round}: killed ${killAfterMs} ms after ready, ${report.acknowledged.length} samples acknowledged, ${report.unanswered} unanswered\n`);
  }
  const child = start(data, port);
  await until('ready', () => isReady(url));
  const restartedMs = Date.now();
  await until('the watermark past the last kill', async () => ((await watermarkOf(url)) ?? 0) > restartedMs);
  const verdict = await verify(url, acknowledged, SENDERS);
  let tiers: TierVerdict = { buckets: 0, different: 0 };
  await until('1m partitions that agree with raw', async () => (tiers = await verifyTiers(url)).buckets > 0 && tiers.different === 0).catch((error: unknown) => {
    process.stdout.write(`${messageOf(error)}\n`);
  });
  const health = await doctor({ url, fetch }, { json: false, progress: () => undefined });
  child.kill('SIGINT');
  await once(child, 'exit');
  rmSync(folder, { recursive: true });
  process.stdout.write(`${verdict.stored} samples stored, ${unanswered} were sent without an answer\n`);
  process.stdout.write(`${tiers.buckets} buckets of a minute, ${tiers.different} of them not what raw samples make\n`);
  process.stdout.write(`doctor: ${(health.ok ? health.lines.slice(-1) : health.lines).join('\n')}\n`);
  process.stdout.write(`kills ${rounds}, acknowledged ${acknowledged.length}, lost ${verdict.lost}, doubled ${verdict.doubled}\n`);
  const isWhole = verdict.lost === 0 && verdict.doubled === 0 && tiers.different === 0 && health.ok;
  process.exitCode = isWhole && acknowledged.length > 0 && tiers.buckets > 0 ? 0 : 1;
};

await main();
