import type { BoundedCache } from '../storage/bounded-cache.ts';
import type { PieceCache } from '../storage/piece-cache.ts';

const prefixedEntries = <T>(cache: BoundedCache<T>, prefix: string): BoundedCache<T> => ({
  get: (key, load) => cache.get(prefix + key, load),
  held: (key) => cache.held(prefix + key),
  get heldBytes(): number {
    return cache.heldBytes;
  },
  maxBytes: cache.maxBytes,
});

/** The same cache for the objects below a prefix, by keys without it. */
export const prefixedCache = (cache: PieceCache, prefix: string): PieceCache =>
  Object.assign(prefixedEntries(cache, prefix), {
    heads: prefixedEntries(cache.heads, prefix),
    manifests: prefixedEntries(cache.manifests, prefix),
    seriesIndexes: prefixedEntries(cache.seriesIndexes, prefix),
  });
