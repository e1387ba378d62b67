import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { freePort } from '../../scripts/free-port.ts';

/** The all-in-one as its users start it: a process of its own. */
export interface TidemarkProcess {
  readonly url: string;
  readonly child: ChildProcess;
  /** Everything it has printed so far. */
  output(): string;
  /** As Ctrl-C does; resolves with the exit code. */
  stop(): Promise<number | null>;
  kill(): Promise<void>;
}

/** Starts it without waiting. */
export const spawnTidemark = (args: readonly string[]): { child: ChildProcess; output: () => string } => {
  const child = spawn(process.execPath, ['scripts/tidemark.ts', 'start', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  return { child, output: () => text };
};

/** Starts it and waits for `/-/ready`; rejects with what it printed when it ends before. */
export const startTidemark = async (options: { data: string; port?: number; args?: readonly string[] }): Promise<TidemarkProcess> => {
  const port = options.port ?? (await freePort());
  const url = `http://127.0.0.1:${port}`;
  const { child, output } = spawnTidemark(['--port', String(port), '--data', options.data, ...(options.args ?? [])]);
  const exited = once(child, 'exit');
  const isReady = async (): Promise<boolean> => {
    for (;;) {
      if (child.exitCode !== null || child.signalCode !== null) return false;
      if (await fetch(`${url}/-/ready`).then((answer) => answer.ok, () => false)) return true;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  if (!(await isReady())) throw new Error(`tidemark start: ended with ${child.exitCode ?? child.signalCode}:\n${output()}`);
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await exited;
    }
    return child.exitCode;
  };
  return { url, child, output, stop: () => end('SIGINT'), kill: async () => void (await end('SIGKILL')) };
};

/** Polls until `attempt` gives something; rejects with its last error, or with `what`, after `limitMs`. */
export const eventually = async <T>(what: string, limitMs: number, attempt: () => Promise<T | undefined>): Promise<T> => {
  const deadlineMs = Date.now() + limitMs;
  let last: unknown;
  for (;;) {
    try {
      const found = await attempt();
      if (found !== undefined) return found;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadlineMs) throw new Error(`${what}: not within ${limitMs} ms`, { cause: last });
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
};

export interface VectorSample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

/** An instant query over HTTP. */
export const queryVector = async (url: string, expr: string, time?: number): Promise<readonly VectorSample[]> => {
  const form = new URLSearchParams({ query: expr, ...(time === undefined ? {} : { time: String(time) }) });
  const answer = await fetch(`${url}/api/v1/query`, { method: 'POST', body: form });
  const body = (await answer.json()) as { data?: { result: VectorSample[] }; error?: string };
  if (body.data === undefined) throw new Error(`query ${expr}: ${body.error ?? answer.status}`);
  return body.data.result;
};
