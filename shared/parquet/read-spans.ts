import { mapBounded } from '../storage/map-bounded.ts';
import { CorruptFileError } from './errors.ts';
import type { ReadRange } from './file-reader.ts';
import type { Span } from './metadata.ts';

/** Bytes of spans that have been read. */
export type BytesAt = (offset: number, length: number) => Uint8Array;

/** Spans closer than this are read as one: a request more costs less time than this many bytes, since the others run beside it. */
const GAP_BYTES = 32 * 1024;
/** Requests under way for one file. */
const PARALLEL_READS = 8;

/** Reads spans, near ones in one request. @throws CorruptFileError where the file ends before. */
export const readSpans = async (read: ReadRange, spans: readonly Span[]): Promise<BytesAt> => {
  const near = joinNear(spans);
  const blocks = await mapBounded(near, PARALLEL_READS, ({ offset, length }) => readExactly(read, offset, length));
  return (offset, length) => {
    let low = 0;
    let high = near.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((near[middle] as Span).offset <= offset) low = middle;
      else high = middle - 1;
    }
    const at = offset - (near[low]?.offset ?? 0);
    return (blocks[low] as Uint8Array).subarray(at, at + length);
  };
};

const joinNear = (spans: readonly Span[]): readonly Span[] => {
  const joined: { readonly offset: number; length: number }[] = [];
  for (const { offset, length } of [...spans].sort((a, b) => a.offset - b.offset)) {
    const last = joined.at(-1);
    if (last === undefined || offset - (last.offset + last.length) > GAP_BYTES) joined.push({ offset, length });
    else last.length = Math.max(last.length, offset + length - last.offset);
  }
  return joined;
};

export const readExactly = async (read: ReadRange, offset: number, length: number): Promise<Uint8Array> => {
  const bytes = await read(offset, length);
  if (bytes.length !== length) throw new CorruptFileError(`found ${bytes.length} bytes at ${offset}, ${length} announced`);
  return bytes;
};
