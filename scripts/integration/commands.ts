import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';

export interface CommandOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
  /** Default: the repository. */
  readonly cwd?: string;
  /** Where its output goes; ours where absent. */
  readonly logFile?: string;
}

/** Runs a program to its end. Rejects, with the end of its log, when it fails or takes too long. */
export const run = async (program: string, args: readonly string[], options: CommandOptions): Promise<void> => {
  const code = await exitCodeOf(program, args, options);
  if (code === 0) return;
  const log = options.logFile === undefined ? '' : `\n${readFileSync(options.logFile, 'utf8').slice(-SHOWN_LOG_CHARACTERS)}`;
  throw new Error(`run ${program} ${args[0] ?? ''}: ended with ${String(code)}, 0 is expected (within ${options.timeoutMs} ms)${log}`);
};

const running = new Set<ChildProcess>();

/** Tells the programs that run just now to end, when we are told to. */
export const endRunning = (): void => {
  for (const child of running) child.kill('SIGTERM');
};

const SHOWN_LOG_CHARACTERS = 4000;

/** The exit code; null for a program that was ended by a signal, ours at the timeout among them. */
export const exitCodeOf = async (program: string, args: readonly string[], { env, timeoutMs, cwd, logFile }: CommandOptions): Promise<number | null> => {
  const output = logFile === undefined ? 'inherit' : openSync(logFile, 'w');
  const child = spawn(program, args, {
    env: env ?? process.env,
    stdio: ['ignore', output, output],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    ...(cwd === undefined ? {} : { cwd }),
  });
  running.add(child);
  const [code] = (await once(child, 'exit')) as [number | null];
  running.delete(child);
  if (typeof output === 'number') closeSync(output);
  return code;
};

/** Runs a step and says how long it took. */
export const timed = async <T>(title: string, step: () => Promise<T>): Promise<T> => {
  const startMs = performance.now();
  const result = await step();
  say(`${title}: ${((performance.now() - startMs) / 1000).toFixed(1)} s`);
  return result;
};

export const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
