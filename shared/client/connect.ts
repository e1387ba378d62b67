import { randomBytes } from 'node:crypto';
import { messageOf } from '../errors.ts';
import { type FlushReport, MetricsClient, type MetricsClientOptions } from './metrics-client.ts';
import type { MetricRegistry } from './metric-registry.ts';

export interface ConnectOptions extends Partial<Pick<MetricsClientOptions, 'key' | 'labels' | 'flushIntervalMs' | 'maxBufferedBytes'>> {
  readonly url: string;
  readonly sender: string;
  readonly registry?: MetricRegistry;
  /** Told after each flush. */
  readonly onFlush?: (report: FlushReport) => void;
  /** Called right before each flush, to bring gauges up to date. */
  readonly beforeFlush?: () => void | Promise<void>;
}

export interface Connection {
  readonly client: MetricsClient;
  /** Stops the timer and sends what is left. */
  close(): Promise<FlushReport>;
}

/** A server that takes a connection and never answers must not end the sending for good; ingest has 30 s on AWS. */
const ANSWER_WITHIN_MS = 35_000;

const fetchInTime: typeof fetch = (input, init) => fetch(input, { ...init, signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });

/** 10 s: the interval that the sizes and prices of the design are reckoned with. */
const DEFAULT_FLUSH_INTERVAL_MS = 10_000;

/**
 * The client's composition root in a user's process: the real clock, a timer that does not keep the process alive, `fetch`.
 * Where there is no time between calls (a Lambda), use `close` or `client.flush()` before the handler answers.
 */
export const connect = (options: ConnectOptions): Connection => {
  const { registry, onFlush, beforeFlush, ...rest } = options;
  const flushIntervalMs = options.flushIntervalMs ?? DEFAULT_FLUSH_INTERVAL_MS;
  const client = new MetricsClient({ ...rest, flushIntervalMs, bootId: randomBytes(8), nowMs: Date.now, fetch: fetchInTime }, registry);
  const flushNow = async (): Promise<FlushReport> => {
    // A gauge that cannot be read keeps nobody from sending the others, nor from living on.
    const problem = await Promise.resolve()
      .then(beforeFlush)
      .then(() => undefined, messageOf);
    const report = await client.flush();
    const told = problem === undefined ? report : { ...report, problem };
    onFlush?.(told);
    return told;
  };
  let last: Promise<FlushReport> | undefined;
  const flush = (): Promise<FlushReport> => {
    const flushing = flushNow().finally(() => {
      if (last === flushing) last = undefined;
    });
    last = flushing;
    return flushing;
  };
  const timer = setInterval(() => {
    // While one is under way, what comes meanwhile leaves with the next.
    if (last === undefined) void flush();
  }, flushIntervalMs);
  timer.unref();
  return {
    client,
    close: async () => {
      clearInterval(timer);
      // What came since the flush under way began is not in it.
      await last;
      return flush();
    },
  };
};
