import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { messageOf } from '../../shared/errors.ts';
import { loadServer, type ServerLoad } from './load-server.ts';
import type { Measurement } from './measure.ts';
import { PEER_SERVERS } from './peer-servers.ts';
import { bytesPerSample, type Figure, hourOfSamples, samplesPerCpuSecond, type STEPS } from './storage-steps.ts';

type Timing = 'regular' | 'jittered';

/** Who else writes the hour as one sorted Parquet file. */
const PEER_WRITERS = [
  { subject: 'DuckDB', step: 'duckdb' },
  { subject: 'hyparquet-writer', step: 'hyparquet' },
  { subject: 'parquetjs-lite', step: 'parquetjs' },
] as const;

/** What is open goes with `exit`. */
const stop = (): void => process.exit(130);

const say = (text: string): boolean => process.stderr.write(`${text}\n`);

/**
 * One hour of 10,000 series at 10 s: 3.6 M samples, `jittered` unless the case says that their times are `regular`.
 *
 * - `hot`: the store step makes a hot object of each minute, 6 samples a series, in a process that starts cold.
 * - `compacted-*`: the hour as it is kept. Ours is the merge of the 60 hot objects, DuckDB does the same with a query; the npm
 *   writers get sorted rows in memory, parquetjs-lite those of a fifth of the hosts; the servers take the samples by their own
 *   protocol, and flush and merge. All that is kept counts, indexes too.
 * - `compaction`: our merge again, with the 1m tier made in the same pass.
 * - `rollup`: the 1m tier alone, from decoded samples.
 *
 * Each step is a process, so that its peak of memory is its own. Our merge and rollup run four times in theirs, as in a function that
 * stays warm: the time is that of the best run, the peak that of all. Of a server the time includes flush and merge. Who is missing is named on stderr.
 */
export async function* storage(): AsyncGenerator<Measurement> {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-bench-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
  try {
    yield* jittered(folder);
    yield* regular(folder);
  } finally {
    remove();
    process.removeListener('exit', remove);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.removeListener(signal, stop);
  }
}

async function* jittered(temp: string): AsyncGenerator<Measurement> {
  const step = stepsIn(temp, 'jittered');
  await step('make-records');
  yield* rows('hot', 'Tidemark', await step('store'));
  yield* compacted(temp, 'jittered');
  yield* rows('compaction', 'Tidemark', await step('compact-and-roll-up'));
  yield* rows('rollup', 'Tidemark', await step('roll-up'));
}

async function* regular(temp: string): AsyncGenerator<Measurement> {
  const step = stepsIn(temp, 'regular');
  await step('make-records');
  await step('store');
  yield* compacted(temp, 'regular');
}

async function* compacted(temp: string, timing: Timing): AsyncGenerator<Measurement> {
  const name = `compacted-${timing}`;
  const step = stepsIn(temp, timing);
  yield* rows(name, 'Tidemark', await step('compact'));
  for (const { subject, step: writer } of PEER_WRITERS) {
    yield* await orLeftOut(name, subject, async () => rows(name, subject, await step(writer)));
  }
  const batches = hourOfSamples(timing === 'jittered');
  for (const peer of PEER_SERVERS) {
    say(`${timing}: ${peer.name} ...`);
    yield* await orLeftOut(name, peer.name, async () => serverRows(name, await loadServer(peer, join(temp, `${timing}-${peer.package}`), batches)));
  }
}

const serverRows = (name: string, loaded: ServerLoad | { readonly missing: string }): readonly Measurement[] => {
  if ('missing' in loaded) throw new Error(loaded.missing);
  const { subject, sampleBytes, indexBytes, cpuSeconds, peakMb } = loaded;
  return rows(name, subject, [
    bytesPerSample(sampleBytes + indexBytes),
    samplesPerCpuSecond(cpuSeconds),
    { metric: 'peak_rss_mb', value: peakMb, unit: 'MB' },
    bytesPerSample(indexBytes, 'index_bytes_per_sample'),
  ]);
};

/** A peer that cannot be measured ends no bench. */
const orLeftOut = async (name: string, peer: string, measure: () => Promise<readonly Measurement[]>): Promise<readonly Measurement[]> => {
  try {
    return await measure();
  } catch (error) {
    say(`${name}: ${peer} is left out: ${messageOf(error)}`);
    return [];
  }
};

const rows = (name: string, subject: string, figures: readonly Figure[]): readonly Measurement[] =>
  figures.map((figure) => ({ bench: 'storage', case: name, subject, ...figure }));

const run = promisify(execFile);

/** Runs steps, each as a process of its own, and gives their figures. */
const stepsIn =
  (temp: string, timing: Timing) =>
  async (name: keyof typeof STEPS): Promise<readonly Figure[]> => {
    say(`${timing}: ${name} ...`);
    const { stdout } = await run(process.execPath, [join(import.meta.dirname, 'storage-step.ts'), name, join(temp, timing), timing]);
    return JSON.parse(stdout) as readonly Figure[];
  };
