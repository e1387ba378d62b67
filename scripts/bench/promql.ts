import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../../shared/errors.ts';
import { HOUR_MS } from '../../shared/model/hour.ts';
import type { SampleBatch } from '../../shared/model/sample-batch.ts';
import { evaluateRange } from '../../shared/promql/engine.ts';
import { resultJson } from '../../shared/promql/result-json.ts';
import { startTidemark } from '../../test/support/tidemark-process.ts';
import { debianPrograms } from '../debian.ts';
import { type AnswerData, answerOf, differenceOf } from '../promql-differential/answers.ts';
import { startServer } from './load-server.ts';
import type { Measurement } from './measure.ts';
import { type Ask, type PeerServer, prometheus, untilQuiet, victoriaMetrics } from './peer-servers.ts';
import { makeLake } from './promql-lake.ts';
import { blockOf, boundsOf, HOURS, makeCounters, POINTS, QUERY } from './promql-workload.ts';
import { cutScrapes } from './workload.ts';

/** A server that has the samples: what starts it anew, and how it answers. */
interface Subject {
  readonly name: string;
  readonly start: () => Promise<{ readonly get: (path: string) => Promise<string>; readonly stop: () => Promise<unknown> }>;
  /** Beside those of the query. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Whether its rate() is not Prometheus'. */
  readonly hasOwnRate?: boolean;
  /** The server's own seconds out of its answer; the whole answer's where it tells none. */
  readonly engineSeconds?: (body: Answer) => number;
}

interface Answer {
  readonly data: AnswerData & { readonly stats?: { readonly timings: { readonly evalTotalTime: number } } };
}

/** Restarts, and queries once warm. The best counts: others on the machine only ever make a run slower. */
const COLD_RUNS = 5;
const WARM_RUNS = 20;
const WARM_UP_RUNS = 5;
const SCRAPES_PER_REQUEST = 10;
/** Peers have one processor, as our engine has one thread. */
const ONE_PROCESSOR = { GOMAXPROCS: '1' };
const SETTLED_MS = 4000;

/**
 * `sum by (g) (rate(x[5m]))` over 2,000 series of 6 h at 15 s, in steps of a minute.
 *
 * - `engine`: ours over blocks in memory; Prometheus' own `evalTotalTime`, which includes reading its chunks; of VictoriaMetrics, which
 *   tells no such time, the whole answer over HTTP, of 20 series.
 * - `http-cold`: the first query after a start, over loopback. Ours is `npm start` over compacted Parquet. Files are in the page cache of the system.
 * - `http-warm`: queries after it. Each begins at another millisecond, so that caches of results answer none; VictoriaMetrics' is off besides.
 *
 * All subjects give the same series, Prometheus and we the same values, or the bench fails. Who is missing is named on stderr.
 */
export async function* promql(): AsyncGenerator<Measurement> {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-bench-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  try {
    const startMs = Math.floor((Date.now() - HOUR_MS) / HOUR_MS) * HOUR_MS - HOURS * HOUR_MS;
    const batch = makeCounters(startMs);
    const subjects = await prepare(folder, startMs, batch);
    yield* await measure(subjects, ourEngine(batch, startMs), startMs);
  } finally {
    remove();
    process.removeListener('exit', remove);
  }
}

const row = (name: string, subject: string, seconds: number): Measurement =>
  ({ bench: 'promql', case: name, subject, metric: 'seconds', value: Math.round(seconds * 1e5) / 1e5, unit: 's' });

const say = (text: string): boolean => process.stderr.write(`${text}\n`);

const secondsOf = async (call: () => Promise<unknown>): Promise<number> => {
  const startedMs = performance.now();
  await call();
  return (performance.now() - startedMs) / 1000;
};

const ourEngine = (batch: SampleBatch, startMs: number): ((run: number) => Promise<AnswerData>) => {
  const block = blockOf(batch);
  return async (run) => JSON.parse([...resultJson(await evaluateRange(async () => block, QUERY, boundsOf(startMs, run)))].join('')) as AnswerData;
};

const prepare = async (folder: string, startMs: number, batch: SampleBatch): Promise<readonly Subject[]> => {
  say('tidemark: fills ...');
  await makeLake(join(folder, 'tidemark'), startMs, batch);
  const tidemark: Subject = {
    name: 'tidemark',
    parameters: {},
    start: async () => {
      const { url, stop } = await startTidemark({ data: join(folder, 'tidemark') });
      return { get: async (path) => (await fetch(`${url}${path}`)).text(), stop };
    },
  };
  const peers = [
    await fill(prometheus, 'prometheus', folder, batch, { parameters: { stats: 'all' }, engineSeconds: ({ data }) => data.stats?.timings.evalTotalTime as number }),
    await fill(victoriaMetrics, 'victoria-metrics', folder, batch, { parameters: { nocache: '1' }, hasOwnRate: true }),
  ];
  return [tidemark, ...peers.filter((peer) => peer !== undefined)];
};

