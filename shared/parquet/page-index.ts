import type { ByteWriter } from './byte-writer.ts';
import type { WrittenChunk, WrittenPage } from './column-writer.ts';
import type { Span } from './metadata.ts';
import { THRIFT, ThriftWriter } from './thrift-writer.ts';

/** parquet.thrift, BoundaryOrder: nothing is claimed about the order of the bounds. */
const UNORDERED = 0;

/** Appends the offset index of a chunk: where each page lies and its first row. */
export const writeOffsetIndex = (out: ByteWriter, { pages }: WrittenChunk): Span =>
  span(out, (thrift) =>
    thrift.list(1, THRIFT.STRUCT, pages, (page) =>
      thrift.structElement(() => {
        thrift.i64(1, page.offset);
        thrift.i32(2, page.storedBytes);
        thrift.i64(3, page.firstRow);
      }),
    ),
  );

/** Appends the column index of a chunk: bounds by page. A chunk with a page that has values but no bounds gets none. */
export const writeColumnIndex = (out: ByteWriter, { pages }: WrittenChunk): Span | undefined => {
  if (!pages.every((page) => isAllNull(page) || page.statistics.min !== undefined)) return undefined;
  const none = new Uint8Array();
  return span(out, (thrift) => {
    thrift.list(1, THRIFT.TRUE, pages, (page) => thrift.boolElement(isAllNull(page)));
    thrift.list(2, THRIFT.BINARY, pages, (page) => thrift.binaryElement(page.statistics.min ?? none));
    thrift.list(3, THRIFT.BINARY, pages, (page) => thrift.binaryElement(page.statistics.max ?? none));
    thrift.i32(4, UNORDERED);
    thrift.list(5, THRIFT.I64, pages, (page) => thrift.intElement(page.statistics.nulls ?? 0));
  });
};

const isAllNull = (page: WrittenPage): boolean => page.statistics.nulls === page.rows;

const span = (out: ByteWriter, write: (thrift: ThriftWriter) => void): Span => {
  const offset = out.position;
  const thrift = new ThriftWriter(out);
  thrift.structElement(() => write(thrift));
  return { offset, length: out.position - offset };
};
