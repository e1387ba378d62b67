import type { CompactPorts } from '../../shared/compaction/commit-attempt.ts';

/** Ports that call `around` before and after everything that changes something. */
export const watchedPorts = ({ objects, catalog }: CompactPorts, around: () => Promise<void>): CompactPorts => {
  const effect = async <T>(run: () => Promise<T>): Promise<T> => {
    await around();
    const result = await run();
    await around();
    return result;
  };
  return {
    objects: {
      get: (key, range) => objects.get(key, range),
      putIfAbsent: (key, bytes) => effect(() => objects.putIfAbsent(key, bytes)),
      remove: (keys) => effect(() => objects.remove(keys)),
      replace: (key, bytes) => effect(() => objects.replace(key, bytes)),
    },
    catalog: {
      get: (key) => catalog.get(key),
      query: (pk, range) => catalog.query(pk, range),
      transact: (writes) => effect(() => catalog.transact(writes)),
    },
  };
};
