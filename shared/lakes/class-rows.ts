import type { ItemTable } from '../catalog/item-table.ts';
import { formatRetention, parseRetention, type Retention } from '../tiers/retention.ts';

/** A class that has, or had, samples. */
export interface ClassRow {
  readonly name: string;
  /** As it was set when the class was last stored to. */
  readonly retention: Retention;
}

const PK = 'retention-classes';

/** Stands in the catalog before the first sample of the class, and stays: readers find the class by it, whatever the settings say later. */
export const addClass = async (items: ItemTable, { name, retention }: ClassRow): Promise<void> => {
  await items.transact([{ put: { pk: PK, sk: name, attributes: { retention: formatRetention(retention) } } }]);
};

/** By name. */
export const classRows = async (items: ItemTable): Promise<readonly ClassRow[]> =>
  (await items.query(PK)).map(({ sk, attributes }) => ({ name: sk, retention: parseRetention(String(attributes['retention'])) }));

/** Those that have a lake: kept as the settings say, or as they were kept last where these no longer name them. */
export const currentClasses = async (items: ItemTable, settings: readonly ClassRow[]): Promise<readonly ClassRow[]> =>
  (await classRows(items)).map((row) => settings.find(({ name }) => name === row.name) ?? row);
