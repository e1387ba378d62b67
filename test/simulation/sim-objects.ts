import { type ByteRange, MissingObjectError, type ObjectStore, type ObjectSweep } from '../../shared/storage/object-store.ts';
import type { Faults } from './faults.ts';
import type { SimProcess } from './process.ts';

/** Is told of each effect; `process` is whose call it was. */
export interface ObjectWatcher {
  put?(key: string, bytes: Uint8Array, process: SimProcess | undefined): void;
  /** Of an object that was there. */
  removed?(key: string): void;
}

/** Objects in memory, each call an effect at one moment. */
export class SimObjects {
  readonly byKey = new Map<string, Uint8Array>();
  readonly watchers: ObjectWatcher[] = [];

  putIfAbsent(key: string, bytes: Uint8Array, process?: SimProcess): boolean {
    if (this.byKey.has(key)) return false;
    this.replace(key, bytes, process);
    return true;
  }

  replace(key: string, bytes: Uint8Array, process?: SimProcess): void {
    const kept = Uint8Array.from(bytes);
    this.byKey.set(key, kept);
    for (const watcher of this.watchers) watcher.put?.(key, kept, process);
  }

  remove(keys: readonly string[]): void {
    for (const key of keys) if (this.byKey.delete(key)) for (const watcher of this.watchers) watcher.removed?.(key);
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

  /** As the port of a process, through the faults. Of a removal a part may come about. */
  through(faults: Faults, process: SimProcess): ObjectStore & ObjectSweep {
    const remove = (keys: readonly string[]): Promise<void> => faults.call(process, 'objects', `remove ${keys.join(' ')}`, () => this.remove(keys));
    return {
      putIfAbsent: (key, bytes) => faults.call(process, 'objects', `put ${key}`, () => this.putIfAbsent(key, bytes, process)),
      get: (key, range) => faults.call(process, 'objects', `get ${key}`, () => this.get(key, range)),
      replace: (key, bytes) => faults.call(process, 'objects', `replace ${key}`, () => this.replace(key, bytes, process)),
      remove: async (keys) => {
        const cut = faults.scheduler.random.int(0, keys.length);
        for (const part of [keys.slice(0, cut), keys.slice(cut)]) if (part.length > 0) await remove(part);
      },
    };
  }
}
