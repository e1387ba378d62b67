import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

export interface CommandOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
}

/** Runs a program to its end, its output on ours. Rejects when it fails or takes too long. */
export const run = async (program: string, args: readonly string[], { env, timeoutMs }: CommandOptions): Promise<void> => {
  const code = await exitCodeOf(program, args, { env: env ?? process.env, timeoutMs });
  if (code !== 0) throw new Error(`run ${program} ${args[0] ?? ''}: ended with ${String(code)}, 0 is expected (within ${timeoutMs} ms)`);
};

/** The exit code; null for a program that was ended by a signal, ours at the timeout among them. */
export const exitCodeOf = async (program: string, args: readonly string[], { env, timeoutMs }: CommandOptions): Promise<number | null> => {
  const child = spawn(program, args, { env: env ?? process.env, stdio: ['ignore', 'inherit', 'inherit'], timeout: timeoutMs, killSignal: 'SIGKILL' });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
};

/** A port that nobody listens on just now. */
export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
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
