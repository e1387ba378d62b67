import type { Context } from 'hono';
import { installationWatermark } from '../../shared/catalog/watermarks.ts';
import { HttpFault } from '../../shared/http/http-fault.ts';
import { DEFAULT_LOOKBACK_MS, evaluateInstant, evaluateRange, type QueryOptions, type RangeBounds } from '../../shared/promql/engine.ts';
import type { FileState } from '../../shared/promql/range-cache.ts';
import type { QueryResult } from '../../shared/promql/query-result.ts';
import { resultJson } from '../../shared/promql/result-json.ts';
import type { SelectSeries } from '../../shared/promql/series-source.ts';
import { type Resolution, RESOLUTIONS } from '../../shared/promql/tier-source.ts';
import { fileState } from '../../shared/storage/file-state.ts';
import { makeSelectCounts } from '../../shared/storage/sample-pieces.ts';
import { makeSelectBatches } from '../../shared/storage/select-batches.ts';
import { makeSelectSeries } from '../../shared/storage/select-series.ts';
import { makeSelectTiers } from '../../shared/storage/select-tiers.ts';
import { DEFAULT_RETENTION } from '../../shared/tiers/retention.ts';
import { successInPieces } from './answers.ts';
import { deadlineOf } from './deadline.ts';
import { invalidParameter, limitParameter, parseFault, parseStepMs, rangeParameters, timeParameter } from './params.ts';
import { startQueryClock, statsJson } from './query-stats.ts';
import { requestParameters } from './request-parameters.ts';
import type { QueryPorts } from './query-ports.ts';

type Evaluate = (select: SelectSeries, query: string, options: QueryOptions) => Promise<QueryResult>;

/** `/api/v1/query` */
export const instantRoute = async (ports: QueryPorts, c: Context): Promise<Response> => {
  const params = await requestParameters(c.req.raw);
  const tMs = timeParameter(params, 'time', ports.nowMs());
  return answerQuery(ports, c, params, (select, query, options) => evaluateInstant(select, query, tMs, options));
};

/** `/api/v1/query_range` */
export const rangeRoute = async (ports: QueryPorts, c: Context): Promise<Response> => {
  const params = await requestParameters(c.req.raw);
  const range = rangeParameters(params);
  return answerQuery(ports, c, params, (select, query, options) => rangeOf(ports, range, query, options, (bounds) => evaluateRange(select, query, bounds, options)));
};

/** Answers out of buckets are of old times, which are asked seldom: those of samples are held. */
const rangeOf = (ports: QueryPorts, range: RangeBounds, query: string, options: QueryOptions, evaluate: (bounds: RangeBounds) => Promise<QueryResult>): Promise<QueryResult> => {
  const variant = options.sources?.tiers?.resolution ?? 'raw';
  if (ports.results === undefined || variant !== 'raw') return evaluate(range);
  const stateOf = (fromMs: number, toMs: number): Promise<FileState> => fileState(ports.catalog, fromMs, toMs);
  return ports.results.evaluate({ ...range, query, lookbackMs: options.lookbackMs ?? DEFAULT_LOOKBACK_MS, variant }, { stateOf, evaluate });
};

const answerQuery = async (ports: QueryPorts, c: Context, params: URLSearchParams, evaluate: Evaluate): Promise<Response> => {
  const options = optionsOf(ports, params, c.req.raw.signal);
  const limit = limitParameter(params);
  // Before the samples: what the watermark promises, they hold.
  const watermarkMs = await installationWatermark(ports.catalog);
  const counts = makeSelectCounts();
  const clock = startQueryClock(ports.nowMs);
  const storage = { retention: DEFAULT_RETENTION, ...ports, check: options.check, nowMs: clock.startedMs };
  const sources = {
    batches: clock.timed(makeSelectBatches(storage, counts)),
    tiers: { select: clock.timed(makeSelectTiers(storage, counts)), resolution: resolutionParameter(params) },
  };
  const result = await evaluate(clock.timed(makeSelectSeries(storage, counts)), params.get('query') ?? '', { ...options, sources }).catch((error: unknown) => {
    throw parseFault(error);
  });
  const { value, isCut } = cutTo(result, limit);
  const warnings = isCut ? [...result.warnings, 'results truncated due to limit'] : result.warnings;
  const notes = { warnings, infos: result.infos, watermarkMs };
  if ((params.get('stats') ?? '') === '') return successInPieces(c, () => resultJson(value), notes, ports.limits.maxAnswerBytes);
  const dollars = (durationMs: number): number => (ports.requestDollars?.(counts.requests) ?? 0) + (ports.computeDollars?.(durationMs) ?? 0);
  const cost = { counts, dollars, watermarkMs };
  const stats = statsJson(result, clock, ports.nowMs(), cost);
  return successInPieces(c, () => withStats(resultJson(value), stats), notes, ports.limits.maxAnswerBytes);
};

/** `stats` goes behind `result`, into the same object; the pieces of a result end with its closing brace. */
function* withStats(pieces: Iterable<string>, stats: string): Generator<string> {
  let held = '';
  for (const piece of pieces) {
    yield held;
    held = piece;
  }
  yield `${held.slice(0, -1)},"stats":${stats}}`;
}

const cutTo = (result: QueryResult, limit: number): { readonly value: QueryResult; readonly isCut: boolean } => {
  if (result.type === 'vector' && result.labels.length > limit) {
    return { value: { ...result, labels: result.labels.slice(0, limit), values: result.values.subarray(0, limit) }, isCut: true };
  }
  if (result.type === 'matrix' && result.series.length > limit) return { value: { ...result, series: result.series.slice(0, limit) }, isCut: true };
  return { value: result, isCut: false };
};

const optionsOf = (ports: QueryPorts, params: URLSearchParams, signal: AbortSignal): QueryOptions => {
  const lookbackMs = lookbackParameter(params);
  return { maxSamples: ports.limits.maxSamples, check: deadlineOf(ports, params, signal), ...(lookbackMs === undefined ? {} : { lookbackMs }) };
};

/** Ours: which tier a query would rather read. */
const resolutionParameter = (params: URLSearchParams): Resolution => {
  const text = params.get('resolution') ?? '';
  if (text === '') return 'raw';
  const found = RESOLUTIONS.find((resolution) => resolution === text);
  if (found === undefined) throw invalidParameter('resolution', `found ${JSON.stringify(text.slice(0, 100))}, ${RESOLUTIONS.join(', ')} are allowed`);
  return found;
};

/** Prometheus takes its default instead of what is not positive, and words this parameter in its own way. */
const lookbackParameter = (params: URLSearchParams): number | undefined => {
  const text = params.get('lookback_delta') ?? '';
  if (text === '') return undefined;
  const lookbackMs = parseStepMs(text);
  if (lookbackMs === undefined) throw new HttpFault(400, `error parsing lookback delta duration: cannot parse ${JSON.stringify(text.slice(0, 100))} to a valid duration`);
  return lookbackMs > 0 ? lookbackMs : undefined;
};
