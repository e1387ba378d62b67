import { HISTOGRAM_BUCKETS_MAX } from '../histograms/histogram-bytes.ts';
import type { OtlpBuckets, OtlpExponential } from './otlp-shape.ts';
import type { ProtobufReader } from './protobuf-reader.ts';

interface BucketsDraft extends OtlpBuckets {
  offset: number;
  counts: number[];
}

export interface ExponentialDraft extends OtlpExponential {
  scale: number;
  zeroCount: number;
  zeroThreshold: number;
  positive: BucketsDraft;
  negative: BucketsDraft;
}

export const newExponential = (): ExponentialDraft => ({
  scale: 0, zeroCount: 0, zeroThreshold: 0, positive: { offset: 0, counts: [] }, negative: { offset: 0, counts: [] },
});

/** A tag of a field: number and wire type (0 varint, 1 eight bytes, 2 length-prefixed). */
const field = (number: number, wireType: 0 | 1 | 2): number => number * 8 + wireType;

/** Reads the field if it is one that an `ExponentialHistogramDataPoint` alone has (metrics.proto). @throws MalformedBodyError */
export const exponentialField = (reader: ProtobufReader, tag: number, draft: ExponentialDraft): boolean => {
  if (tag === field(6, 0)) draft.scale = zigzag(reader.varint());
  else if (tag === field(7, 1)) {
    reader.fixed64();
    draft.zeroCount = reader.high * 2 ** 32 + reader.low;
  } else if (tag === field(8, 2)) readBuckets(reader, draft.positive);
  else if (tag === field(9, 2)) readBuckets(reader, draft.negative);
  else if (tag === field(14, 1)) draft.zeroThreshold = reader.double();
  else return false;
  return true;
};

const zigzag = (value: number): number => (value % 2 === 0 ? value / 2 : -(value + 1) / 2);

const readBuckets = (reader: ProtobufReader, side: BucketsDraft): void => {
  const end = reader.enter();
  while (reader.at < end) {
    const tag = reader.tag();
    if (tag === field(1, 0)) side.offset = zigzag(reader.varint());
    else if (tag === field(2, 0)) addCount(reader, side.counts);
    else if (tag === field(2, 2)) {
      const countsEnd = reader.enter();
      while (reader.at < countsEnd) addCount(reader, side.counts);
      reader.leave(countsEnd);
    } else reader.skip(tag);
  }
  reader.leave(end);
};

/** One more than is allowed is kept, so that it is seen: a byte of a hostile body would cost eight. */
const addCount = (reader: ProtobufReader, counts: number[]): void => {
  const count = reader.varint();
  if (counts.length <= HISTOGRAM_BUCKETS_MAX) counts.push(count);
};
