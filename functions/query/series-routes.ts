import type { Context } from 'hono';
import { installationWatermark } from '../../shared/catalog/watermarks.ts';
import { HttpFault } from '../../shared/http/http-fault.ts';
import { type Labels, labelValue } from '../../shared/model/labels.ts';
import { compareUtf8 } from '../../shared/model/utf8.ts';
import type { Matcher } from '../../shared/promql/matcher.ts';
import { parseMatchers } from './match-parameter.ts';
import { seriesLabels } from '../../shared/storage/select-series.ts';
import { success } from './answers.ts';
import { deadlineOf } from './deadline.ts';
import { invalidParameter, limitParameter, timeParameter, unescapeLabelName } from './params.ts';
import { requestParameters } from './request-parameters.ts';
import type { QueryPorts } from './query-ports.ts';

/**
 * How far back a request looks that names no start. Prometheus looks at everything; here every file of every hour would be
 * decoded for it (1.5 s for 1,000 files of 4,000 series, measured), and whoever asks without times (a shell, an editor's
 * completion) wants what is there now. With a start it is as far back as that, for as long as the deadline allows.
 */
const DEFAULT_RANGE_MS = 24 * 3_600_000;

const TRUNCATED = 'results truncated due to limit';

/** Label sets that match, from the same files as samples. */
const findLabels = async (ports: QueryPorts, params: URLSearchParams, selectors: readonly (readonly Matcher[])[]): Promise<readonly Labels[]> => {
  const endMs = timeParameter(params, 'end', ports.nowMs());
  const startMs = timeParameter(params, 'start', endMs - DEFAULT_RANGE_MS);
  if (endMs < startMs) throw invalidParameter('end', 'end timestamp must not be before start timestamp');
  return seriesLabels({ ...ports, check: deadlineOf(ports, params) }, selectors, startMs, endMs);
};

const answerList = async (ports: QueryPorts, c: Context, params: URLSearchParams, list: (selectors: readonly (readonly Matcher[])[]) => Promise<readonly string[]>): Promise<Response> => {
  const limit = limitParameter(params);
  const selectors = params.getAll('match[]').map(parseMatchers);
  const watermarkMs = await installationWatermark(ports.catalog);
  const found = await list(selectors);
  const isCut = found.length > limit;
  return success(c, `[${(isCut ? found.slice(0, limit) : found).join(',')}]`, { watermarkMs, ...(isCut ? { warnings: [TRUNCATED] } : {}) });
};

/** Every label set as an object. */
export const seriesRoute = async (ports: QueryPorts, c: Context): Promise<Response> => {
  const params = await requestParameters(c.req.raw);
  if (!params.has('match[]')) throw new HttpFault(400, 'no match[] parameter provided');
  return answerList(ports, c, params, async (selectors) => (await findLabels(ports, params, selectors)).map(labelsJson));
};

/** `__proto__` is a label name like any other, so the object is written by hand. */
const labelsJson = (labels: Labels): string => `{${labels.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`;

export const labelNamesRoute = async (ports: QueryPorts, c: Context): Promise<Response> => {
  const params = await requestParameters(c.req.raw);
  return answerList(ports, c, params, async (selectors) => {
    const found = await findLabels(ports, params, selectors);
    return sortedJson(new Set(found.flatMap((labels) => labels.map(([name]) => name))));
  });
};

export const labelValuesRoute = async (ports: QueryPorts, c: Context, escapedName: string): Promise<Response> => {
  const params = await requestParameters(c.req.raw);
  const name = unescapeLabelName(escapedName);
  if (name === '' || !name.isWellFormed()) throw new HttpFault(400, `invalid label name: ${JSON.stringify(name)}`);
  return answerList(ports, c, params, async (selectors) => {
    const found = await findLabels(ports, params, selectors);
    return sortedJson(new Set(found.map((labels) => labelValue(labels, name)).filter((value) => value !== '')));
  });
};

const sortedJson = (texts: ReadonlySet<string>): string[] => [...texts].sort(compareUtf8).map((text) => JSON.stringify(text));
