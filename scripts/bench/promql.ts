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

/** Restarts, and queries after one to warm up. The best counts: others on the machine only ever make a run slower. */
const COLD_RUNS = 5;
const WARM_RUNS = 20;
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
  try {
    const startMs = Math.floor((Date.now() - HOUR_MS) / HOUR_MS) * HOUR_MS - HOURS * HOUR_MS;
    const batch = makeCounters(startMs);
    yield row('engine', 'tidemark', await bestSeconds(WARM_RUNS, ourEngine(batch, startMs)));
    const subjects = await prepare(folder, startMs, batch);
    const wanted = await ourEngine(batch, startMs)(0);
    const measured: Measurement[] = [];
    for (const subject of subjects) measured.push(...(await measure(subject, startMs, wanted)));
    for (const name of ['engine', 'http-cold', 'http-warm']) yield* measured.filter((one) => one.case === name);
  } finally {
    rmSync(folder, { recursive: true, force: true });
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

const bestSeconds = async (runs: number, call: (run: number) => Promise<unknown>): Promise<number> => {
  await call(0);
  let best = Infinity;
  for (let run = 1; run <= runs; run++) best = Math.min(best, await secondsOf(() => call(run)));
  return best;
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

const measure = async (subject: Subject, startMs: number, wanted: AnswerData): Promise<readonly Measurement[]> => {
  say(`${subject.name}: answers ...`);
  let cold = Infinity;
  for (let restart = 0; restart < COLD_RUNS; restart++) {
    const { get, stop } = await subject.start();
    let text = '';
    cold = Math.min(cold, await secondsOf(async () => (text = await get(pathOf(subject, startMs, 0)))));
    expectSame(subject, JSON.parse(text) as Answer, wanted);
    await stop();
  }
  const { get, stop } = await subject.start();
  let engine = Infinity;
  const warm = await bestSeconds(WARM_RUNS, async (run) => {
    const text = await get(pathOf(subject, startMs, run));
    engine = Math.min(engine, subject.engineSeconds?.(JSON.parse(text) as Answer) ?? Infinity);
  });
  await stop();
  const own = subject.name === 'tidemark' ? [] : [row('engine', subject.name, engine === Infinity ? warm : engine)];
  return [...own, row('http-cold', subject.name, cold), row('http-warm', subject.name, warm)];
};

/** VictoriaMetrics' rate() is another function: of its answer the series count. */
const expectSame = ({ name, hasOwnRate }: Subject, { data }: Answer, wanted: AnswerData): void => {
  const difference = hasOwnRate === true ? undefined : differenceOf(answerOf(data), answerOf(wanted), 2);
  if (difference !== undefined) throw new Error(`promql: ${name}: found another answer than our engine's: ${difference}`);
  if (data.result.length !== wanted.result.length) throw new Error(`promql: ${name}: found ${data.result.length} series, ${wanted.result.length} are allowed`);
};
