import type { QueryResult } from '../../shared/promql/query-result.ts';
import type { SelectCounts } from '../../shared/storage/sample-pieces.ts';

/** Where the time of a query went, Unix ms and ms. */
export interface QueryClock {
  readonly startedMs: number;
  /** Counts the time of `read`. */
  readonly timed: <R, T>(read: (request: R) => Promise<T>) => (request: R) => Promise<T>;
  /** Spent waiting for storage so far; selectors are loaded side by side, so the longest of those at one time counts. */
  storageMs(): number;
}

/** Measures how long reads take. */
export const startQueryClock = (nowMs: () => number): QueryClock => {
  const startedMs = nowMs();
  let running = 0;
  let sinceMs = 0;
  let spentMs = 0;
  return {
    startedMs,
    timed: (read) => async (request) => {
      if (running++ === 0) sinceMs = nowMs();
      try {
        return await read(request);
      } finally {
        if (--running === 0) spentMs += nowMs() - sinceMs;
      }
    },
    storageMs: () => spentMs,
  };
};

export interface QueryCost {
  readonly counts: SelectCounts;
  /** By the milliseconds that it took. */
  readonly dollars: (durationMs: number) => number;
  readonly watermarkMs: number | undefined;
}

/**
 * `stats` of an answer: Prometheus' `timings` (seconds) and `samples`, and beside them what was read for it. Samples per step
 * are left out, as Prometheus does unless they are switched on.
 */
export const statsJson = (result: QueryResult, clock: QueryClock, endedMs: number, { counts, dollars, watermarkMs }: QueryCost): string => {
  const totalMs = endedMs - clock.startedMs;
  const storageMs = clock.storageMs();
  return JSON.stringify({
    timings: {
      evalTotalTime: totalMs / 1000,
      resultSortTime: 0,
      queryPreparationTime: storageMs / 1000,
      innerEvalTime: (totalMs - storageMs) / 1000,
      execQueueTime: 0,
      execTotalTime: totalMs / 1000,
    },
    samples: { totalQueryableSamples: result.samplesRead, peakSamples: result.samplesRead + resultSamples(result) },
    watermarkMs: watermarkMs ?? null,
    bytes: counts.bytes,
    files: counts.files,
    requests: counts.requests,
    dollars: dollars(totalMs),
    tiers: result.tiers,
  });
};

const resultSamples = (result: QueryResult): number => {
  if (result.type === 'matrix') return result.series.reduce((sum, { tMs, histograms }) => sum + tMs.length + (histograms?.tMs.length ?? 0), 0);
  return result.type === 'vector' ? result.labels.length : 1;
};
