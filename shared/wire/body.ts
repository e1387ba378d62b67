import { PermanentError } from '../errors.ts';
import type { MetricMetadata, SampleBatch } from '../model/sample-batch.ts';
import { ByteCursor } from './byte-cursor.ts';
import { ByteWriter } from './byte-writer.ts';
import type { FrameVersion } from './envelope.ts';
import { DEFAULT_FRAME_CAPS, type FrameCaps } from './frame-caps.ts';
import { LabelSetWriter, readLabelSets } from './label-sets.ts';
import { readStringTable, StringTableWriter } from './string-table.ts';
import { readTimeVectors, type TimeVectors, TimeVectorWriter } from './time-vectors.ts';
import { readValues, ValueWriter } from './value-columns.ts';

/** A body before compression. */
export interface WrittenBody {
  readonly bytes: Uint8Array;
  readonly version: FrameVersion;
  /** Why no decoder with the default caps would take it; the batch is to be split. */
  readonly tooLarge?: string;
}

/** The sections of a body in the order of FORMAT.md. */
export const writeBody = (batch: SampleBatch): WrittenBody => {
  const version = batch.histograms === undefined ? 1 : 2;
  const tooMany = overCounts(batch);
  if (tooMany !== undefined) return { bytes: new Uint8Array(0), version, tooLarge: tooMany };
  const strings = new StringTableWriter();
  const labelSets = new LabelSetWriter(strings);
  const times = new TimeVectorWriter(batch.tMs);
  const values = new ValueWriter(batch.values, batch.histograms);
  const series = writeSeries(batch, strings, labelSets, times, values);
  const metadata = writeMetadata(batch.metadata, strings);
  const out = new ByteWriter(series.length * 2 + batch.values.length * 2 + 1024);
  out.section(strings.take());
  out.section(labelSets.take());
  out.section(metadata);
  out.section(times.take());
  out.section(series);
  values.takeInto(out);
  const bytes = out.take();
  const tooLarge = overCaps(bytes.length, strings.count, labelSets.units);
  return tooLarge === undefined ? { bytes, version } : { bytes, version, tooLarge };
};

const overCounts = ({ metrics, tMs, metadata, histograms }: SampleBatch): string | undefined => {
  const caps = DEFAULT_FRAME_CAPS;
  const held = histograms?.places.length ?? 0;
  const within = metrics.length <= caps.series && tMs.length <= caps.samples && metadata.length <= caps.series && held <= caps.histograms;
  return within ? undefined : `${metrics.length} series, ${tMs.length} samples, ${held} histograms, ${metadata.length} descriptions`;
};

const overCaps = (bodyBytes: number, strings: number, labelUnits: number): string | undefined => {
  const caps = DEFAULT_FRAME_CAPS;
  const within = bodyBytes <= caps.bodyBytes && strings <= caps.strings && labelUnits <= caps.labelUnits;
  return within ? undefined : `a body of ${bodyBytes} bytes with ${strings} strings and ${labelUnits} characters of labels`;
};

const writeSeries = (
  batch: SampleBatch,
  strings: StringTableWriter,
  labelSets: LabelSetWriter,
  times: TimeVectorWriter,
  values: ValueWriter,
): Uint8Array => {
  const { metrics, labels, offsets } = batch;
  const out = new ByteWriter(3 * metrics.length + 16);
  let metricBefore = 0;
  let labelSetBefore = 0;
  let vectorBefore = 0;
  out.varint(metrics.length);
  for (let k = 0; k < metrics.length; k++) {
    const start = offsets[k] as number;
    const end = offsets[k + 1] as number;
    const metric = strings.ref(named(metrics[k] as string));
    const labelSet = labelSets.ref(labels[k] as string);
    const vector = times.ref(start, end);
    out.zigzag(metric - metricBefore);
    out.zigzag(labelSet - labelSetBefore);
    out.zigzag(vector - vectorBefore);
    values.series(start, end);
    metricBefore = metric;
    labelSetBefore = labelSet;
    vectorBefore = vector;
  }
  return out.take();
};

const named = (metric: string): string => {
  if (metric === '') throw new PermanentError('encode frame: found a series without a metric name, every series needs one');
  return metric;
};

