import type { ItemTable, ItemWrite } from '../catalog/item-table.ts';

const PK = 'revision';

/** What people, other senders and notify change beside the evaluator, which reads it again when its revision is another. */
export type Revised = 'silences' | 'retirements' | 'external' | 'acknowledgements' | 'outbox' | 'deliveries';

/** Belongs into the transaction of the change; `revision` must never have been used before. */
export const revise = (what: Revised, revision: string): ItemWrite => ({ put: { pk: PK, sk: what, attributes: { revision } } });

export const readRevisions = async (items: ItemTable): Promise<ReadonlyMap<string, string>> =>
  new Map((await items.query(PK)).map((item) => [item.sk, String(item.attributes['revision'])]));
