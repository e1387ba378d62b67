import { type Labels, METRIC_NAME, formatLabels } from '../model/labels.ts';
import { type Api, callApi } from './api.ts';
import { toTable } from './table.ts';

export interface QueryOptions {
  /** Unix seconds or RFC 3339; now if absent. */
  readonly time?: string;
  /** With start: a range query. Prometheus' own forms of time and duration. */
  readonly start?: string;
  readonly end?: string;
  readonly step?: string;
  readonly json: boolean;
}

type Point = readonly [timeS: number, value: string];
interface SeriesJson {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: Point;
  readonly values?: readonly Point[];
}
interface Answer {
  readonly data: { readonly resultType: string; readonly result: readonly SeriesJson[] | Point };
  readonly warnings?: readonly string[];
}

/** Runs a PromQL query and gives a table, or the answer's own JSON. */
export const query = async (api: Api, expr: string, options: QueryOptions): Promise<string> => {
  const form = new URLSearchParams({ query: expr });
  for (const name of ['time', 'start', 'end', 'step'] as const) {
    const value = options[name];
    if (value !== undefined) form.set(name, value);
  }
  const path = options.start === undefined ? '/api/v1/query' : '/api/v1/query_range';
  const text = await callApi(api, path, { method: 'POST', body: form.toString(), contentType: 'application/x-www-form-urlencoded' });
  if (options.json) return text;
  const answer = JSON.parse(text) as Answer;
  return [...(answer.warnings ?? []).map((warning) => `warning: ${warning}`), render(answer)].join('\n');
};

const render = ({ data }: Answer): string => {
  if (data.resultType === 'scalar' || data.resultType === 'string') return String((data.result as Point)[1]);
  const series = data.result as readonly SeriesJson[];
  if (series.length === 0) return 'no series';
  const rows = series.flatMap((each) => (each.values ?? (each.value === undefined ? [] : [each.value])).map((point) => rowOf(each, point)));
  return toTable(['series', 'time', 'value'], rows);
};

const rowOf = (series: SeriesJson, [timeS, value]: Point): string[] => [
  formatLabels(labelsOf(series.metric)),
  new Date(timeS * 1000).toISOString(),
  value,
];

const labelsOf = (metric: Readonly<Record<string, string>>): Labels =>
  Object.entries(metric).toSorted(([a], [b]) => Number(b === METRIC_NAME) - Number(a === METRIC_NAME));