/** Writes all samples to the server, and stops it. Undefined when it cannot be had. */
const fill = async (peer: PeerServer, name: string, temp: string, batch: SampleBatch, rest: Pick<Subject, 'parameters' | 'hasOwnRate' | 'engineSeconds'>): Promise<Subject | undefined> => {
  say(`${name}: fills ...`);
  const folder = join(temp, name);
  mkdirSync(folder);
  const programs = debianPrograms([peer.package], [peer.program]);
  if ('missing' in programs) {
    say(`${name} is left out: ${programs.missing}`);
    return undefined;
  }
  const start = async (): Promise<{ ask: Ask; get: (path: string) => Promise<string>; stop: () => Promise<void> }> => {
    const server = await startServer(peer, folder, programs.folder, ONE_PROCESSOR);
    return { ...server, get: (path) => server.ask('GET', path) };
  };
  try {
    const { ask, stop } = await start();
    for (let from = 0; from < POINTS; from += SCRAPES_PER_REQUEST) await peer.send(ask, [cutScrapes(batch, POINTS, from, from + SCRAPES_PER_REQUEST)]);
    if (peer === victoriaMetrics) await peer.settle(ask, folder);
    else await untilQuiet(join(folder, 'kept'), SETTLED_MS);
    await stop();
    return { name, start, ...rest };
  } catch (error) {
    say(`${name} is left out: ${messageOf(error)}`);
    return undefined;
  }
};

const pathOf = ({ parameters }: Subject, startMs: number, run: number): string => {
  const { startMs: firstMs, endMs, stepMs } = boundsOf(startMs, run);
  return `/api/v1/query_range?${new URLSearchParams({ query: QUERY, start: String(firstMs / 1000), end: String(endMs / 1000), step: String(stepMs / 1000), ...parameters })}`;
};

/** The best of each case, by subject. */
type Best = Map<string, { cold: number; warm: number; engine: number }>;

/** Round by round, so that what else the machine does meets all alike. */
const measure = async (subjects: readonly Subject[], ours: ReturnType<typeof ourEngine>, startMs: number): Promise<readonly Measurement[]> => {
  const best: Best = new Map(['tidemark', ...subjects.map(({ name }) => name)].map((name) => [name, { cold: Infinity, warm: Infinity, engine: Infinity }]));
  const take = (name: string, kind: 'cold' | 'warm' | 'engine', seconds: number): void => {
    const own = best.get(name) as { cold: number; warm: number; engine: number };
    own[kind] = Math.min(own[kind], seconds);
  };
  const wanted = await ours(0);
  for (let restart = 0; restart < COLD_RUNS; restart++) {
    say(`cold, ${restart + 1} of ${COLD_RUNS} ...`);
    for (const subject of subjects) take(subject.name, 'cold', await coldSeconds(subject, startMs, wanted));
  }
  const running = await startAll(subjects, startMs);
  say('warm ...');
  for (let run = 1; run <= WARM_RUNS; run++) {
    take('tidemark', 'engine', await secondsOf(() => ours(run)));
    for (const { subject, get } of running) {
      let text = '';
      const seconds = await secondsOf(async () => (text = await get(pathOf(subject, startMs, run))));
      take(subject.name, 'warm', seconds);
      if (subject.name !== 'tidemark') take(subject.name, 'engine', subject.engineSeconds?.(JSON.parse(text) as Answer) ?? seconds);
    }
  }
  for (const { stop } of running) await stop();
  return CASES.flatMap(([name, kind]) => Array.from(best, ([subject, own]) => row(name, subject, own[kind])));
};

const CASES = [['engine', 'engine'], ['http-cold', 'cold'], ['http-warm', 'warm']] as const;

const coldSeconds = async (subject: Subject, startMs: number, wanted: AnswerData): Promise<number> => {
  const { get, stop } = await subject.start();
  let text = '';
  const seconds = await secondsOf(async () => (text = await get(pathOf(subject, startMs, 0))));
  await stop();
  expectSame(subject, JSON.parse(text) as Answer, wanted);
  return seconds;
};

/** All of them at once, each warmed up by a few queries. */
const startAll = async (subjects: readonly Subject[], startMs: number): Promise<readonly (Awaited<ReturnType<Subject['start']>> & { readonly subject: Subject })[]> => {
  const running = [];
  for (const subject of subjects) {
    const started = await subject.start();
    for (let run = 0; run < WARM_UP_RUNS; run++) await started.get(pathOf(subject, startMs, WARM_RUNS + 1 + run));
    running.push({ ...started, subject });
  }
  return running;
};

/** VictoriaMetrics' rate() is another function: of its answer the series count. */
const expectSame = ({ name, hasOwnRate }: Subject, { data }: Answer, wanted: AnswerData): void => {
  const difference = hasOwnRate === true ? undefined : differenceOf(answerOf(data), answerOf(wanted), 2);
  if (difference !== undefined) throw new Error(`promql: ${name}: found another answer than our engine's: ${difference}`);
  if (data.result.length !== wanted.result.length) throw new Error(`promql: ${name}: found ${data.result.length} series, ${wanted.result.length} are allowed`);
};
