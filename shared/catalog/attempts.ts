import type { ItemTable } from './item-table.ts';

/** One row per shard: its records come one after the other, so one counter is enough and nothing has to be cleaned up. */
const PK = 'attempts';

const attemptsOf = async (items: ItemTable, shardId: string, sequence: string): Promise<number> => {
  const item = await items.get({ pk: PK, sk: shardId });
  return item?.attributes['sequence'] === sequence ? Number(item.attributes['attempts']) : 0;
};

const putAttempts = (items: ItemTable, shardId: string, sequence: string, attempts: number): Promise<unknown> =>
  items.transact([{ put: { pk: PK, sk: shardId, attributes: { sequence, attempts } } }]);

/** Counts an attempt at storing one record alone, before it begins, and says which attempt it is: the first is 1. */
export const countAttempt = async (items: ItemTable, shardId: string, sequence: string): Promise<number> => {
  const attempt = (await attemptsOf(items, shardId, sequence)) + 1;
  await putAttempts(items, shardId, sequence, attempt);
  return attempt;
};

/**
 * Takes an attempt back that failed for a reason outside of the record: an outage is waited out, and no record is given
 * up for it.
 */
export const forgiveAttempt = async (items: ItemTable, shardId: string, sequence: string): Promise<void> => {
  const attempts = await attemptsOf(items, shardId, sequence);
  if (attempts > 0) await putAttempts(items, shardId, sequence, attempts - 1);
};
