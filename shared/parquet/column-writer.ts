import type { ByteWriter } from './byte-writer.ts';
import { dictionarySize, encodeDictionary, encodePage, encodingOf, presentCount, sliceColumn } from './column-pages.ts';
import type { ColumnValues } from './column-values.ts';
import { CODEC, compressZstd } from './compression.ts';
import { areRepeatable } from './delta-binary-packed.ts';
import { ENCODING, PAGE, type Statistics } from './metadata.ts';
import { writePage } from './page.ts';
import type { ColumnSpec } from './schema.ts';
import { statisticsOf } from './statistics.ts';

/** Where a data page lies and what it holds: what the page index is made of. */
export interface WrittenPage {
  readonly offset: number;
  readonly storedBytes: number;
  readonly firstRow: number;
  readonly rows: number;
  readonly statistics: Statistics;
}

export interface WrittenChunk {
  readonly spec: ColumnSpec;
  readonly codec: number;
  readonly values: number;
  readonly plainBytes: number;
  readonly storedBytes: number;
  readonly dictionaryOffset: number | undefined;
  readonly pagesOffset: number;
  readonly encoding: number;
  readonly statistics: Statistics;
  readonly pages: readonly WrittenPage[];
}

export interface ChunkOptions {
  readonly zstdLevel: number;
  /** Rows (exclusive) at which pages end; a column's `paging` may say otherwise. */
  readonly pageEnds: readonly number[];
}

/** Pages that add no more than this to a row are cut without a look at what one page would take. */
const CHEAP_PAGE_BYTES_PER_ROW = 0.01;
/** What cut pages may take more than one page. */
const CUT_MAX_FACTOR = 1.15;
/** Spread over the row group, so that times of one kind at its beginning do not decide for all. */
const SAMPLED_PAGES = 4;

/** A call into zstd costs 15-30 µs on either side whatever the size, and so little gains a few bytes at most. */
const MIN_COMPRESSED_BYTES = 256;

interface Body {
  readonly type: number;
  readonly values: number;
  readonly encoding: number;
  readonly plain: Uint8Array;
  readonly rows: number;
  readonly statistics: Statistics | undefined;
}

/** Appends the pages of one column of a row group; `scratch` is only used during the call. */
export const writeChunk = (out: ByteWriter, scratch: ByteWriter, column: ColumnSpec, values: ColumnValues, rows: number, options: ChunkOptions): WrittenChunk => {
  const { spec, pageEnds } = layoutOf(scratch, column, values, rows, options);
  const bodies = encodeBodies(scratch, spec, values, pageEnds);
  const plainTotal = bodies.reduce((sum, { plain }) => sum + plain.length, 0);
  const { codec, stored } = compressBodies(bodies, plainTotal, options.zstdLevel, spec);
  const start = out.position;
  const pages: WrittenPage[] = [];
  let firstRow = 0;
  let headerBytes = 0;
  bodies.forEach((body, i) => {
    const offset = out.position;
    const bytes = stored[i] as Uint8Array;
    writePage(out, body.type, body.values, body.encoding, body.plain.length, bytes);
    headerBytes += out.position - offset - bytes.length;
    if (body.statistics === undefined) return;
    pages.push({ offset, storedBytes: out.position - offset, firstRow, rows: body.rows, statistics: body.statistics });
    firstRow += body.rows;
  });
  const hasDictionary = dictionarySize(values) !== undefined;
  return {
    spec,
    codec,
    values: rows,
    plainBytes: plainTotal + headerBytes,
    storedBytes: out.position - start,
    dictionaryOffset: hasDictionary ? start : undefined,
    pagesOffset: pages[0]?.offset ?? out.position,
    encoding: encodingOf(values, spec),
    statistics: pages.length === 1 ? (pages[0] as WrittenPage).statistics : statisticsOf(values, spec.type === 'double', rows, true),
    pages,
  };
};

