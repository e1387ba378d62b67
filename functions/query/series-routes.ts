import type { Context } from 'hono';
import { installationWatermark } from '../../shared/catalog/watermarks.ts';
import { HttpFault } from '../../shared/http/http-fault.ts';
import type { Labels } from '../../shared/model/labels.ts';
import type { PiecePorts } from '../../shared/storage/sample-pieces.ts';
import { listLabelNames, listLabelValues, listSeries, type ListRequest, type SeriesList } from '../../shared/storage/series-lists.ts';
import { success, successInPieces } from './answers.ts';
import { deadlineOf } from './deadline.ts';
import { matchParameters } from './match-parameter.ts';
import { limitParameter, timeParameter, unescapeLabelName } from './params.ts';
import { requestParameters } from './request-parameters.ts';
import type { QueryPorts } from './query-ports.ts';

const TRUNCATED = 'results truncated due to limit';

type List<T> = (ports: PiecePorts, request: ListRequest) => Promise<SeriesList<T>>;

/** What `list` finds for the parameters of the request. Without times that is everything there is, as in Prometheus. */
const answerList = async <T>(ports: QueryPorts, c: Context, params: URLSearchParams, list: List<T>, jsonOf: (found: T) => string): Promise<Response> => {
  const limit = limitParameter(params);
  const selectors = matchParameters(params);
  const toMs = timeParameter(params, 'end', Infinity);
  const fromMs = timeParameter(params, 'start', -Infinity);
  // Prometheus finds nothing there, and says nothing.
  if (toMs < fromMs) return success(c, '[]');
  // Before the files: what the watermark promises, they hold.
  const watermarkMs = await installationWatermark(ports.catalog);
  const { found, sinceMs } = await list({ ...ports, check: deadlineOf(ports, params, c.req.raw.signal) }, { selectors, fromMs, toMs });
  const warnings = [...(found.length > limit ? [TRUNCATED] : []), ...(sinceMs === undefined ? [] : [sinceText(sinceMs)])];
  const listed = found.slice(0, limit);
  return successInPieces(c, () => listPieces(listed, jsonOf), { watermarkMs, warnings }, ports.limits.maxAnswerBytes);
};

const sinceText = (sinceMs: number): string =>
  `results are complete from ${new Date(sinceMs).toISOString()} on: the time before has too many series to look through, ask for a shorter time`;

function* listPieces<T>(found: readonly T[], jsonOf: (found: T) => string): Generator<string> {
  yield '[';
  for (const [i, each] of found.entries()) yield `${i === 0 ? '' : ','}${jsonOf(each)}`;
  yield ']';
}

/** Every label set as an object. */
export const seriesRoute = async (ports: QueryPorts, c: Context): Promise<Response> => {
  const params = await requestParameters(c.req.raw);
  if (!params.has('match[]')) throw new HttpFault(400, 'no match[] parameter provided');
  return answerList(ports, c, params, listSeries, labelsJson);
};

/** `__proto__` is a label name like any other, so the object is written by hand. */
const labelsJson = (labels: Labels): string => `{${labels.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`;

export const labelNamesRoute = async (ports: QueryPorts, c: Context): Promise<Response> =>
  answerList(ports, c, await requestParameters(c.req.raw), listLabelNames, (name) => JSON.stringify(name));

export const labelValuesRoute = async (ports: QueryPorts, c: Context, escapedName: string): Promise<Response> => {
  const params = await requestParameters(c.req.raw);
  const name = unescapeLabelName(escapedName);
  if (name === '' || !name.isWellFormed()) throw new HttpFault(400, `invalid label name: ${JSON.stringify(name)}`);
  return answerList(ports, c, params, (piecePorts, request) => listLabelValues(piecePorts, name, request), (value) => JSON.stringify(value));
};
