import type { ItemTable } from '../catalog/item-table.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { PieceCache } from '../storage/piece-cache.ts';
import { classPrefix } from './class-prefix.ts';
import { classRows } from './class-rows.ts';
import { prefixedCache } from './prefixed-cache.ts';
import { prefixedItems } from './prefixed-items.ts';
import { prefixedObjects } from './prefixed-objects.ts';

interface LakePorts {
  readonly objects: Partial<ObjectStore>;
  readonly catalog: ItemTable;
  readonly cache?: PieceCache;
}

/**
 * The lake of a retention class: all that the default class has, hot files, partitions, lists and garbage, below a prefix of its own.
 * So whatever works on a lake works on any of them.
 */
export const classPorts = <T extends LakePorts>(ports: T, name: string): T => {
  const prefix = classPrefix(name);
  const { cache } = ports;
  return {
    ...ports,
    objects: prefixedObjects(ports.objects, prefix),
    catalog: prefixedItems(ports.catalog, prefix),
    ...(cache === undefined ? {} : { cache: prefixedCache(cache, prefix) }),
  };
};

/** The lakes beside the default one that have, or had, samples. A sample whose series changed its class may stand in two lakes. */
export const classLakes = async <T extends LakePorts>(ports: T): Promise<readonly T[]> => (await classRows(ports.catalog)).map(({ name }) => classPorts(ports, name));

/** The default lake first: it is read while the catalog tells the others. */
export async function* allLakes<T extends LakePorts>(ports: T): AsyncGenerator<T> {
  const others = classLakes(ports);
  // Heard of where it is awaited; when the read of the first lake fails, nobody waits for it.
  others.catch(() => undefined);
  yield ports;
  yield* await others;
}
