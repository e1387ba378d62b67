import type { LabelPair } from '../model/labels.ts';
import { SampleBatchBuilder } from '../model/sample-batch.ts';
import { STALE_HIGH, STALE_LOW } from '../model/stale.ts';
import { type Decoded, RejectionList } from './decoded.ts';
import { LabelCache } from './label-cache.ts';
import type { SampleLimits } from './limits.ts';
import { ProtobufReader } from './protobuf-reader.ts';
import { readHistogram } from './remote-write-histogram.ts';
import { checkHistogramCount, checkSampleCount } from './sample-count.ts';
import { identify, type RefusedSeries, type SeriesIdentity } from './series-identity.ts';

/** `prometheus.MetricMetadata.MetricType` (prompb/types.proto), by number. */
const METRIC_TYPES = ['unknown', 'counter', 'gauge', 'histogram', 'gaugehistogram', 'summary', 'info', 'stateset'] as const;

/** A tag of a protobuf field: number and wire type. */
const field = (number: number, wireType: 0 | 1 | 2): number => number * 8 + wireType;

const TIMESERIES = field(1, 2);
const METADATA = field(3, 2);
const LABEL = field(1, 2);
const SAMPLE = field(2, 2);
const HISTOGRAM = field(4, 2);
const LABEL_NAME = field(1, 2);
const LABEL_VALUE = field(2, 2);
const SAMPLE_VALUE = field(1, 1);
const SAMPLE_TIME = field(2, 0);

/**
 * Prometheus remote write 1 (`prometheus.WriteRequest`), after snappy. Labels may come in any order; a series whose labels
 * are bad is rejected and the rest taken. Stale markers and NaN keep their bits. A native histogram with the sum of a stale marker is
 * one. Exemplars are left out.
 * @throws MalformedBodyError when the bytes are no such message.
 */
export const decodeRemoteWrite = (body: Uint8Array, limits: SampleLimits, cache: LabelCache = new LabelCache()): Decoded => {
  const decoder = new RemoteWriteDecoder(body, limits, cache);
  return decoder.decode();
};

class RemoteWriteDecoder {
  private readonly reader: ProtobufReader;
  private readonly builder = new SampleBatchBuilder();
  private readonly rejected = new RejectionList();
  private readonly limits: SampleLimits;
  private readonly cache: LabelCache;
  private series = 0;
  private histograms = 0;

  constructor(body: Uint8Array, limits: SampleLimits, cache: LabelCache) {
    this.reader = new ProtobufReader('remote write', body);
    this.limits = limits;
    this.cache = cache;
  }

  decode(): Decoded {
    const { reader } = this;
    while (reader.at < reader.bytes.length) {
      const tag = reader.tag();
      if (tag === TIMESERIES) this.timeSeries(reader.enter());
      else if (tag === METADATA) this.metadata(reader.enter());
      else reader.skip(tag);
    }
    return { batch: this.builder.build(), rejected: this.rejected.take() };
  }

  private timeSeries(end: number): void {
    const { reader } = this;
    const index = this.series++;
    const place = (): string => `timeseries[${index}]`;
    const start = reader.at;
    const shape = this.survey(end);
    reader.at = start;
    const samples = shape.samples + shape.histograms;
    checkSampleCount('remote write', this.builder.samples + samples);
    checkHistogramCount('remote write', (this.histograms += shape.histograms));
    const identity = shape.labelsFirst ? this.cached(start, shape.labelsEnd) : this.labels(start, end);
    if ('reason' in identity) {
      if (samples > 0) this.rejected.add(identity.reason, samples, place);
    } else if (samples > 0) {
      this.builder.series(identity.metric, identity.labelsJson);
      reader.at = shape.labelsFirst ? shape.labelsEnd : start;
      this.samples(end, place);
    }
    reader.at = end;
  }

