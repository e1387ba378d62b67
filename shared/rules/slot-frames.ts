import { createHash } from 'node:crypto';
import { PermanentError } from '../errors.ts';
import { decodeHistogram, encodeHistogram } from '../histograms/histogram-bytes.ts';
import { histogramAt } from '../model/histogram-column.ts';
import { METRIC_NAME, labelValue, labelsFromJson, labelsToJson } from '../model/labels.ts';
import type { Labels } from '../model/labels.ts';
import { SampleBatchBuilder } from '../model/sample-batch.ts';
import { STALE_HIGH, STALE_LOW, bitsOf, isStaleAt } from '../model/stale.ts';
import { decodeFrame, encodeFrames } from '../wire/frame.ts';
import type { OutgoingRecord } from '../wire/record-stream.ts';
import type { RecordedSample } from './recorded-samples.ts';
import type { RuleGroup } from './rule-group.ts';

/** Who sends what rules make. */
export const RULES_SENDER = 'tidemark/rules';

/** What a group's slot has made: samples, and series that have ended with it. */
export interface SlotSeries {
  readonly samples: readonly RecordedSample[];
  readonly ended: readonly Labels[];
}

/** The key of a slot's object; a group's name may hold anything. */
export const slotKey = (group: Pick<RuleGroup, 'id'>, slotMs: number): string => `outbox/${groupHash(group.id)}/${slotMs}`;

const groupHash = (groupId: string): string => createHash('sha256').update(groupId).digest('hex').slice(0, 32);

/** The frames of a slot as one object: each behind its length in four bytes, little-endian. */
export const encodeSlot = (group: RuleGroup, slotMs: number, { samples, ended }: SlotSeries): Uint8Array => {
  const batch = new SampleBatchBuilder();
  for (const { labels, value, histogram } of samples) {
    batch.series(labelValue(labels, METRIC_NAME), labelsToJson(labels));
    if (histogram === undefined) batch.sample(slotMs, value);
    else batch.histogram(slotMs, encodeHistogram(histogram));
  }
  for (const labels of ended) {
    batch.series(labelValue(labels, METRIC_NAME), labelsToJson(labels));
    batch.sampleBits(slotMs, STALE_LOW, STALE_HIGH);
  }
  let number = 0;
  // A slot that is sent twice is one slot: its records have the same ids.
  const nextRecordId = (): Uint8Array => createHash('sha256').update(JSON.stringify([group.id, slotMs, number++])).digest().subarray(0, 16);
  const frames = encodeFrames(nextRecordId, { sender: RULES_SENDER, flushIntervalMs: group.intervalMs }, batch.build());
  return Buffer.concat(
    frames.flatMap(({ bytes }) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes.length);
      return [length, bytes];
    }),
  );
};

const framesOf = (bytes: Uint8Array): readonly Uint8Array[] => {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const frames: Uint8Array[] = [];
  for (let at = 0; at < view.length; ) {
    const end = at + 4 <= view.length ? at + 4 + view.readUInt32LE(at) : Infinity;
    if (end > view.length) throw new PermanentError(`read slot: found ${view.length} bytes, the frame at ${at} needs more`);
    frames.push(view.subarray(at + 4, end));
    at = end;
  }
  return frames;
};

/** The records of a slot by its object's key: all of a group go to one shard. */
export const recordsOf = (key: string, bytes: Uint8Array): readonly OutgoingRecord[] =>
  framesOf(bytes).map((data) => ({ partitionKey: `rules-${key.split('/')[1] ?? ''}`, data }));

/** @throws FrameError, PermanentError when the bytes are damaged. */
export const decodeSlot = (bytes: Uint8Array): SlotSeries => {
  const samples: RecordedSample[] = [];
  const ended: Labels[] = [];
  for (const frame of framesOf(bytes)) {
    const { metrics, labels, offsets, values, histograms } = decodeFrame(frame).batch;
    const bits = bitsOf(values);
    metrics.forEach((metric, k) => {
      const series = labelsFromJson(metric, labels[k] as string);
      const at = offsets[k] as number;
      const histogram = histogramAt(histograms, at);
      if (histogram !== undefined) samples.push({ labels: series, value: 0, histogram: decodeHistogram(histogram) });
      else if (isStaleAt(bits, at)) ended.push(series);
      else samples.push({ labels: series, value: values[at] as number });
    });
  }
  return { samples, ended };
};
