import { evaluateInstant } from '../../shared/promql/engine.ts';
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
  return instantVector(await evaluateInstant(timed, query, tMs, { check }));
};