  /** What stands in a TimeSeries. Every encoder writes the labels first; protobuf allows any order. */
  private survey(end: number): { labelsFirst: boolean; labelsEnd: number; samples: number; histograms: number } {
    const { reader } = this;
    let labelsEnd = reader.at;
    let labelsFirst = true;
    let samples = 0;
    let histograms = 0;
    while (reader.at < end) {
      const start = reader.at;
      const tag = reader.tag();
      reader.skip(tag);
      if (tag === LABEL) {
        if (start !== labelsEnd) labelsFirst = false;
        labelsEnd = reader.at;
      } else if (tag === SAMPLE) samples++;
      else if (tag === HISTOGRAM) histograms++;
    }
    reader.leave(end);
    return { labelsFirst, labelsEnd, samples, histograms };
  }

  private cached(start: number, end: number): SeriesIdentity | RefusedSeries {
    const key = this.reader.key(start, end);
    const known = this.cache.get(key);
    if (known !== undefined) return known;
    const identity = this.labels(start, end);
    if (!('reason' in identity)) this.cache.set(key, identity);
    return identity;
  }

  private labels(start: number, end: number): SeriesIdentity | RefusedSeries {
    const { reader } = this;
    const pairs: LabelPair[] = [];
    reader.at = start;
    while (reader.at < end) {
      const tag = reader.tag();
      if (tag !== LABEL) reader.skip(tag);
      // Judged before the strings are built; the metric's name counts as one.
      else if (pairs.length > this.limits.labelsPerSeries) return { reason: `more than ${this.limits.labelsPerSeries} labels` };
      else pairs.push(this.label(reader.enter()));
    }
    return identify(pairs);
  }

  private label(end: number): LabelPair {
    const { reader } = this;
    let name = '';
    let value = '';
    while (reader.at < end) {
      const tag = reader.tag();
      if (tag === LABEL_NAME) name = reader.string();
      else if (tag === LABEL_VALUE) value = reader.string();
      else reader.skip(tag);
    }
    reader.leave(end);
    return [name, value];
  }

  private samples(end: number, place: () => string): void {
    const { reader, builder } = this;
    while (reader.at < end) {
      const tag = reader.tag();
      if (tag === SAMPLE) this.sample(reader.enter(), builder);
      else if (tag === HISTOGRAM) this.histogram(reader.enter(), place);
      else reader.skip(tag);
    }
  }

  private sample(end: number, builder: SampleBatchBuilder): void {
    const { reader } = this;
    let tMs = 0;
    let low = 0;
    let high = 0;
    while (reader.at < end) {
      const tag = reader.tag();
      if (tag === SAMPLE_VALUE) {
        reader.fixed64();
        low = reader.low;
        high = reader.high;
      } else if (tag === SAMPLE_TIME) tMs = reader.int64();
      else reader.skip(tag);
    }
    reader.leave(end);
    builder.sampleBits(tMs, low, high);
  }

  private histogram(end: number, place: () => string): void {
    const sent = readHistogram(this.reader, end);
    if (sent.kind === 'histogram') this.builder.histogram(sent.tMs, sent.bytes);
    else if (sent.kind === 'stale') this.builder.sampleBits(sent.tMs, STALE_LOW, STALE_HIGH);
    else this.rejected.add(sent.reason, 1, place);
  }

  private metadata(end: number): void {
    const { reader } = this;
    let type = 0;
    const texts = ['', '', '', ''];
    while (reader.at < end) {
      const tag = reader.tag();
      if (tag === field(1, 0)) type = reader.varint();
      else if (tag === field(2, 2)) texts[0] = reader.string();
      else if (tag === field(4, 2)) texts[1] = reader.string();
      else if (tag === field(5, 2)) texts[2] = reader.string();
      else reader.skip(tag);
    }
    reader.leave(end);
    const [metric = '', help = '', unit = ''] = texts;
    if (metric !== '') this.builder.describe({ metric, type: METRIC_TYPES[type] ?? 'unknown', help, unit });
  }
}
