import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { CorruptFileError } from './errors.ts';
import { type Runs, type RunsBuilder, rowsOf } from './runs.ts';

/** Literal values collected before they are written bit-packed; a multiple of the group of 8. */
const LITERALS = 512;

/** The number of bits ids below `count` need. */
export const widthOf = (count: number): number => (count > 1 ? 32 - Math.clz32(count - 1) : 0);

/** Writes runs in Parquet's RLE/bit-packed hybrid: long runs as runs, short ones bit-packed in groups of 8. */
export const writeHybrid = (out: ByteWriter, runs: Runs, width: number): void => {
  if (width === 0) {
    const rows = rowsOf(runs);
    if (rows > 0) out.varint(rows * 2);
    return;
  }
  const valueBytes = (width + 7) >> 3;
  const literals = new Int32Array(LITERALS);
  let pending = 0;
  let start = 0;
  for (let i = 0; i < runs.ids.length; i++) {
    const id = runs.ids[i] as number;
    const end = runs.ends[i] as number;
    let rows = end - start;
    start = end;
    // A bit-packed group is whole before a run may follow: only the last one of a page is padded.
    for (; (pending & 7) !== 0 && rows > 0; rows--) literals[pending++] = id;
    if (rows >= 8 || (rows > 1 && rows * width > 8 * (valueBytes + 1))) {
      if (pending > 0) writeLiterals(out, literals, pending, width);
      pending = 0;
      writeRun(out, id, rows, valueBytes);
      continue;
    }
    for (; rows > 0; rows--) {
      if (pending === LITERALS) {
        writeLiterals(out, literals, pending, width);
        pending = 0;
      }
      literals[pending++] = id;
    }
  }
  if (pending > 0) writeLiterals(out, literals, pending, width);
};

const writeRun = (out: ByteWriter, id: number, rows: number, valueBytes: number): void => {
  out.varint(rows * 2);
  const { bytes } = out;
  let at = out.position;
  // The varint's room for ten bytes leaves five at least: it counts no more than 2^32 rows.
  for (let i = 0, rest = id; i < valueBytes; i++, rest >>>= 8) bytes[at++] = rest & 0xff;
  out.position = at;
};

const writeLiterals = (out: ByteWriter, literals: Int32Array, count: number, width: number): void => {
  const groups = (count + 7) >> 3;
  literals.fill(0, count, groups * 8);
  out.varint(groups * 2 + 1);
  out.reserve(groups * width + 4);
  const { bytes, view } = out;
  let at = out.position;
  let buffer = 0;
  let bits = 0;
  for (let i = 0; i < groups * 8; i++) {
    const id = literals[i] as number;
    buffer |= id << bits;
    // What does not fit into 32 bits is taken up again after the buffer has been written.
    const taken = Math.min(width, 32 - bits);
    bits += taken;
    if (bits === 32) {
      view.setInt32(at, buffer, true);
      at += 4;
      buffer = taken === 32 ? 0 : id >>> taken;
      bits = width - taken;
    }
  }
  for (; bits > 0; bits -= 8) {
    bytes[at++] = buffer & 0xff;
    buffer >>>= 8;
  }
  out.position = at;
};

/**
 * Adds `rows` values of the hybrid between the reader's position and its end to `runs`. Takes time by the bytes, not by the
 * rows they stand for.
 * @throws CorruptFileError when the bytes stand for fewer.
 */
export const readHybrid = (source: ByteReader, width: number, rows: number, runs: RunsBuilder): void => {
  const valueBytes = (width + 7) >> 3;
  let missing = rows;
  while (missing > 0) {
    if (source.remaining === 0) throw new CorruptFileError(`found ${rows - missing} values in runs, ${rows} announced`);
    const header = source.varint();
    const count = Math.min(missing, header % 2 === 1 ? ((header - 1) / 2) * 8 : header / 2);
    if (header % 2 === 0) {
      let id = 0;
      for (let i = 0; i < valueBytes; i++) id |= source.byte() << (8 * i);
      runs.add(id, count);
    } else if (width === 0) runs.add(0, count);
    else readLiterals(source, (header - 1) / 2, width, count, runs);
    missing -= count;
  }
};

const readLiterals = (source: ByteReader, groups: number, width: number, count: number, runs: RunsBuilder): void => {
  // Some writers leave out the padding of a page's last group.
  const start = source.position;
  const { bytes } = source;
  source.skip(Math.min(groups * width, source.remaining));
  if (count * width > (source.position - start) * 8) throw new CorruptFileError('found bit-packed values cut short');
  const mask = width === 32 ? -1 : (1 << width) - 1;
  let at = start;
  let buffer = 0;
  let bits = 0;
  for (let i = 0; i < count; i++) {
    let id = buffer;
    let have = bits;
    let rest = 0;
    while (have < width) {
      const byte = bytes[at++] as number;
      id |= byte << have;
      have += 8;
      if (have > width) rest = byte >> (8 - (have - width));
    }
    // With enough bits left over from the byte before, none has been read.
    buffer = bits >= width ? id >>> width : rest;
    bits = have - width;
    runs.add(id & mask, 1);
  }
};
