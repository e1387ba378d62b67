import { ByteReader } from './byte-reader.ts';
import { CorruptFileError } from './errors.ts';
import { THRIFT } from './thrift-writer.ts';

/** Parquet's own metadata nests seven deep; what is skipped may come from a later version of the format. */
const MAX_DEPTH = 16;

/** Reads Thrift's compact protocol. A field's value must be consumed by its visitor, by one of the methods or by {@link skip}. */
export class ThriftReader {
  readonly source: ByteReader;

  constructor(source: ByteReader) {
    this.source = source;
  }

  /** Visits the fields of a struct with their ids and element types. */
  struct(visit: (id: number, type: number) => void): void {
    let id = 0;
    for (;;) {
      const header = this.source.byte();
      if (header === 0) return;
      const step = header >> 4;
      id = step === 0 ? this.source.zigzag() : id + step;
      visit(id, header & 0x0f);
    }
  }

  int(type: number): number {
    if (type !== THRIFT.I32 && type !== THRIFT.I64 && type !== THRIFT.I16) throw wrongType('an integer', type);
    return this.source.zigzag();
  }

  /** An integer that counts or measures something, so not below 0. */
  size(type: number): number {
    const value = this.int(type);
    if (value < 0) throw new CorruptFileError(`found the size ${value}, at least 0 is allowed`);
    return value;
  }

  bool(type: number): boolean {
    if (type !== THRIFT.TRUE && type !== THRIFT.FALSE) throw wrongType('a boolean', type);
    return type === THRIFT.TRUE;
  }

  /** A boolean in a list, which unlike a field's takes a byte. */
  boolElement(type: number): boolean {
    if (type !== THRIFT.TRUE && type !== THRIFT.FALSE) throw wrongType('a boolean', type);
    return this.source.byte() === THRIFT.TRUE;
  }

  binary(type: number): Uint8Array {
    if (type !== THRIFT.BINARY) throw wrongType('bytes', type);
    return this.source.take(this.source.varint());
  }

  text(type: number): string {
    const bytes = this.binary(type);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
  }

  nested(type: number, visit: (id: number, type: number) => void): void {
    if (type !== THRIFT.STRUCT) throw wrongType('a struct', type);
    this.struct(visit);
  }

  list<T>(type: number, read: (elementType: number) => T): T[] {
    if (type !== THRIFT.LIST) throw wrongType('a list', type);
    const { elementType, count } = this.listHeader();
    const elements: T[] = [];
    for (let i = 0; i < count; i++) elements.push(read(elementType));
    return elements;
  }

  skip(type: number, depth = 0): void {
    if (depth > MAX_DEPTH) throw new CorruptFileError(`found metadata nested deeper than ${MAX_DEPTH}`);
    if (type === THRIFT.TRUE || type === THRIFT.FALSE) return;
    if (type === THRIFT.BYTE) this.source.skip(1);
    else if (type === THRIFT.I16 || type === THRIFT.I32 || type === THRIFT.I64) this.source.varint();
    else if (type === THRIFT.DOUBLE) this.source.skip(8);
    else if (type === THRIFT.BINARY) this.source.skip(this.source.varint());
    else if (type === THRIFT.STRUCT) this.struct((_, field) => this.skip(field, depth + 1));
    else if (type === THRIFT.LIST || type === THRIFT.SET) this.skipList(depth);
    else throw wrongType('a value', type);
  }

  private skipList(depth: number): void {
    const { elementType, count } = this.listHeader();
    const isBool = elementType === THRIFT.TRUE || elementType === THRIFT.FALSE;
    for (let i = 0; i < count; i++) this.skip(isBool ? THRIFT.BYTE : elementType, depth + 1);
  }

  private listHeader(): { elementType: number; count: number } {
    const header = this.source.byte();
    const short = header >> 4;
    const count = short === 15 ? this.source.varint() : short;
    // Every element takes a byte or more.
    if (count > this.source.remaining) {
      throw new CorruptFileError(`found a list of ${count} elements in ${this.source.remaining} bytes`);
    }
    return { elementType: header & 0x0f, count };
  }
}

const wrongType = (wanted: string, type: number): CorruptFileError =>
  new CorruptFileError(`found Thrift type ${type} in place of ${wanted}`);
