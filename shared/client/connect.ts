import { randomBytes } from 'node:crypto';
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

/** 10 s: the interval that the sizes and prices of the design are reckoned with. */
const DEFAULT_FLUSH_INTERVAL_MS = 10_000;

/**
 * The client's composition root in a user's process: the real clock, a timer that does not keep the process alive, `fetch`.
 * Where there is no time between calls (a Lambda), use `close` or `client.flush()` before the handler answers.
 */
export const connect = (options: ConnectOptions): Connection => {
  const { registry, onFlush, beforeFlush, ...rest } = options;
  const flushIntervalMs = options.flushIntervalMs ?? DEFAULT_FLUSH_INTERVAL_MS;
  const client = new MetricsClient({ ...rest, flushIntervalMs, bootId: randomBytes(8), nowMs: Date.now, fetch }, registry);
  const flush = async (): Promise<FlushReport> => {
    await beforeFlush?.();
    const report = await client.flush();
    onFlush?.(report);
    return report;
  };
  const timer = setInterval(() => void flush(), flushIntervalMs);
  timer.unref();
  return {
    client,
    close: () => {
      clearInterval(timer);
      return flush();
    },
  };
};
