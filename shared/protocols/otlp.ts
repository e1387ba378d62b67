import { BodyTooLargeError } from './body-too-large-error.ts';
import { type Decoded, RejectionList } from './decoded.ts';
import { DEFAULT_SAMPLE_LIMITS, type SampleLimits } from './limits.ts';
import { formatDecimal } from './number-text.ts';
import { parseOtlpJson } from './otlp-json.ts';
import { OtlpAttributeSet } from './otlp-attribute-set.ts';
import { exponentialBytes } from './otlp-exponential.ts';
import { attributeLabels, resourceLabels, type ResourceLabels } from './otlp-labels.ts';
import { otlpMetricName } from './otlp-names.ts';
import { parseOtlpProtobuf } from './otlp-protobuf.ts';
import type { OtlpAttribute, OtlpKind, OtlpMetric, OtlpPoint, OtlpResource } from './otlp-shape.ts';
import { SeriesCollector } from './series-collector.ts';
import { identifyLabels } from './series-identity.ts';

export { encodeOtlpResponse } from './otlp-response.ts';

export type OtlpEncoding = 'protobuf' | 'json';

/** `DataPointFlags.DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK`. */
const NO_RECORDED_VALUE = 1;
const CUMULATIVE = 2;

/** No classic histogram has more: each bucket is a series. */
const BUCKETS_MAX = 1000;

/** Characters of labels that are put together for one body, over all points and their buckets: a bound on work. */
const LABEL_WORK_UNITS_MAX = 512 * 1024 * 1024;

/**
 * An OTLP `ExportMetricsServiceRequest` with names and labels as Prometheus' own OTLP receiver makes them. Rejections count
 * data points, as `partial_success` does.
 * @throws MalformedBodyError when the body is no such request.
 */
export const decodeOtlp = (body: Uint8Array, encoding: OtlpEncoding, limits: SampleLimits = DEFAULT_SAMPLE_LIMITS): Decoded => {
  const converter = new OtlpConverter(limits);
  for (const resource of encoding === 'json' ? parseOtlpJson(body) : parseOtlpProtobuf(body)) converter.resource(resource);
  return converter.take();
};

/** A metric whose points can be stored. */
interface Named {
  readonly name: string;
  readonly kind: OtlpKind;
  readonly points: readonly OtlpPoint[];
}

/** What a point gives: a suffix for the name, labels of its own, and the value. */
type Part = readonly [suffix: string, value: number, label?: readonly [name: string, value: string]];

class OtlpConverter {
  private readonly collector = new SeriesCollector();
  private readonly rejected = new RejectionList();
  private readonly limits: SampleLimits;
  private labelWorkUnits = 0;

  constructor(limits: SampleLimits) {
    this.limits = limits;
  }

  resource({ attributes, metrics }: OtlpResource): void {
    const labels = resourceLabels(attributes);
    // Points that have the same attributes share one array of them (otlp-protobuf.ts).
    const sets = new Map<readonly OtlpAttribute[], OtlpAttributeSet>();
    const setOf = (own: readonly OtlpAttribute[]): OtlpAttributeSet => {
      let set = sets.get(own);
      if (set === undefined) sets.set(own, (set = new OtlpAttributeSet(own, labels.target, (each) => this.overLimits(each))));
      return set;
    };
    let newestMs = -Infinity;
    for (const metric of metrics) {
      const named = this.named(metric);
      if (named === undefined) continue;
      for (const point of named.points) {
        if (this.point(named, point, setOf(point.attributes))) newestMs = Math.max(newestMs, point.tMs);
      }
    }
    if (newestMs > -Infinity) this.targetInfo(labels, newestMs);
  }

  take(): Decoded {
    return { batch: this.collector.build(), rejected: this.rejected.take() };
  }

  private named(metric: OtlpMetric): Named | undefined {
    const { kind, points, monotonic, unit } = metric;
    if (kind === undefined || points.length === 0) return undefined;
    const name = otlpMetricName(metric.name, unit, kind, monotonic) ?? '';
    const reason = this.nameReason(name) ?? refusal(metric, kind);
    if (reason !== undefined) {
      this.rejected.add(reason, points.length, () => place(metric.name));
      return undefined;
    }
    this.collector.describe({ metric: name, type: metadataType(kind, monotonic), help: metric.description, unit });
    return { name, kind, points };
  }

  private nameReason(name: string): string | undefined {
    const { metricNameBytes } = this.limits;
    if (name === '') return 'a metric without a usable name';
    return name.length > metricNameBytes ? `metric name longer than ${metricNameBytes} bytes` : undefined;
  }

  /** Whether the point was taken: all of its parts, or none. */
  private point({ name, kind }: Named, point: OtlpPoint, set: OtlpAttributeSet): boolean {
    if (kind === 'exponential histogram' && !isStale(point)) return this.exponential(name, point, set);
    const parts = partsOf(kind, point);
    if (typeof parts === 'string') return this.refuse(parts, name);
    const texts: string[] = [];
    for (const [, , label] of parts) {
      const json = set.json(name, label);
      if (typeof json !== 'string') return this.refuse(json.reason, name);
      texts.push(json);
    }
    parts.forEach(([suffix, value], i) => {
      const series = this.collector.series(name + suffix, texts[i] as string);
      if (isStale(point)) this.collector.stale(series, point.tMs);
      else this.collector.sample(series, point.tMs, value);
    });
    return true;
  }

