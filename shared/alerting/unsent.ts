import type { ItemTable, ItemWrite } from '../catalog/item-table.ts';

const PK = 'unsent';

/** Notes that a slot's series wait in the outbox, as the stream has not taken them. */
export const noteUnsent = (key: string): ItemWrite => ({ put: { pk: PK, sk: key, attributes: {} } });

export const removeUnsent = (key: string): ItemWrite => ({ remove: { pk: PK, sk: key } });

/** The keys of slots that wait, oldest first within a group. */
export const readUnsent = async (items: ItemTable): Promise<readonly string[]> => (await items.query(PK)).map(({ sk }) => sk);
