import { ByteCursor } from '../wire/byte-cursor.ts';
import { ByteWriter } from '../wire/byte-writer.ts';
import { type BucketSide, type CounterResetHint, CUSTOM_SCHEMA, type Histogram, NO_BUCKETS } from './histogram.ts';

/**
 * Buckets that a stored histogram lists, on both sides together, and custom bounds. OpenTelemetry's SDKs keep 160 a side
 * ("Base2 Exponential Bucket Histogram Aggregation", MaxSize), Prometheus' clients about as many.
 */
export const HISTOGRAM_BUCKETS_MAX = 2048;

const VERSION = 1;
const HINTS: readonly CounterResetHint[] = ['unknown', 'reset', 'not_reset', 'gauge'];
const HINT_BITS = 0x03;
const INTEGERS = 0x04;
const CUSTOM = 0x08;
/** Two bits of the flags: the zero threshold is 0, Prometheus' usual one, or follows. */
const THRESHOLD_AT = 4;
const THRESHOLD_ZERO = 0;
const THRESHOLD_USUAL = 1;
const THRESHOLD_OTHER = 2;
/** `DefNativeHistogramZeroThreshold` of Prometheus' clients. */
const USUAL_THRESHOLD = 2 ** -128;
const FLAGS_MAX = (THRESHOLD_OTHER << THRESHOLD_AT) | CUSTOM | INTEGERS | HINT_BITS;

/** Integer counts lie within this, so that the zigzag form of their differences stays within 2^53. */
const INTEGER_MAX = 2 ** 51;

/**
 * The one form in bytes of a histogram, as FORMAT.md tells: equal bytes are equal histograms, hints included, and the other way round.
 * The histogram has at most {@link HISTOGRAM_BUCKETS_MAX} buckets and as many custom bounds.
 */
export const encodeHistogram = (histogram: Histogram): Uint8Array => {
  const { positive, negative, customBounds } = histogram;
  const isCustom = histogram.schema === CUSTOM_SCHEMA;
  const isInteger = hasIntegers(histogram);
  const out = new ByteWriter(48 + 8 * (positive.counts.length + negative.counts.length + (customBounds?.length ?? 0)));
  const number = isInteger ? (value: number): void => out.varint(value) : (value: number): void => putDouble(out, value);
  const threshold = isCustom ? THRESHOLD_ZERO : thresholdForm(histogram.zeroThreshold);
  out.byte(VERSION);
  out.byte(HINTS.indexOf(histogram.counterResetHint) | (isInteger ? INTEGERS : 0) | (isCustom ? CUSTOM : 0) | (threshold << THRESHOLD_AT));
  putDouble(out, histogram.sum);
  number(histogram.count);
  if (isCustom) putBounds(out, customBounds ?? new Float64Array(0));
  else {
    out.zigzag(histogram.schema);
    if (threshold === THRESHOLD_OTHER) putDouble(out, histogram.zeroThreshold);
    number(histogram.zeroCount);
    putSide(out, negative, isInteger);
  }
  putSide(out, positive, isInteger);
  return out.take();
};

const thresholdForm = (threshold: number): number => {
  if (threshold === 0) return THRESHOLD_ZERO;
  return threshold === USUAL_THRESHOLD ? THRESHOLD_USUAL : THRESHOLD_OTHER;
};

const isCount = (value: number): boolean => Number.isInteger(value) && value <= INTEGER_MAX && value >= 0 && !Object.is(value, -0);

const hasIntegers = ({ count, zeroCount, positive, negative }: Histogram): boolean =>
  isCount(count) && isCount(zeroCount) && positive.counts.every(isCount) && negative.counts.every(isCount);

const DOUBLE = new Float64Array(1);
const DOUBLE_BYTES = new Uint8Array(DOUBLE.buffer);
const DOUBLE_WORDS = new Uint32Array(DOUBLE.buffer);

const putDouble = (out: ByteWriter, value: number): void => {
  DOUBLE[0] = value;
  // Of all NaNs one: an engine may hold any.
  if (Number.isNaN(value)) DOUBLE_WORDS.set(NAN_WORDS);
  out.append(DOUBLE_BYTES);
};

/** Little-endian halves of the quiet NaN without a payload. */
const NAN_WORDS: readonly [low: number, high: number] = [0, 0x7ff80000];

const putBounds = (out: ByteWriter, bounds: Float64Array): void => {
  out.varint(bounds.length);
  for (const bound of bounds) putDouble(out, bound);
};

const putSide = (out: ByteWriter, { indices, counts }: BucketSide, isInteger: boolean): void => {
  out.varint(indices.length);
  putSpans(out, indices);
  let before = 0;
  for (const count of counts) {
    if (isInteger) out.zigzag(count - before);
    else putDouble(out, count);
    before = count;
  }
};

/** The first index; then for each run of successive indices its length less 1, and the gap to the next less 1. */
const putSpans = (out: ByteWriter, indices: Int32Array): void => {
  for (let from = 0; from < indices.length; ) {
    const first = indices[from] as number;
    if (from === 0) out.zigzag(first);
    else out.varint(first - (indices[from - 1] as number) - 2);
    let to = from + 1;
    while (to < indices.length && indices[to] === first + to - from) to++;
    out.varint(to - from - 1);
    from = to;
  }
};

