import { type ByteRange, MissingObjectError, type ObjectStore, type ObjectSweep } from '../../shared/storage/object-store.ts';
import type { Faults } from './faults.ts';
import type { SimProcess } from './process.ts';

/** Objects in memory, each call an effect at one moment. */
export class SimObjects {
  readonly byKey = new Map<string, Uint8Array>();
  /** Told of every object that is there from now on. */
  onPut: (key: string, bytes: Uint8Array) => void = () => undefined;

  putIfAbsent(key: string, bytes: Uint8Array): boolean {
    if (this.byKey.has(key)) return false;
    this.replace(key, bytes);
    return true;
  }

  replace(key: string, bytes: Uint8Array): void {
    this.byKey.set(key, Uint8Array.from(bytes));
    this.onPut(key, bytes);
  }

  remove(keys: readonly string[]): void {
    for (const key of keys) this.byKey.delete(key);
  }

  get(key: string, range?: ByteRange): Uint8Array {
    const bytes = this.byKey.get(key);
    if (bytes === undefined) throw new MissingObjectError(key);
    return range === undefined ? bytes.slice() : bytes.slice(range.offset, range.offset + range.length);
  }

  /** As a port without faults. */
  port(): ObjectStore & ObjectSweep {
    return {
      putIfAbsent: async (key, bytes) => this.putIfAbsent(key, bytes),
      get: async (key, range) => this.get(key, range),
      remove: async (keys) => this.remove(keys),
      replace: async (key, bytes) => this.replace(key, bytes),
    };
  }

  /** As the port of a process, through the faults. */
  through(faults: Faults, process: SimProcess): ObjectStore {
    return {
      putIfAbsent: (key, bytes) => faults.call(process, 'objects', `put ${key}`, () => this.putIfAbsent(key, bytes)),
      get: (key, range) => faults.call(process, 'objects', `get ${key}`, () => this.get(key, range)),
    };
  }
}
