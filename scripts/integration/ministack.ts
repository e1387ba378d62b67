import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { freePort } from '../free-port.ts';
import { run } from './commands.ts';

/** An AWS endpoint in one Python process, Lambda functions as children of it. Pinned: its faults are known and written down by version. */
const PACKAGE = 'ministack[full]==1.5.33';
const FOLDER = join(import.meta.dirname, '../../.cache/ministack');
const VENV = join(FOLDER, 'venv');
const PROGRAM = join(VENV, 'bin/ministack');
const STREAMING_RUNTIME = pathToFileURL(join(import.meta.dirname, 'streaming-runtime.ts')).href;

const INSTALL_MS = 180_000;
const START_MS = 20_000;
const TERM_MS = 5000;

export interface RunningEndpoint {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

/** Once per machine: half a minute and 200 MB. */
export const installMinistack = async (): Promise<void> => {
  if (existsSync(PROGRAM)) return;
  mkdirSync(FOLDER, { recursive: true });
  await run('python3', ['-m', 'venv', VENV], { timeoutMs: INSTALL_MS });
  await run(join(VENV, 'bin/pip'), ['install', '--quiet', '--disable-pip-version-check', PACKAGE], { timeoutMs: INSTALL_MS });
};

/** Starts with nothing in it, on the loopback interface, its log beside it. */
export const startMinistack = async (): Promise<RunningEndpoint> => {
  const port = await freePort();
  const state = join(FOLDER, `state-${port}`);
  rmSync(state, { recursive: true, force: true });
  mkdirSync(join(state, 's3'), { recursive: true });
  const log = openSync(join(FOLDER, 'ministack.log'), 'w');
  const child = spawn(PROGRAM, [], { env: environment(port, state), stdio: ['ignore', log, log] });
  const stop = async (): Promise<void> => {
    await end(child);
    rmSync(state, { recursive: true, force: true });
  };
  const url = `http://127.0.0.1:${port}`;
  if (await answers(url, child)) return { url, stop };
  await stop();
  throw new Error(`start ministack: found no answer at ${url} within ${START_MS} ms, see ${join(FOLDER, 'ministack.log')}`);
};

const environment = (port: number, state: string): NodeJS.ProcessEnv => ({
  ...process.env,
  GATEWAY_PORT: String(port),
  BIND_HOST: '127.0.0.1',
  MINISTACK_HOST: '127.0.0.1',
  // Else it listens for MQTT on 8883, on every interface.
  IOT_MTLS_ENABLED: '0',
  LAMBDA_EXECUTOR: 'local',
  // Its functions inherit this.
  NODE_OPTIONS: `--import=${STREAMING_RUNTIME}`,
  S3_PERSIST: '1',
  S3_DATA_DIR: join(state, 's3'),
  STATE_DIR: state,
});

const answers = async (url: string, child: ChildProcess): Promise<boolean> => {
  const untilMs = performance.now() + START_MS;
  while (performance.now() < untilMs && child.exitCode === null) {
    const ok = await fetch(`${url}/_ministack/health`).then((response) => response.ok, () => false);
    if (ok) return true;
    await sleep(100);
  }
  return false;
};

/** It may not heed SIGTERM, and leaves its function workers behind when it is killed: each is ended by its own id. */
const end = async (child: ChildProcess): Promise<void> => {
  if (child.pid === undefined || child.exitCode !== null) return;
  const workers = descendantsOf(child.pid);
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  await Promise.race([gone, sleep(TERM_MS, undefined, { ref: false })]);
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  await gone;
  for (const pid of workers) endWorker(pid);
};

const endWorker = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended with its parent.
  }
};

/** Children, their children, and so on, by /proc. */
const descendantsOf = (pid: number): readonly number[] => {
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), parent: parentOf(name) }));
  const found: number[] = [];
  for (let ids = [pid]; ids.length > 0; ) {
    const next = children.filter(({ parent }) => parent !== undefined && ids.includes(parent)).map((each) => each.pid);
    found.push(...next);
    ids = next;
  }
  return found;
};

/** The fourth field of stat; the second is the program's name in parentheses, which may hold anything. */
const parentOf = (pid: string): number | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined; // ended meanwhile
  }
};
