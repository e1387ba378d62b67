import type { VectorSample } from '../../shared/alerting/rule-samples.ts';
import { evaluateInstant } from '../../shared/promql/engine.ts';
import { instantVector } from '../../shared/promql/query-result.ts';
import type { SelectSeries } from '../../shared/promql/series-source.ts';

/** What a rule's expression gives at one time: a vector, or a scalar as one sample without labels. */
export const instantQuery = async (select: SelectSeries, query: string, tMs: number): Promise<readonly VectorSample[]> =>
  instantVector(await evaluateInstant(select, query, tMs));
