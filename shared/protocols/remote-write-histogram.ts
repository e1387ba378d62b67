import { type BucketSide, type CounterResetHint, CUSTOM_SCHEMA, type Histogram } from '../histograms/histogram.ts';
import { encodeHistogram, HISTOGRAM_BUCKETS_MAX, SCHEMA_MAX } from '../histograms/histogram-bytes.ts';
import { histogramFault } from '../histograms/histogram-fault.ts';
import { reduceResolution } from '../histograms/resolution.ts';
import { STALE_HIGH, STALE_LOW } from '../model/stale.ts';
import type { ProtobufReader } from './protobuf-reader.ts';

/** What a histogram message stands for: its one form in bytes, a stale marker, or why it cannot be stored. */
export type SentHistogram = { readonly tMs: number } & ({ readonly kind: 'histogram'; readonly bytes: Uint8Array } | { readonly kind: 'stale' } | { readonly kind: 'refused'; readonly reason: string });

/** A tag of a protobuf field: number and wire type (0 varint, 1 eight bytes, 2 length-prefixed). */
const field = (number: number, wireType: 0 | 1 | 2): number => number * 8 + wireType;

/** `prometheus.Histogram.ResetHint`, by number (prompb/types.proto). */
const HINTS: readonly CounterResetHint[] = ['unknown', 'reset', 'not_reset', 'gauge'];

/** Finer schemas up to this are known to Prometheus, which lowers them to 8 as well (`ExponentialSchemaMaxReserved`). */
const RESERVED_SCHEMA_MAX = 52;

/** The buckets of one side as the message has them: runs of indices, and differences of counts or counts. */
interface SideDraft {
  /** Pairs: offset from the end of the run before, length. */
  readonly spans: number[];
  readonly deltas: number[];
  readonly counts: number[];
}

interface Draft {
  schema: number;
  hint: number;
  sum: number;
  isStale: boolean;
  hasIntegers: boolean;
  count: number;
  zeroThreshold: number;
  zeroCount: number;
  tMs: number;
  readonly positive: SideDraft;
  readonly negative: SideDraft;
  readonly bounds: number[];
}

/** Reads `prometheus.Histogram` up to `end`. @throws MalformedBodyError when the bytes are no such message. */
export const readHistogram = (reader: ProtobufReader, end: number): SentHistogram => {
  const draft = readDraft(reader, end);
  const { tMs } = draft;
  if (draft.isStale) return { tMs, kind: 'stale' };
  const histogram = histogramOf(draft);
  const reason = typeof histogram === 'string' ? histogram : histogramFault(histogram, draft.hasIntegers);
  if (reason !== undefined || typeof histogram === 'string') return { tMs, kind: 'refused', reason: reason ?? '' };
  return { tMs, kind: 'histogram', bytes: encodeHistogram(histogram) };
};

const newSide = (): SideDraft => ({ spans: [], deltas: [], counts: [] });

const readDraft = (reader: ProtobufReader, end: number): Draft => {
  const draft: Draft = {
    schema: 0, hint: 0, sum: 0, isStale: false, hasIntegers: true, count: 0, zeroThreshold: 0, zeroCount: 0, tMs: 0, positive: newSide(), negative: newSide(), bounds: [],
  };
  while (reader.at < end) {
    const tag = reader.tag();
    if (!takeScalar(reader, tag, draft) && !takeRepeated(reader, tag, draft)) reader.skip(tag);
  }
  reader.leave(end);
  return draft;
};

const takeScalar = (reader: ProtobufReader, tag: number, draft: Draft): boolean => {
  if (tag === field(1, 0)) {
    draft.count = reader.varint();
    draft.hasIntegers = true;
  } else if (tag === field(2, 1)) {
    // Prometheus tells the kinds apart by this field too.
    draft.count = reader.double();
    draft.hasIntegers = false;
  } else if (tag === field(3, 1)) {
    draft.sum = reader.double();
    draft.isStale = reader.low === STALE_LOW && reader.high === STALE_HIGH;
  } else if (tag === field(4, 0)) draft.schema = zigzag(reader.varint());
  else if (tag === field(5, 1)) draft.zeroThreshold = reader.double();
  else if (tag === field(6, 0)) draft.zeroCount = reader.varint();
  else if (tag === field(7, 1)) draft.zeroCount = reader.double();
  else if (tag === field(14, 0)) draft.hint = reader.varint();
  else if (tag === field(15, 0)) draft.tMs = reader.int64();
  else return false;
  return true;
};

