import { setImmediate as nextTurn } from 'node:timers/promises';
import { Hono } from 'hono';
import type { BacktestPorts } from '../../shared/backtest/backtest-ports.ts';
import type { BacktestCost, BacktestMessage } from '../../shared/backtest/report.ts';
import { runBacktest } from '../../shared/backtest/run-backtest.ts';
import { readOnce } from '../../shared/catalog/read-once.ts';
import { messageOf } from '../../shared/errors.ts';
import { HttpFault } from '../../shared/http/http-fault.ts';
import { readBody } from '../../shared/http/read-body.ts';
import { makePieceCache } from '../../shared/storage/piece-cache.ts';
import { type SelectCounts, makeSelectCounts } from '../../shared/storage/sample-pieces.ts';
import { makeSelectBatches } from '../../shared/storage/select-batches.ts';
import { DEFAULT_MAX_SAMPLES, makeSelectSeries } from '../../shared/storage/select-series.ts';
import { makeSelectTiers } from '../../shared/storage/select-tiers.ts';
import type { AdminPorts } from './admin-ports.ts';
import { type Tried, readTried } from './backtest-request.ts';
import { type VirtualPager, openVirtualPager } from './virtual-pager.ts';

/** Rule files have 4 MiB at most each; escaped for JSON, some more. */
const BODY_BYTES = 32 * 1024 * 1024;
/** Of one backtest alone: 8 M samples. What it reads of old times is of no use to queries. */
const CACHE_BYTES = 128 * 1024 * 1024;
/** Others wait no longer than a slow query would have them. */
const TURN_MS = 20;

/** What `tidemark backtest` calls: lines of JSON, the plan first, then how far it is, and the report last. One at a time. */
export const backtestRoutes = (ports: AdminPorts): Hono => {
  const app = new Hono();
  let isRunning = false;
  const take = (): (() => void) => {
    if (isRunning) throw new HttpFault(429, 'backtest: found one that is running, one at a time is allowed', { retryAfterS: 10 });
    isRunning = true;
    return once(() => (isRunning = false));
  };
  app.post('/', async (c) => {
    const tried = await readTried(ports, await readBody(c.req.raw, BODY_BYTES));
    const stop = new AbortController();
    const { signal } = c.req.raw;
    signal.addEventListener('abort', () => stop.abort());
    if (signal.aborted) stop.abort();
    const release = tried.isDry ? () => undefined : take();
    return new Response(streamOf(run(ports, tried, stop.signal), stop, release), { headers: { 'content-type': 'application/x-ndjson' } });
  });
  return app;
};

async function* run(ports: AdminPorts, { after, before, alertmanager, range, plan, isDry }: Tried, signal: AbortSignal): AsyncGenerator<BacktestMessage> {
  yield { plan };
  if (isDry) return;
  const counts = makeSelectCounts();
  const common = historyPorts(ports, counts, signal);
  const pagers: VirtualPager[] = [];
  try {
    const sets = [];
    for (const groups of before === undefined ? [after] : [after, before]) {
      const pager = alertmanager === undefined ? undefined : await openVirtualPager(alertmanager);
      if (pager !== undefined) pagers.push(pager);
      sets.push({ groups, ports: { ...common, ...(pager && { pager }) } });
    }
    const steps = runBacktest(sets, range);
    let step = await steps.next();
    for (; step.done !== true; step = await steps.next()) yield { progress: step.value };
    const [report, other] = step.value;
    if (report !== undefined) yield { done: { after: report, ...(other && { before: other }), cost: costOf(ports, counts) } };
  } finally {
    for (const pager of pagers) await pager.close();
  }
}

const costOf = ({ requestDollars }: AdminPorts, counts: SelectCounts): BacktestCost => ({ ...counts, dollars: requestDollars?.(counts.requests) ?? 0 });

const historyPorts = (ports: AdminPorts, counts: SelectCounts, signal: AbortSignal): BacktestPorts => {
  const cache = makePieceCache(CACHE_BYTES);
  const nowMs = ports.clockMs();
  let turnMs = nowMs;
  const check = (): void => {
    if (signal.aborted) throw new Error('backtest: nobody waits for it any more');
  };
  return {
    openHistory: () => {
      // Other retention classes are found by the catalog; what is settled here is of the default one.
      const storage = { objects: ports.objects, catalog: readOnce(ports.catalog), cache, retention: ports.retention, nowMs, limits: { maxSamples: DEFAULT_MAX_SAMPLES }, check };
      return { select: makeSelectSeries(storage, counts), tiers: makeSelectTiers(storage, counts), batches: makeSelectBatches(storage, counts) };
    },
    check,
    yieldTurn: async () => {
      check();
      if (ports.clockMs() - turnMs < TURN_MS) return;
      await nextTurn();
      turnMs = ports.clockMs();
    },
    externalLabels: [],
    externalUrl: '',
  };
};

const once = (work: () => void): (() => void) => {
  let isDone = false;
  return () => {
    if (!isDone) work();
    isDone = true;
  };
};

/**
 * A line for each message, made as it is asked for. What goes wrong behind the first is a line too: the status is out by then.
 * `over` is called at the end of it all, once or more often.
 */
const streamOf = (messages: AsyncGenerator<BacktestMessage>, stop: AbortController, over: () => void): ReadableStream<Uint8Array> => {
  const next = async (): Promise<BacktestMessage | undefined> => {
    try {
      const { value, done } = await messages.next();
      return done === true ? undefined : value;
    } catch (error) {
      return { error: messageOf(error) };
    }
  };
  // Whoever has gone away may neither read on nor say so to the stream.
  const end = (): void => void messages.return(undefined).then(over, over);
  if (stop.signal.aborted) end();
  stop.signal.addEventListener('abort', end);
  return new ReadableStream({
    pull: async (controller) => {
      const message = await next();
      if (message === undefined || 'error' in message) over();
      if (stop.signal.aborted) return;
      if (message === undefined) controller.close();
      else controller.enqueue(Buffer.from(`${JSON.stringify(message)}\n`));
    },
    cancel: () => stop.abort(),
  });
};