/** @throws FrameError for bytes that are no histogram. */
export const decodeHistogram = (bytes: Uint8Array): Histogram => {
  const cursor = new ByteCursor('histogram', bytes);
  const version = cursor.byte();
  if (version !== VERSION) throw cursor.error(`version ${version}, only ${VERSION} is known`);
  const flags = cursor.byte();
  const isCustom = (flags & CUSTOM) !== 0;
  if (flags > FLAGS_MAX || flags >> THRESHOLD_AT > (isCustom ? THRESHOLD_ZERO : THRESHOLD_OTHER)) throw cursor.error(`flags ${flags}, which have no meaning`);
  const isInteger = (flags & INTEGERS) !== 0;
  const number = (): number => (isInteger ? takeInteger(cursor, cursor.varint()) : takeDouble(cursor));
  const counterResetHint = HINTS[flags & HINT_BITS] as CounterResetHint;
  const sum = takeDouble(cursor);
  const count = number();
  const rest = isCustom ? { schema: CUSTOM_SCHEMA, zeroThreshold: 0, zeroCount: 0, negative: NO_BUCKETS, customBounds: takeBounds(cursor) } : takeExponential(cursor, flags >> THRESHOLD_AT, number, isInteger);
  const most = HISTOGRAM_BUCKETS_MAX - rest.negative.indices.length;
  const positive = takeSide(cursor, isInteger, most);
  cursor.close();
  const last = positive.indices.at(-1);
  if (rest.customBounds !== undefined && last !== undefined && ((positive.indices[0] as number) < 0 || last > rest.customBounds.length)) {
    throw cursor.error(`buckets up to ${last} with ${rest.customBounds.length} bounds`);
  }
  return { counterResetHint, sum, count, ...rest, positive };
};

/** Whether the bytes are those that {@link encodeHistogram} gives. */
export const isCanonicalHistogram = (bytes: Uint8Array): boolean => Buffer.compare(encodeHistogram(decodeHistogram(bytes)), bytes) === 0;

const takeExponential = (cursor: ByteCursor, threshold: number, number: () => number, isInteger: boolean): Omit<Histogram, 'counterResetHint' | 'sum' | 'count' | 'positive'> => {
  const schema = cursor.zigzag();
  if (!(schema >= SCHEMA_MIN && schema <= SCHEMA_MAX)) throw cursor.error(`schema ${schema}, ${SCHEMA_MIN} to ${SCHEMA_MAX} allowed`);
  const zeroThreshold = threshold === THRESHOLD_OTHER ? takeDouble(cursor) : threshold * USUAL_THRESHOLD;
  if (!(zeroThreshold >= 0 && zeroThreshold < Infinity)) throw cursor.error(`zero threshold ${zeroThreshold}`);
  const zeroCount = number();
  return { schema, zeroThreshold, zeroCount, negative: takeSide(cursor, isInteger, HISTOGRAM_BUCKETS_MAX), customBounds: undefined };
};

/** Exponential schemas (Prometheus, model/histogram). */
export const SCHEMA_MIN = -4;
export const SCHEMA_MAX = 8;

const takeInteger = (cursor: ByteCursor, value: number): number => {
  if (!(value >= 0 && value <= INTEGER_MAX)) throw cursor.error(`a count of ${value}, 0 to 2^51 allowed`);
  return value;
};

const takeDouble = (cursor: ByteCursor): number => {
  DOUBLE_BYTES.set(cursor.take(8));
  return DOUBLE[0] as number;
};

const takeBounds = (cursor: ByteCursor): Float64Array => {
  const bounds = new Float64Array(cursor.cappedCount('bounds', 8, HISTOGRAM_BUCKETS_MAX));
  for (let i = 0; i < bounds.length; i++) {
    const bound = takeDouble(cursor);
    if (!Number.isFinite(bound) || (i > 0 && bound <= (bounds[i - 1] as number))) throw cursor.error(`bound ${bound}, finite ones that ascend are allowed`);
    bounds[i] = bound;
  }
  return bounds;
};

const takeSide = (cursor: ByteCursor, isInteger: boolean, most: number): BucketSide => {
  const buckets = cursor.cappedCount('buckets', 1, most);
  if (buckets === 0) return NO_BUCKETS;
  const indices = takeSpans(cursor, buckets);
  const counts = new Float64Array(buckets);
  let before = 0;
  for (let i = 0; i < buckets; i++) {
    before = isInteger ? takeInteger(cursor, before + cursor.zigzag()) : takeDouble(cursor);
    counts[i] = before;
  }
  return { indices, counts };
};

const takeSpans = (cursor: ByteCursor, buckets: number): Int32Array => {
  const indices = new Int32Array(buckets);
  let next = cursor.zigzag();
  for (let from = 0; from < buckets; ) {
    if (from > 0) next += cursor.varint() + 1;
    const length = cursor.varint() + 1;
    if (length > buckets - from) throw cursor.error(`a span of ${length} buckets, ${buckets - from} left`);
    if (!(next >= INDEX_MIN && next + length <= INDEX_MAX)) throw cursor.error(`bucket ${next}, 32 bits allowed`);
    for (const end = from + length; from < end; from++) indices[from] = next++;
  }
  return indices;
};

const INDEX_MIN = -(2 ** 31);
const INDEX_MAX = 2 ** 31 - 1;
