import type { ObjectListing, ObjectStore, ObjectSweep } from '../storage/object-store.ts';

type Objects = ObjectStore & ObjectSweep & ObjectListing;

/** The objects below a prefix, by keys without it: what the port has of it. */
export const prefixedObjects = <T extends Partial<Objects>>(some: T, prefix: string): T => {
  const objects = some as Partial<Objects> as Objects;
  const below: Objects = {
    get: (key, range) => objects.get(prefix + key, range),
    putIfAbsent: (key, bytes) => objects.putIfAbsent(prefix + key, bytes),
    remove: (keys) => objects.remove(keys.map((key) => prefix + key)),
    replace: (key, bytes) => objects.replace(prefix + key, bytes),
    list: async (inside, after) => (await objects.list(prefix + inside, after === undefined ? undefined : prefix + after)).map(({ key, bytes }) => ({ key: key.slice(prefix.length), bytes })),
  };
  return below as Partial<Objects> as T;
};
