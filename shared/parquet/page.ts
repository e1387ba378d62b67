import { crc32 } from 'node:zlib';
import { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { decompressPage } from './compression.ts';
import { CorruptFileError, UnsupportedFileError } from './errors.ts';
import { MAX_PAGE_BYTES } from './limits.ts';
import { ENCODING, PAGE } from './metadata.ts';
import { ThriftReader } from './thrift-reader.ts';
import { ThriftWriter } from './thrift-writer.ts';

export interface PageHeader {
  /** One of {@link PAGE}. */
  readonly type: number;
  readonly plainBytes: number;
  readonly storedBytes: number;
  readonly crc: number | undefined;
  /** Rows of a data page, entries of a dictionary. */
  readonly values: number;
  readonly encoding: number;
}

/** Writes a page (parquet.thrift, PageHeader) with the CRC-32 of its stored bytes. */
export const writePage = (out: ByteWriter, type: number, values: number, encoding: number, plainBytes: number, stored: Uint8Array): void => {
  const thrift = new ThriftWriter(out);
  thrift.structElement(() => {
    thrift.i32(1, type);
    thrift.i32(2, plainBytes);
    thrift.i32(3, stored.length);
    // An i32 in Thrift: the checksum's upper bit is its sign.
    thrift.i32(4, crc32(stored) | 0);
    thrift.struct(type === PAGE.DATA ? 5 : 7, () => {
      thrift.i32(1, values);
      thrift.i32(2, encoding);
      if (type !== PAGE.DATA) return;
      thrift.i32(3, ENCODING.RLE);
      thrift.i32(4, ENCODING.RLE);
    });
  });
  out.append(stored);
};

export interface Page {
  readonly type: number;
  readonly values: number;
  readonly encoding: number;
  /** Levels and values, decompressed. */
  readonly body: Uint8Array;
}

/** The page at the reader's position, checked against its CRC-32 where there is one. */
export const readPage = (source: ByteReader, codec: number): Page => readPageBody(source, readPageHeader(source), codec);

/** The rest of the page whose header has been read. */
export const readPageBody = (source: ByteReader, header: PageHeader, codec: number): Page => {
  const stored = source.take(header.storedBytes);
  if (header.crc !== undefined && (crc32(stored) | 0) !== header.crc) throw new CorruptFileError('found a page whose CRC-32 does not fit');
  if (header.plainBytes > MAX_PAGE_BYTES) {
    throw new UnsupportedFileError(`found a page of ${header.plainBytes} bytes, at most ${MAX_PAGE_BYTES} are allowed`);
  }
  return { type: header.type, values: header.values, encoding: header.encoding, body: decompressPage(codec, stored, header.plainBytes) };
};

/** Leaves the reader at the `storedBytes` of the page's body. */
export const readPageHeader = (source: ByteReader): PageHeader => {
  const thrift = new ThriftReader(source);
  let type = -1;
  let plainBytes = 0;
  let storedBytes = 0;
  let crc: number | undefined;
  let values = 0;
  let encoding = -1;
  thrift.struct((id, field) => {
    if (id === 1) type = thrift.int(field);
    else if (id === 2) plainBytes = thrift.size(field);
    else if (id === 3) storedBytes = thrift.size(field);
    else if (id === 4) crc = thrift.int(field);
    else if (id === 5 || id === 7) {
      thrift.nested(field, (inner, innerField) => {
        if (inner === 1) values = thrift.size(innerField);
        else if (inner === 2) encoding = thrift.int(innerField);
        else thrift.skip(innerField);
      });
    } else thrift.skip(field);
  });
  if (type !== PAGE.DATA && type !== PAGE.DICTIONARY) throw new UnsupportedFileError(`found page type ${type}, data pages V1 and dictionaries are allowed`);
  return { type, plainBytes, storedBytes, crc, values, encoding };
};
