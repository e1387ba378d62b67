import type { ItemTable } from './item-table.ts';

/** One row per shard: its records come one after the other, so one counter is enough and nothing has to be cleaned up. */
const PK = 'attempts';

interface Ended {
  readonly sequence: string;
  /** Attempts that ended a process, or that the record's content made fail. */
  readonly blamed: number;
}

/**
 * Counts the attempts at storing one record alone. An attempt stands in the catalog before it begins, so that one which ends
 * the process stays counted; this process knows of its own attempts how they ended, and does not hold an outage against
 * the record. One for the life of the process.
 */
export class AttemptLog {
  private readonly ended = new Map<string, Ended>();

  /** Counts the attempt that now begins, and says which it is: the first is 1. */
  async begin(items: ItemTable, shardId: string, sequence: string): Promise<number> {
    let ended = this.ended.get(shardId);
    if (ended?.sequence !== sequence) {
      const item = await items.get({ pk: PK, sk: shardId });
      const blamed = item?.attributes['sequence'] === sequence ? Number(item.attributes['attempts']) : 0;
      ended = { sequence, blamed };
      this.ended.set(shardId, ended);
    }
    await putAttempts(items, shardId, sequence, ended.blamed + 1);
    return ended.blamed + 1;
  }

  /** The attempt failed over the record itself. */
  blame(shardId: string): void {
    const ended = this.ended.get(shardId);
    if (ended !== undefined) this.ended.set(shardId, { ...ended, blamed: ended.blamed + 1 });
  }

  /** The attempt failed for a reason outside of the record: the next process, too, need not hold it against the record. */
  async spare(items: ItemTable, shardId: string): Promise<void> {
    const ended = this.ended.get(shardId);
    if (ended !== undefined) await putAttempts(items, shardId, ended.sequence, ended.blamed);
  }
}

const putAttempts = async (items: ItemTable, shardId: string, sequence: string, attempts: number): Promise<void> => {
  await items.transact([{ put: { pk: PK, sk: shardId, attributes: { sequence, attempts } } }]);
};