const writeMetadata = (metadata: readonly MetricMetadata[], strings: StringTableWriter): Uint8Array => {
  const out = new ByteWriter(8 * metadata.length + 16);
  out.varint(metadata.length);
  for (const { metric, type, help, unit } of metadata) {
    out.varint(strings.ref(named(metric)));
    for (const text of [type, help, unit]) out.varint(strings.ref(text));
  }
  return out.take();
};

/** @throws FrameError for anything that {@link writeBody} could not have written from a valid batch. */
export const readBody = (bytes: Uint8Array, version: FrameVersion, caps: FrameCaps): SampleBatch => {
  const body = new ByteCursor('body', bytes);
  const strings = readStringTable(body.section('string table'), caps);
  const labelSets = readLabelSets(body.section('label sets'), strings, caps);
  const metadata = readMetadata(body.section('metadata'), strings, caps);
  const times = readTimeVectors(body.section('timestamp vectors'), caps);
  const series = readSeries(body.section('series'), strings, labelSets, times, caps);
  const samples = series.offsets[series.metrics.length] as number;
  const tMs = spread(times, series.vectors, series.offsets, samples);
  const { metrics, labels, offsets } = series;
  return { metrics, labels, offsets, tMs, ...readValues(body, offsets, version, caps), metadata };
};

const readMetadata = (cursor: ByteCursor, strings: readonly string[], caps: FrameCaps): MetricMetadata[] => {
  const count = cursor.cappedCount('metadata', 4, caps.series);
  const text = (): string => strings[cursor.ref('string', strings.length)] as string;
  const metadata: MetricMetadata[] = [];
  for (let i = 0; i < count; i++) metadata.push({ metric: metricName(cursor, text()), type: text(), help: text(), unit: text() });
  cursor.close();
  return metadata;
};

const metricName = (cursor: ByteCursor, metric: string): string => {
  if (metric === '') throw cursor.error('an empty metric name');
  return metric;
};

interface SeriesColumns {
  readonly metrics: string[];
  readonly labels: string[];
  /** Per series, the timestamp vector it shares. */
  readonly vectors: Uint32Array;
  readonly offsets: Uint32Array;
}

const readSeries = (
  cursor: ByteCursor,
  strings: readonly string[],
  labelSets: readonly string[],
  times: TimeVectors,
  caps: FrameCaps,
): SeriesColumns => {
  const count = cursor.cappedCount('series', 3, caps.series);
  const columns = { metrics: [] as string[], labels: [] as string[], vectors: new Uint32Array(count), offsets: new Uint32Array(count + 1) };
  let metric = 0;
  let labelSet = 0;
  let vector = 0;
  let samples = 0;
  for (let k = 0; k < count; k++) {
    metric += cursor.zigzag();
    labelSet += cursor.zigzag();
    vector += cursor.zigzag();
    const name = strings[metric];
    const labels = labelSets[labelSet];
    const vectorEnd = times.offsets[vector + 1];
    if (name === undefined || labels === undefined || vector < 0 || vectorEnd === undefined) {
      throw cursor.error(`series ${k} refers to string ${metric}, label set ${labelSet}, vector ${vector}: not all are there`);
    }
    samples += vectorEnd - (times.offsets[vector] as number);
    // Many series may share one vector, so this count is not bounded by the bytes.
    if (samples > caps.samples) throw cursor.error(`more than ${caps.samples} samples`);
    columns.metrics.push(metricName(cursor, name));
    columns.labels.push(labels);
    columns.vectors[k] = vector;
    columns.offsets[k + 1] = samples;
  }
  cursor.close();
  return columns;
};

/** Each series' own copy of its timestamps. */
const spread = (times: TimeVectors, vectors: Uint32Array, offsets: Uint32Array, samples: number): Float64Array => {
  const tMs = new Float64Array(samples);
  const from = times.tMs;
  for (let k = 0; k < vectors.length; k++) {
    const end = offsets[k + 1] as number;
    let source = times.offsets[vectors[k] as number] as number;
    for (let i = offsets[k] as number; i < end; i++) tMs[i] = from[source++] as number;
  }
  return tMs;
};
