import { allBuckets, boundariesOf } from '../histograms/bucket-bounds.ts';
import type { Histogram } from '../histograms/histogram.ts';
import type { Labels } from '../model/labels.ts';
import { formatDecimal, formatSeconds, formatValue } from './number-text.ts';
import type { QueryValue, ResultSeries } from './query-result.ts';

const metricJson = (labels: Labels): string => `{${labels.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`;

const pointJson = (tMs: number, value: number): string => `[${formatSeconds(tMs)},"${formatValue(value)}"]`;

/** Only populated buckets, each with the code of its ends; no `buckets` when there is none. */
const histogramJson = (tMs: number, histogram: Histogram): string => {
  const buckets = allBuckets(histogram)
    .filter(({ count }) => count !== 0)
    .map((bucket) => `[${boundariesOf(histogram, bucket)},"${formatValue(bucket.lower)}","${formatValue(bucket.upper)}","${formatValue(bucket.count)}"]`);
  const list = buckets.length === 0 ? '' : `,"buckets":[${buckets.join(',')}]`;
  return `[${formatSeconds(tMs)},{"count":"${formatValue(histogram.count)}","sum":"${formatValue(histogram.sum)}"${list}}]`;
};

/** More than a range query has steps (11,000). A series of stored samples may have millions, and shares its times with no other. */
const MOST_KEPT_TIMES = 16_384;

/** The texts of times. Series without gaps share theirs, so those of the last one are kept. */
class TimeTexts {
  private tMs: Float64Array = new Float64Array(0);
  private texts: readonly string[] = [];

  of(tMs: Float64Array): readonly string[] | undefined {
    if (tMs.length > MOST_KEPT_TIMES) return undefined;
    if (tMs !== this.tMs) this.texts = Array.from(tMs, formatSeconds);
    this.tMs = tMs;
    return this.texts;
  }
}

/** Some 30 KB. */
const POINTS_A_PIECE = 1000;

function* seriesPieces({ labels, tMs, values, histograms }: ResultSeries, times: TimeTexts): Generator<string> {
  const texts = times.of(tMs);
  let piece = `{"metric":${metricJson(labels)}`;
  if (histograms === undefined || tMs.length > 0) {
    piece += ',"values":[';
    for (let i = 0; i < tMs.length; i++) {
      piece += `${i === 0 ? '' : ','}[${texts?.[i] ?? formatSeconds(tMs[i] as number)},"${formatValue(values[i] as number)}"]`;
      if (i % POINTS_A_PIECE !== POINTS_A_PIECE - 1) continue;
      yield piece;
      piece = '';
    }
    piece += ']';
  }
  if (histograms === undefined) return yield `${piece}}`;
  yield `${piece},"histograms":[`;
  for (const [i, histogram] of histograms.histograms.entries()) yield `${i === 0 ? '' : ','}${histogramJson(histograms.tMs[i] as number, histogram)}`;
  yield ']}';
}

const sampleJson = (labels: Labels, tMs: number, value: number, histogram: Histogram | undefined): string =>
  `{"metric":${metricJson(labels)},${histogram === undefined ? `"value":${pointJson(tMs, value)}` : `"histogram":${histogramJson(tMs, histogram)}`}}`;

/**
 * The `data` object of the query API in pieces, so that a great result need not be one text.
 * `resultType` comes before `result`: Grafana buffers the whole answer otherwise.
 */
export function* resultJson(value: QueryValue): Generator<string> {
  yield `{"resultType":"${value.type}","result":`;
  switch (value.type) {
    case 'scalar':
      // Unlike samples, without an exponent (promql/value.go, Scalar.MarshalJSON).
      yield `[${formatSeconds(value.tMs)},"${formatDecimal(value.value)}"]`;
      break;
    case 'string':
      yield `[${formatSeconds(value.tMs)},${JSON.stringify(value.value)}]`;
      break;
    case 'vector':
      yield '[';
      for (let i = 0; i < value.labels.length; i++) {
        yield `${i === 0 ? '' : ','}${sampleJson(value.labels[i] as Labels, value.tMs, value.values[i] as number, value.histograms?.get(i))}`;
      }
      yield ']';
      break;
    case 'matrix': {
      const times = new TimeTexts();
      yield '[';
      for (let i = 0; i < value.series.length; i++) {
        if (i > 0) yield ',';
        yield* seriesPieces(value.series[i] as ResultSeries, times);
      }
      yield ']';
      break;
    }
  }
  yield '}';
}