const takeRepeated = (reader: ProtobufReader, tag: number, { positive, negative, bounds }: Draft): boolean => {
  if (tag === field(8, 2)) readSpan(reader, negative.spans);
  else if (tag === field(11, 2)) readSpan(reader, positive.spans);
  else if (tag === field(9, 2) || tag === field(9, 0)) eachOf(reader, tag, negative.deltas, () => zigzag(reader.varint()));
  else if (tag === field(12, 2) || tag === field(12, 0)) eachOf(reader, tag, positive.deltas, () => zigzag(reader.varint()));
  else if (tag === field(10, 2) || tag === field(10, 1)) eachOf(reader, tag, negative.counts, () => reader.double());
  else if (tag === field(13, 2) || tag === field(13, 1)) eachOf(reader, tag, positive.counts, () => reader.double());
  else if (tag === field(16, 2) || tag === field(16, 1)) eachOf(reader, tag, bounds, () => reader.double());
  else return false;
  return true;
};

const zigzag = (value: number): number => (value % 2 === 0 ? value / 2 : -(value + 1) / 2);

/** One more than is allowed is kept, so that it is seen: a byte of a hostile body would cost eight. */
const LIST_MAX = HISTOGRAM_BUCKETS_MAX + 1;

/** A repeated number: packed, or one at a time. */
const eachOf = (reader: ProtobufReader, tag: number, into: number[], read: () => number): void => {
  const end = (tag & 7) === 2 ? reader.enter() : reader.at + 1;
  while (reader.at < end) {
    const value = read();
    if (into.length < LIST_MAX) into.push(value);
  }
  if ((tag & 7) === 2) reader.leave(end);
};

const readSpan = (reader: ProtobufReader, spans: number[]): void => {
  const end = reader.enter();
  let offset = 0;
  let length = 0;
  while (reader.at < end) {
    const tag = reader.tag();
    if (tag === field(1, 0)) offset = zigzag(reader.varint());
    else if (tag === field(2, 0)) length = reader.varint();
    else reader.skip(tag);
  }
  reader.leave(end);
  if (spans.length < 2 * LIST_MAX) spans.push(offset, length);
};

/** Or why it is none. */
const histogramOf = (draft: Draft): Histogram | string => {
  const { schema, sum, count, hasIntegers, bounds } = draft;
  const positive = sideOf(draft.positive, hasIntegers);
  const negative = sideOf(draft.negative, hasIntegers);
  if (typeof positive === 'string') return positive;
  if (typeof negative === 'string') return negative;
  const isCustom = schema === CUSTOM_SCHEMA;
  const histogram: Histogram = {
    schema,
    counterResetHint: HINTS[draft.hint] ?? 'unknown',
    count,
    sum,
    // A zero that is written as -0 is the same.
    zeroThreshold: draft.zeroThreshold + 0,
    zeroCount: draft.zeroCount,
    positive,
    negative,
    customBounds: isCustom ? Float64Array.from(bounds) : undefined,
  };
  return schema > SCHEMA_MAX && schema <= RESERVED_SCHEMA_MAX ? reduceResolution(histogram, SCHEMA_MAX) : histogram;
};

const INDEX_MAX = 2 ** 31 - 1;

const sideOf = ({ spans, deltas, counts }: SideDraft, hasIntegers: boolean): BucketSide | string => {
  const listed = hasIntegers ? deltas.length : counts.length;
  if (listed > HISTOGRAM_BUCKETS_MAX) return `a histogram of more than ${HISTOGRAM_BUCKETS_MAX} buckets`;
  const indices = new Int32Array(listed);
  let place = 0;
  let next = 0;
  for (let i = 0; i < spans.length; i += 2) {
    const [offset, length] = [spans[i] as number, spans[i + 1] as number];
    if (i > 0 && offset < 0) return 'a histogram with spans that overlap';
    next += offset;
    if (length > listed - place) return 'a histogram with other spans than buckets';
    if (Math.abs(next) + length >= INDEX_MAX) return 'a histogram with a bucket beyond 32 bits';
    for (const end = place + length; place < end; place++) indices[place] = next++;
  }
  if (place < listed) return 'a histogram with other spans than buckets';
  return { indices, counts: hasIntegers ? summed(deltas) : Float64Array.from(counts) };
};

const summed = (deltas: readonly number[]): Float64Array => {
  let count = 0;
  return Float64Array.from(deltas, (delta) => (count += delta));
};
