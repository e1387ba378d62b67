import { HistogramList } from '../model/histogram-column.ts';
import { labelsFromJson, formatLabels } from '../model/labels.ts';
import type { MetricMetadata, SampleBatch } from '../model/sample-batch.ts';
import { latestArrivalMs, type Retention } from '../tiers/retention.ts';
import { type Rejection, RejectionList } from './decoded.ts';
import { SERIES_TEXT_UNITS_MAX } from './series-identity.ts';

/** What a sample may look like, and how far its time may lie from the arrival of the record that carries it. */
export interface SampleLimits {
  readonly labelsPerSeries: number;
  readonly metricNameBytes: number;
  readonly labelNameBytes: number;
  readonly labelValueBytes: number;
  readonly futureMs: number;
  readonly ageMs: number;
}

/**
 * Lengths are Mimir's defaults (`max_length_label_name` 1024, `max_length_label_value` 2048, which it applies to the
 * metric's name too; ours gets a name's limit). Mimir allows 30 labels (`max_label_names_per_series`); OpenTelemetry
 * resources with promoted attributes pass that, so 64. A sender's clock may be an hour ahead; raw retention is 7 days, and
 * late samples are taken until 2 days before its end, so that an hour can still be rebuilt.
 */
export const DEFAULT_SAMPLE_LIMITS: SampleLimits = {
  labelsPerSeries: 64,
  metricNameBytes: 1024,
  labelNameBytes: 1024,
  labelValueBytes: 2048,
  futureMs: 3_600_000,
  ageMs: 5 * 86_400_000,
};

/** Those of an installation that keeps its samples otherwise: what is as old as its raw tier less two days is taken. */
export const limitsFor = (retention: Retention): SampleLimits => ({ ...DEFAULT_SAMPLE_LIMITS, ageMs: latestArrivalMs(retention) });

/**
 * What the store allows beyond the time range. Ingest judges by its own clock before the record has an arrival stamp, and a
 * sample at the edge that it took must not be refused behind the acknowledgement; no put takes as long as this.
 */
export const ARRIVAL_MARGIN_MS = 60_000;

/**
 * The samples within the limits, judged by the arrival of their record, so that a retry decides the same; the time range is
 * wider by `marginMs` at both ends. The batch itself comes back when all are. Metadata with a metric name over its limit is left out, and long texts are cut to 1024 characters
 * (Mimir's `max_metadata_length`).
 */
export const applyLimits = (
  batch: SampleBatch,
  arrivalMs: number,
  limits: SampleLimits = DEFAULT_SAMPLE_LIMITS,
  marginMs = 0,
): { readonly batch: SampleBatch; readonly rejected: readonly Rejection[] } => {
  const rejected = new RejectionList();
  const refusedSeries = findRefusedSeries(batch, limits);
  const oldestMs = arrivalMs - limits.ageMs - marginMs;
  const newestMs = arrivalMs + limits.futureMs + marginMs;
  const metadata = shortMetadata(batch.metadata, limits);
  if (refusedSeries.size === 0 && allWithin(batch.tMs, oldestMs, newestMs)) {
    return { batch: metadata === batch.metadata ? batch : { ...batch, metadata }, rejected: [] };
  }
  const keep = new Uint8Array(batch.tMs.length);
  for (let k = 0; k < batch.metrics.length; k++) {
    const reason = refusedSeries.get(k);
    const end = batch.offsets[k + 1] as number;
    for (let i = batch.offsets[k] as number; i < end; i++) {
      const why = reason ?? timeReason(batch.tMs[i] as number, oldestMs, newestMs, limits);
      if (why === undefined) keep[i] = 1;
      else rejected.add(why, 1, () => seriesName(batch, k));
    }
  }
  return { batch: { ...kept(batch, keep, refusedSeries), metadata }, rejected: rejected.take() };
};

const allWithin = (tMs: Float64Array, oldestMs: number, newestMs: number): boolean => {
  for (let i = 0; i < tMs.length; i++) {
    const t = tMs[i] as number;
    if (!(t >= oldestMs && t <= newestMs)) return false;
  }
  return true;
};

const timeReason = (t: number, oldestMs: number, newestMs: number, limits: SampleLimits): string | undefined => {
  if (t > newestMs) return `timestamp more than ${limits.futureMs / 60_000} minutes after arrival`;
  return t >= oldestMs ? undefined : `timestamp more than ${limits.ageMs / 3_600_000} hours before arrival`;
};

/** Long enough to find a series by, whatever its sender put into it. */
const PLACE_UNITS = 200;

const seriesName = (batch: SampleBatch, k: number): string => {
  const json = batch.labels[k] as string;
  const metric = batch.metrics[k] as string;
  return (json.length > 4096 ? metric : formatLabels(labelsFromJson(metric, json))).slice(0, PLACE_UNITS).toWellFormed();
};