const compressBodies = (bodies: readonly Body[], plainTotal: number, level: number, { encoding }: ColumnSpec): { codec: number; stored: readonly Uint8Array[] } => {
  const plain = bodies.map((body) => body.plain);
  if (plainTotal < MIN_COMPRESSED_BYTES) return { codec: CODEC.UNCOMPRESSED, stored: plain };
  const stored = plain.map((bytes) => compressZstd(bytes, level, encoding === 'repeats'));
  const storedTotal = stored.reduce((sum, bytes) => sum + bytes.length, 0);
  return storedTotal < plainTotal ? { codec: CODEC.ZSTD, stored } : { codec: CODEC.UNCOMPRESSED, stored: plain };
};

/** How a column is written: its encoding, and where its pages end. */
interface Layout {
  readonly spec: ColumnSpec;
  readonly pageEnds: readonly number[];
}

const layoutOf = (scratch: ByteWriter, spec: ColumnSpec, values: ColumnValues, rows: number, options: ChunkOptions): Layout => {
  const { pageEnds, zstdLevel } = options;
  const isEmpty = (values.kind === 'numbers' || values.kind === 'blobs') && values.values.length === 0;
  const one = { spec, pageEnds: [rows] };
  const cut = { spec, pageEnds };
  if (spec.paging === 'one' || isEmpty || pageEnds.length === 1) return one;
  if (spec.paging === undefined) return cut;
  const bodies = encodeBodies(scratch, spec, values, pageEnds);
  const sampled = bodies.filter((_, i) => i % Math.ceil(bodies.length / SAMPLED_PAGES) === 0);
  const sampledRows = sampled.reduce((sum, body) => sum + body.rows, 0);
  const cutBytes = (storedBytesOf(sampled, zstdLevel, spec) / sampledRows) * rows;
  if (cutBytes <= CHEAP_PAGE_BYTES_PER_ROW * rows) return cut;
  const repeats: Layout = { ...one, spec: { ...spec, encoding: 'repeats' } };
  const bytesOf = (layout: Layout): number => storedBytesOf(encodeBodies(scratch, layout.spec, values, layout.pageEnds), zstdLevel, layout.spec);
  const oneBytes = bytesOf(one);
  const repeatsBytes = values.kind === 'numbers' && areRepeatable(values.values) ? bytesOf(repeats) : Infinity;
  if (cutBytes <= CUT_MAX_FACTOR * Math.min(oneBytes, repeatsBytes)) return cut;
  return repeatsBytes < oneBytes ? repeats : one;
};

const storedBytesOf = (bodies: readonly Body[], level: number, { encoding }: ColumnSpec): number =>
  bodies.reduce((sum, { plain }) => sum + compressZstd(plain, level, encoding === 'repeats').length, 0);

/** The dictionary page's body, if any, and those of the data pages, over the memory of `scratch`. */
const encodeBodies = (scratch: ByteWriter, spec: ColumnSpec, values: ColumnValues, pageEnds: readonly number[]): readonly Body[] => {
  scratch.clear();
  const ends: number[] = [];
  const bodies: Omit<Body, 'plain'>[] = [];
  const entries = dictionarySize(values);
  if (entries !== undefined) {
    encodeDictionary(scratch, values, spec);
    ends.push(scratch.position);
    bodies.push({ type: PAGE.DICTIONARY, values: entries, encoding: ENCODING.PLAIN, rows: 0, statistics: undefined });
  }
  const encoding = encodingOf(values, spec);
  let presentBefore = 0;
  let from = 0;
  for (const to of pageEnds) {
    const slice = sliceColumn(values, from, to, presentBefore);
    presentBefore += presentCount(slice);
    encodePage(scratch, slice, spec, to - from);
    ends.push(scratch.position);
    const statistics = statisticsOf(slice, spec.type === 'double', to - from, pageEnds.length === 1);
    bodies.push({ type: PAGE.DATA, values: to - from, encoding, rows: to - from, statistics });
    from = to;
  }
  // Cut only now: the scratch's memory moves while it grows.
  const written = scratch.written();
  return bodies.map((body, i) => ({ ...body, plain: written.subarray(ends[i - 1] ?? 0, ends[i]) }));
};
