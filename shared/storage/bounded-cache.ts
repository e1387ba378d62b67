/** Things made of immutable objects, in memory. They never change, so an entry is right for as long as it is kept. */
export interface BoundedCache<T> {
  /** What stands under the key, made by `load` when it is not there. Calls that meet share one load; a failure is not kept. */
  get(key: string, load: () => Promise<T>): Promise<T>;
  /** What stands under the key, where it is kept. */
  held(key: string): T | undefined;
  readonly heldBytes: number;
  readonly maxBytes: number;
}

/** Keeps what was used last, up to `maxBytes` as `bytesOf` counts them. */
export const makeBoundedCache = <T>(maxBytes: number, bytesOf: (entry: T) => number): BoundedCache<T> => {
  // A Map remembers the order of insertion: the first key is the one used longest ago.
  const entries = new Map<string, { readonly entry: T; readonly bytes: number }>();
  const loading = new Map<string, Promise<T>>();
  let heldBytes = 0;
  const keep = (key: string, entry: T): void => {
    const bytes = bytesOf(entry);
    if (bytes > maxBytes) return;
    entries.set(key, { entry, bytes });
    heldBytes += bytes;
    for (const [oldest, old] of entries) {
      if (heldBytes <= maxBytes) break;
      entries.delete(oldest);
      heldBytes -= old.bytes;
    }
  };
  const load = async (key: string, read: () => Promise<T>): Promise<T> => {
    try {
      const entry = await read();
      keep(key, entry);
      return entry;
    } finally {
      loading.delete(key);
    }
  };
  const heldEntry = (key: string): T | undefined => {
    const held = entries.get(key);
    if (held === undefined) return undefined;
    entries.delete(key);
    entries.set(key, held);
    return held.entry;
  };
  return {
    maxBytes,
    get heldBytes(): number {
      return heldBytes;
    },
    held: heldEntry,
    async get(key, read) {
      const held = heldEntry(key);
      if (held !== undefined) return held;
      const underWay = loading.get(key);
      if (underWay !== undefined) return underWay;
      const started = load(key, read);
      loading.set(key, started);
      return started;
    },
  };
};
