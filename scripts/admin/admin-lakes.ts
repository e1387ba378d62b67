import type { ItemTable } from '../../shared/catalog/item-table.ts';
import type { AddressOf } from '../../shared/compaction/sql-list.ts';
import { PermanentError } from '../../shared/errors.ts';
import { classPrefix } from '../../shared/lakes/class-prefix.ts';
import { addClass, type ClassRow, classRows, currentClasses } from '../../shared/lakes/class-rows.ts';
import { classPorts } from '../../shared/lakes/lakes.ts';
import type { RetentionClass } from '../../shared/lakes/retention-class.ts';
import type { ObjectStore } from '../../shared/storage/object-store.ts';
import type { Retention } from '../../shared/tiers/retention.ts';

interface LakePorts {
  readonly objects: Partial<ObjectStore>;
  readonly catalog: ItemTable;
  readonly addressOf: AddressOf;
  readonly retention: Retention;
  readonly classes: readonly RetentionClass[];
}

/** The lake of a retention class, or that of the default one. */
export interface AdminLake<T> {
  /** Undefined of the default class. */
  readonly name: string | undefined;
  readonly ports: T;
}

/** The default lake first. */
export const adminLakes = async <T extends LakePorts>(ports: T): Promise<readonly AdminLake<T>[]> => [
  { name: undefined, ports },
  ...(await currentClasses(ports.catalog, ports.classes)).map((row) => ({ name: row.name, ports: lakeOf(ports, row) })),
];

const lakeOf = <T extends LakePorts>(ports: T, { name, retention }: ClassRow): T => ({
  ...classPorts(ports, name),
  retention,
  addressOf: (key: string) => ports.addressOf(classPrefix(name) + key),
});

/** @throws PermanentError where there is no such class. */
export const adminLake = async <T extends LakePorts>(ports: T, name: string | undefined): Promise<T> => {
  if (name === undefined) return ports;
  const lakes = await adminLakes(ports);
  const found = lakes.find((lake) => lake.name === name);
  if (found !== undefined) return found.ports;
  throw new PermanentError(`class ${JSON.stringify(name.slice(0, 50))}: found no such retention class, ${lakes.flatMap((lake) => lake.name ?? []).join(', ') || 'none'} are allowed`);
};

/** The lake of a class of which only the objects may be left: the catalog knows it again, by the settings. */
export const restoreLake = async <T extends LakePorts>(ports: T, name: string | undefined): Promise<T> => {
  const lost = ports.classes.find((one) => one.name === name);
  if (lost !== undefined && (await classRows(ports.catalog)).every((row) => row.name !== name)) await addClass(ports.catalog, lost);
  return adminLake(ports, name);
};