  private exponential(name: string, point: OtlpPoint, set: OtlpAttributeSet): boolean {
    const sent = exponentialBytes(point);
    if ('reason' in sent) return this.refuse(sent.reason, name);
    const json = set.json(name);
    if (typeof json !== 'string') return this.refuse(json.reason, name);
    this.collector.histogram(this.collector.series(name, json), point.tMs, sent.bytes);
    return true;
  }

  private refuse(reason: string, name: string): false {
    this.rejected.add(reason, 1, () => place(name));
    return false;
  }

  /** Judged before labels are put together. */
  private overLimits(labels: ReadonlyMap<string, string>): string | undefined {
    const { labelsPerSeries, labelNameBytes, labelValueBytes } = this.limits;
    if (labels.size > labelsPerSeries) return `more than ${labelsPerSeries} labels`;
    let units = 0;
    for (const [name, value] of labels) {
      if (name.length > labelNameBytes) return `label name longer than ${labelNameBytes} bytes`;
      if (value.length > labelValueBytes) return `label value longer than ${labelValueBytes} bytes`;
      units += name.length + value.length;
    }
    this.labelWorkUnits += units;
    if (this.labelWorkUnits > LABEL_WORK_UNITS_MAX) {
      throw new BodyTooLargeError('otlp', 'labels', `more than ${LABEL_WORK_UNITS_MAX} characters, smaller requests allowed`);
    }
    return undefined;
  }

  /** The other attributes of a resource, joined to its series by job and instance; without those it would join nothing. */
  private targetInfo({ target, info }: ResourceLabels, tMs: number): void {
    if (target.length === 0 || info.length === 0) return;
    const labels = attributeLabels(info, target);
    if (labels === undefined || this.overLimits(labels) !== undefined) return;
    const identity = identifyLabels('target_info', labels);
    if ('reason' in identity) return;
    this.collector.describe({ metric: 'target_info', type: 'info', help: 'Target metadata', unit: '' });
    this.collector.sample(this.collector.series('target_info', identity.labelsJson), tMs, 1);
  }
}

const isStale = ({ flags }: OtlpPoint): boolean => flags % 2 === NO_RECORDED_VALUE;

const refusal = ({ temporality }: OtlpMetric, kind: OtlpKind): string | undefined => {
  if (kind === 'gauge' || kind === 'summary' || temporality === CUMULATIVE) return undefined;
  return temporality === 1
    ? 'delta temporality cannot be summed here: export cumulative, or use the deltatocumulative processor of the collector'
    : 'a sum or histogram without a temporality, cumulative needed';
};

const metadataType = (kind: OtlpKind, monotonic: boolean): string => {
  if (kind === 'sum') return monotonic ? 'counter' : 'gauge';
  return kind === 'exponential histogram' ? 'histogram' : kind;
};

/** The samples of a point, or why there are none. */
const partsOf = (kind: OtlpKind, point: OtlpPoint): Part[] | string => {
  if (kind === 'histogram') return histogramParts(point);
  if (kind === 'summary') return summaryParts(point);
  return point.value === undefined && !isStale(point) ? 'a data point without a value' : [['', point.value ?? 0]];
};

const histogramParts = ({ count = 0, sum, bounds = [], bucketCounts = [] }: OtlpPoint): Part[] | string => {
  if (bucketCounts.length > BUCKETS_MAX) return `a histogram of ${bucketCounts.length} buckets, ${BUCKETS_MAX} allowed`;
  if (bucketCounts.length !== 0 && bucketCounts.length !== bounds.length + 1) {
    return `a histogram of ${bucketCounts.length} buckets and ${bounds.length} bounds, one bucket more than bounds needed`;
  }
  const parts: Part[] = sum === undefined ? [] : [['_sum', sum]];
  parts.push(['_count', count]);
  let cumulative = 0;
  bounds.forEach((bound, i) => {
    cumulative += bucketCounts[i] ?? 0;
    if (bucketCounts.length > 0 && bound < Infinity) parts.push(['_bucket', cumulative, ['le', formatDecimal(bound)]]);
  });
  parts.push(['_bucket', count, ['le', '+Inf']]);
  return parts;
};

const summaryParts = ({ count = 0, sum = 0, quantiles = [] }: OtlpPoint): Part[] | string => {
  if (quantiles.length > BUCKETS_MAX) return `a summary of ${quantiles.length} quantiles, ${BUCKETS_MAX} allowed`;
  return [
    ['_sum', sum],
    ['_count', count],
    ...quantiles.map(([quantile, value]): Part => ['', value, ['quantile', formatDecimal(quantile)]]),
  ];
};

/** Long enough to find a metric by. */
const place = (name: string): string => `metric ${JSON.stringify(name.slice(0, 100))}`;
