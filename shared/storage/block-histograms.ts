import { type BucketSide, type Histogram, sameIndices } from '../histograms/histogram.ts';
import { decodeHistogram } from '../histograms/histogram-bytes.ts';
import type { HistogramColumn } from '../model/histogram-column.ts';
import { CorruptFileError } from '../parquet/errors.ts';
import { FrameError } from '../wire/frame-error.ts';

/**
 * The histograms of a block by their places, for its engine; the values beside them are no longer stale markers. Successive ones of the
 * same layout share it, as the samples of a series mostly do.
 * @throws CorruptFileError
 */
export const decodedHistograms = ({ places, bytes }: HistogramColumn, values: Float64Array): ReadonlyMap<number, Histogram> => {
  const histograms = new Map<number, Histogram>();
  let before: Histogram | undefined;
  places.forEach((place, i) => {
    const histogram = decoded(bytes[i] as Uint8Array);
    before = before === undefined ? histogram : { ...histogram, positive: sharing(histogram.positive, before.positive), negative: sharing(histogram.negative, before.negative) };
    histograms.set(place, before);
    values[place] = 0;
  });
  return histograms;
};

const decoded = (bytes: Uint8Array): Histogram => {
  try {
    return decodeHistogram(bytes);
  } catch (cause) {
    if (cause instanceof FrameError) throw new CorruptFileError(`found a histogram that cannot be read: ${cause.found}`, { cause });
    throw cause;
  }
};

const sharing = (side: BucketSide, before: BucketSide): BucketSide =>
  sameIndices(side.indices, before.indices) ? { indices: before.indices, counts: side.counts } : side;

/** The samples of 16 bytes that histograms count as: a listed bucket takes a byte at least, and half of such a sample once decoded (`histogram-meter.ts`). */
export const heldSamples = (column: HistogramColumn | undefined): number => {
  let held = 0;
  for (const { length } of column?.bytes ?? []) held += 11 + Math.ceil(length / 2);
  return held;
};