/** Per refused series, the reason. */
const findRefusedSeries = (batch: SampleBatch, limits: SampleLimits): Map<number, string> => {
  const refused = new Map<number, string>();
  const known = new Map<string, string | undefined>();
  let lastJson = '{}';
  let lastReason: string | undefined;
  for (let k = 0; k < batch.metrics.length; k++) {
    const json = batch.labels[k] as string;
    if (json !== lastJson) {
      lastJson = json;
      const long = json.length > SERIES_TEXT_UNITS_MAX;
      lastReason = long ? labelsReason(json, limits) : known.get(json);
      if (!long && lastReason === undefined && !known.has(json)) known.set(json, (lastReason = labelsReason(json, limits)));
    }
    const reason = lastReason ?? metricReason(batch.metrics[k] as string, limits);
    if (reason !== undefined) refused.set(k, reason);
  }
  return refused;
};

const metricReason = (metric: string, limits: SampleLimits): string | undefined =>
  metric.length * 3 > limits.metricNameBytes && Buffer.byteLength(metric) > limits.metricNameBytes
    ? `metric name longer than ${limits.metricNameBytes} bytes`
    : undefined;

const METADATA_UNITS_MAX = 1024;

/** The same array when there is nothing to cut. */
const shortMetadata = (metadata: readonly MetricMetadata[], limits: SampleLimits): readonly MetricMetadata[] => {
  const isShort = ({ metric, type, help, unit }: MetricMetadata): boolean =>
    metricReason(metric, limits) === undefined && Math.max(type.length, help.length, unit.length) <= METADATA_UNITS_MAX;
  if (metadata.every(isShort)) return metadata;
  const cut = (text: string): string => text.slice(0, METADATA_UNITS_MAX).toWellFormed();
  return metadata
    .filter(({ metric }) => metricReason(metric, limits) === undefined)
    .map(({ metric, type, help, unit }) => ({ metric, type: cut(type), help: cut(help), unit: cut(unit) }));
};

const QUOTE = 0x22;

const labelsReason = (json: string, limits: SampleLimits): string | undefined => {
  if (json.length > SERIES_TEXT_UNITS_MAX) return `labels of more than ${SERIES_TEXT_UNITS_MAX} characters`;
  // A label takes 8 characters at least ("a":"b",) and a character 3 bytes at most, so short texts need no look.
  const { labelsPerSeries, labelNameBytes, labelValueBytes } = limits;
  if (json.length <= 8 * labelsPerSeries && json.length * 3 <= Math.min(labelNameBytes, labelValueBytes)) return undefined;
  let texts = 0;
  for (let at = 1; json.charCodeAt(at) === QUOTE; texts++) {
    const end = stringEnd(json, at);
    const limitBytes = texts % 2 === 0 ? labelNameBytes : labelValueBytes;
    if ((end - at) * 3 > limitBytes && jsonTextBytes(json.slice(at, end)) > limitBytes) {
      return `label ${texts % 2 === 0 ? 'name' : 'value'} longer than ${limitBytes} bytes`;
    }
    at = end + 1;
  }
  return texts / 2 > labelsPerSeries ? `more than ${labelsPerSeries} labels` : undefined;
};

/** The end (exclusive) of the JSON string that starts at `start`. */
const stringEnd = (json: string, start: number): number => {
  let at = start + 1;
  for (; at < json.length && json.charCodeAt(at) !== QUOTE; at++) if (json[at] === '\\') at++;
  return at + 1;
};

const jsonTextBytes = (quoted: string): number => Buffer.byteLength(quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1));

/** Only the kept samples; a series that lost all of its own goes too. */
const kept = (batch: SampleBatch, keep: Uint8Array, refused: ReadonlyMap<number, string>): SampleBatch => {
  const metrics: string[] = [];
  const labels: string[] = [];
  const offsets = [0];
  const at: number[] = [];
  for (let k = 0; k < batch.metrics.length; k++) {
    if (refused.has(k)) continue;
    const before = at.length;
    for (let i = batch.offsets[k] as number; i < (batch.offsets[k + 1] as number); i++) if (keep[i] === 1) at.push(i);
    if (at.length === before) continue;
    metrics.push(batch.metrics[k] as string);
    labels.push(batch.labels[k] as string);
    offsets.push(at.length);
  }
  return { metrics, labels, offsets: Uint32Array.from(offsets), ...gather(batch, at), metadata: batch.metadata };
};

const gather = (batch: SampleBatch, at: readonly number[]): Pick<SampleBatch, 'tMs' | 'values' | 'histograms'> => {
  const tMs = new Float64Array(at.length);
  const values = new Float64Array(at.length);
  // As 64-bit integers, so that no NaN loses its payload.
  const from = new BigUint64Array(batch.values.buffer, batch.values.byteOffset, batch.values.length);
  const to = new BigUint64Array(values.buffer);
  const list = new HistogramList();
  at.forEach((i, j) => {
    tMs[j] = batch.tMs[i] as number;
    to[j] = from[i] as bigint;
    list.addRange(batch.histograms, i, i + 1, j);
  });
  return { tMs, values, histograms: list.build() };
};
