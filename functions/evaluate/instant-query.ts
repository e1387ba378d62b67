import { lastSeenIn } from '../../shared/alerting/roster.ts';
import type { SeenSeries } from '../../shared/alerting/roster.ts';
import { evaluateInstant, evaluateRange } from '../../shared/promql/engine.ts';
import type { QueryOptions, RangeBounds } from '../../shared/promql/engine.ts';
import { PromqlLimitError } from '../../shared/promql/errors.ts';
import { instantVector } from '../../shared/promql/query-result.ts';
import type { InstantSample } from '../../shared/promql/query-result.ts';
import type { SelectSeries } from '../../shared/promql/series-source.ts';
import type { SelectTiers } from '../../shared/promql/tier-source.ts';

/** What a rule reads. */
export interface RuleReads {
  /** Samples. */
  readonly select: SelectSeries;
  /** Samples, and buckets of the times that these no longer cover. Left out: samples alone. */
  readonly tiers?: SelectTiers;
}

export interface QueryTime {
  readonly clockMs: () => number;
  /** Of computing, between the answers of `select`. */
  readonly timeoutMs: number;
}

/**
 * What a rule's expression gives at one time: a vector, or a scalar as one sample without labels.
 * @throws PromqlLimitError when it computes for too long.
 */
export const instantQuery = async (reads: RuleReads, query: string, tMs: number, { clockMs, timeoutMs }: QueryTime): Promise<readonly InstantSample[]> => {
  const { select, options } = limited(reads, { clockMs, timeoutMs });
  return instantVector(await evaluateInstant(select, query, tMs, options));
};

/**
 * The label sets that an expression has given at any step of a range, and at which one last.
 * @throws as {@link instantQuery}
 */
export const seenSeries = async (reads: RuleReads, query: string, bounds: RangeBounds, time: QueryTime): Promise<readonly SeenSeries[]> => {
  const { select, options } = limited(reads, time);
  return lastSeenIn(await evaluateRange(select, query, bounds, options));
};

/** What ends a rule that computes for too long. */
const limited = ({ select, tiers }: RuleReads, { clockMs, timeoutMs }: QueryTime): { readonly select: SelectSeries; readonly options: QueryOptions } => {
  // Starts at the first look after the last answer of `select`. From there on a rule computes without waiting, so that rules
  // which run at the same time do not pay for one another.
  let untilMs: number | undefined;
  const check = (): void => {
    untilMs ??= clockMs() + timeoutMs;
    if (clockMs() > untilMs) throw new PromqlLimitError(`query timed out in expression evaluation: found more than ${timeoutMs} ms of computing`);
  };
  const timed =
    <R, T>(read: (request: R) => Promise<T>) =>
    async (request: R): Promise<T> => {
      const answer = await read(request);
      untilMs = undefined;
      return answer;
    };
  // Where samples have gone, the longest buckets that answer the windows exactly.
  return { select: timed(select), options: { check, ...(tiers && { sources: { tiers: { select: timed(tiers), resolution: 'auto', keepsSampleTimes: true } } }) } };
};
