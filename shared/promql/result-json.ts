import type { Labels } from '../model/labels.ts';
import { formatSeconds, formatValue } from './number-text.ts';
import type { QueryValue, ResultSeries } from './query-result.ts';

const metricJson = (labels: Labels): string => `{${labels.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`;

const pointJson = (tMs: number, value: number): string => `[${formatSeconds(tMs)},"${formatValue(value)}"]`;

const seriesJson = ({ labels, tMs, values }: ResultSeries): string => {
  let points = '';
  for (let i = 0; i < tMs.length; i++) points += `${i === 0 ? '' : ','}${pointJson(tMs[i] as number, values[i] as number)}`;
  return `{"metric":${metricJson(labels)},"values":[${points}]}`;
};

/**
 * The `data` object of the query API in pieces, so that a great result need not be one text.
 * `resultType` comes before `result`: Grafana buffers the whole answer otherwise.
 */
export function* resultJson(value: QueryValue): Generator<string> {
  yield `{"resultType":"${value.type}","result":`;
  switch (value.type) {
    case 'scalar':
      yield pointJson(value.tMs, value.value);
      break;
    case 'string':
      yield `[${formatSeconds(value.tMs)},${JSON.stringify(value.value)}]`;
      break;
    case 'vector':
      yield '[';
      for (let i = 0; i < value.labels.length; i++) {
        yield `${i === 0 ? '' : ','}{"metric":${metricJson(value.labels[i] as Labels)},"value":${pointJson(value.tMs, value.values[i] as number)}}`;
      }
      yield ']';
      break;
    case 'matrix':
      yield '[';
      for (let i = 0; i < value.series.length; i++) yield `${i === 0 ? '' : ','}${seriesJson(value.series[i] as ResultSeries)}`;
      yield ']';
      break;
  }
  yield '}';
}
