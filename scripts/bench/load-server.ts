import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SampleBatch } from '../../shared/model/sample-batch.ts';
import { debianPrograms, debianVersion } from '../debian.ts';
import { freePort } from '../free-port.ts';
import { type Ask, filesBelow, type PeerServer } from './peer-servers.ts';
import { cutScrapes } from './workload.ts';

export interface ServerLoad {
  /** Name and version. */
  readonly subject: string;
  readonly sampleBytes: number;
  readonly indexBytes: number;
  /** Of the server, from the first sample to where it has flushed and merged. */
  readonly cpuSeconds: number;
  readonly peakMb: number;
}

/** A request carries ten scrapes of twenty hosts: 20,000 samples. */
const HOSTS_PER_REQUEST = 20;
const SCRAPES_PER_REQUEST = 10;
const START_MS = 20_000;
const STOP_MS = 20_000;

/**
 * Starts the server on loopback, sends it all samples through its own protocol, and has it flush and merge. It is stopped, and its
 * files are gone, when this resolves. `missing` when its program cannot be had.
 */
export const loadServer = async (peer: PeerServer, folder: string, batches: readonly SampleBatch[]): Promise<ServerLoad | { readonly missing: string }> => {
  const programs = debianPrograms([peer.package], [peer.program]);
  if ('missing' in programs) return programs;
  mkdirSync(folder);
  try {
    const server = await startServer(peer, folder, programs.folder);
    try {
      const { ask, pid } = server;
      await peer.prepare?.(ask);
      const cpuSeconds = await load(peer, folder, ask, pid, batches);
      const peakMb = peakMbOf(pid);
      await expectAll(peer, ask, batches);
      await server.stop();
      const bytesOf = (kind: 'samples' | 'index'): number =>
        filesBelow(join(folder, peer.storedIn)).reduce((sum, { path, bytes }) => sum + (peer.kindOf(path) === kind ? bytes : 0), 0);
      return { subject: subjectOf(peer), sampleBytes: bytesOf('samples'), indexBytes: bytesOf('index'), cpuSeconds, peakMb };
    } finally {
      await server.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** Name and version of the package that is there. */
export const subjectOf = (peer: PeerServer): string => `${peer.name} ${debianVersion(peer.package) ?? ''}`.trim();

export interface RunningServer {
  readonly ask: Ask;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Starts the server on what its folder holds; resolves once it answers. `environment` goes over that of this process. */
export const startServer = async (peer: PeerServer, folder: string, programs: string, environment: Readonly<Record<string, string>> = {}): Promise<RunningServer> => {
  const port = await freePort();
  const log = openSync(join(folder, 'log'), 'w');
  const child = spawn(join(programs, peer.program), peer.arguments(folder, port, await freePort()), { stdio: ['ignore', log, log], env: { ...process.env, ...environment } });
  closeSync(log);
  const end = (): boolean => child.kill('SIGKILL');
  process.once('exit', end);
  const stopServer = async (): Promise<void> => {
    await stop(child);
    process.removeListener('exit', end);
  };
  try {
    const ask = asker(port);
    await untilReady(peer, child, ask);
    return { ask, pid: child.pid as number, stop: stopServer };
  } catch (error) {
    await stopServer();
    throw error;
  }
};

const asker = (port: number): Ask => async (method, path, body, headers = {}) => {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path.slice(0, 80)}: found status ${response.status} (${text.slice(0, 200)}), 2xx is allowed`);
  return text;
};

const untilReady = async ({ name, readyPath }: PeerServer, child: ChildProcess, ask: Ask): Promise<void> => {
  const endMs = performance.now() + START_MS;
  for (;;) {
    try {
      await ask('GET', readyPath);
      return;
    } catch (cause) {
      if (child.exitCode !== null || performance.now() > endMs) throw new Error(`start ${name}: found no answer within ${START_MS} ms`, { cause });
      await sleep(100);
    }
  }
};

/** CPU seconds of the server. Requests come in the order of time, one at a time; each is made while the server idles. */
const load = async (peer: PeerServer, folder: string, ask: Ask, pid: number, batches: readonly SampleBatch[]): Promise<number> => {
  const points = batches[0]?.offsets[1] ?? 0;
  const before = cpuSecondsOf(pid);
  for (let from = 0; from < points; from += SCRAPES_PER_REQUEST) {
    for (let host = 0; host < batches.length; host += HOSTS_PER_REQUEST) {
      const cut = batches.slice(host, host + HOSTS_PER_REQUEST).map((batch) => cutScrapes(batch, points, from, from + SCRAPES_PER_REQUEST));
      await peer.send(ask, cut);
    }
  }
  await peer.settle(ask, folder);
  return cpuSecondsOf(pid) - before;
};

const expectAll = async ({ name, count }: PeerServer, ask: Ask, batches: readonly SampleBatch[]): Promise<void> => {
  const sent = batches.reduce((sum, { tMs }) => sum + tMs.length, 0);
  const found = await count(ask);
  if (found !== sent) throw new Error(`load ${name}: found ${found} samples in it, ${sent} were sent`);
};

/** utime and stime, in ticks of 10 ms, behind the name in brackets (proc(5)). */
const cpuSecondsOf = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
};

const peakMbOf = (pid: number): number => Math.round(Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024);

const stop = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await exited;
  clearTimeout(late);
};
