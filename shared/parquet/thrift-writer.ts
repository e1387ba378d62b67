import type { ByteWriter } from './byte-writer.ts';

/** Element types of the compact protocol (thrift/doc/specs/thrift-compact-protocol.md). */
export const THRIFT = { TRUE: 1, FALSE: 2, BYTE: 3, I16: 4, I32: 5, I64: 6, DOUBLE: 7, BINARY: 8, LIST: 9, SET: 10, MAP: 11, STRUCT: 12 } as const;

/** Thrift's compact protocol. Fields of undefined value are left out; ids of a struct ascend. */
export class ThriftWriter {
  private readonly out: ByteWriter;
  private lastId = 0;
  private readonly outerIds: number[] = [];

  constructor(out: ByteWriter) {
    this.out = out;
  }

  i32(id: number, value: number | undefined): void {
    this.integer(id, THRIFT.I32, value);
  }

  i64(id: number, value: number | undefined): void {
    this.integer(id, THRIFT.I64, value);
  }

  bool(id: number, value: boolean): void {
    this.field(id, value ? THRIFT.TRUE : THRIFT.FALSE);
  }

  binary(id: number, value: Uint8Array | string | undefined): void {
    if (value === undefined) return;
    this.field(id, THRIFT.BINARY);
    this.binaryElement(value);
  }

  /** A struct as a field; `write` writes its fields. */
  struct(id: number, write: () => void): void {
    this.field(id, THRIFT.STRUCT);
    this.structElement(write);
  }

  /** A struct at the top or as an element of a list. */
  structElement(write: () => void): void {
    this.outerIds.push(this.lastId);
    this.lastId = 0;
    write();
    this.out.byte(0);
    this.lastId = this.outerIds.pop() as number;
  }

  binaryElement(value: Uint8Array | string): void {
    const bytes = typeof value === 'string' ? Buffer.from(value) : value;
    this.out.varint(bytes.length);
    this.out.append(bytes);
  }

  intElement(value: number): void {
    this.out.zigzag(value);
  }

  boolElement(value: boolean): void {
    this.out.byte(value ? THRIFT.TRUE : THRIFT.FALSE);
  }

  list<T>(id: number, elementType: number, elements: readonly T[], write: (element: T) => void): void {
    this.field(id, THRIFT.LIST);
    if (elements.length < 15) this.out.byte((elements.length << 4) | elementType);
    else {
      this.out.byte(0xf0 | elementType);
      this.out.varint(elements.length);
    }
    for (const element of elements) write(element);
  }

  private integer(id: number, type: number, value: number | undefined): void {
    if (value === undefined) return;
    this.field(id, type);
    this.out.zigzag(value);
  }

  private field(id: number, type: number): void {
    const step = id - this.lastId;
    if (step > 0 && step < 16) this.out.byte((step << 4) | type);
    else {
      this.out.byte(type);
      this.out.zigzag(id);
    }
    this.lastId = id;
  }
}
