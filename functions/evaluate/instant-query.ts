import { lastSeenIn } from '../../shared/alerting/roster.ts';
import type { SeenSeries } from '../../shared/alerting/roster.ts';
import { evaluateInstant, evaluateRange } from '../../shared/promql/engine.ts';
import type { RangeBounds } from '../../shared/promql/engine.ts';
import { PromqlLimitError } from '../../shared/promql/errors.ts';
import { instantVector } from '../../shared/promql/query-result.ts';
import type { InstantSample } from '../../shared/promql/query-result.ts';
import type { SelectSeries } from '../../shared/promql/series-source.ts';

export interface QueryTime {
  readonly clockMs: () => number;
  /** Of computing, between the answers of `select`. */
  readonly timeoutMs: number;
}

/**
 * What a rule's expression gives at one time: a vector, or a scalar as one sample without labels.
 * @throws PromqlLimitError when it computes for too long.
 */
export const instantQuery = async (select: SelectSeries, query: string, tMs: number, { clockMs, timeoutMs }: QueryTime): Promise<readonly InstantSample[]> => {
  const { timed, check } = limited(select, { clockMs, timeoutMs });
  return instantVector(await evaluateInstant(timed, query, tMs, { check }));
};

/**
 * The label sets that an expression has given at any step of a range, and at which one last.
 * @throws as {@link instantQuery}
 */
export const seenSeries = async (select: SelectSeries, query: string, bounds: RangeBounds, time: QueryTime): Promise<readonly SeenSeries[]> => {
  const { timed, check } = limited(select, time);
  return lastSeenIn(await evaluateRange(timed, query, bounds, { check }));
};

/** What ends a rule that computes for too long. */
const limited = (select: SelectSeries, { clockMs, timeoutMs }: QueryTime): { readonly timed: SelectSeries; readonly check: () => void } => {
  // Starts at the first look after the last answer of `select`. From there on a rule computes without waiting, so that rules
  // which run at the same time do not pay for one another.
  let untilMs: number | undefined;
  const check = (): void => {
    untilMs ??= clockMs() + timeoutMs;
    if (clockMs() > untilMs) throw new PromqlLimitError(`query timed out in expression evaluation: found more than ${timeoutMs} ms of computing`);
  };
  const timed: SelectSeries = async (request) => {
    const block = await select(request);
    untilMs = undefined;
    return block;
  };
  return { timed, check };
};
