import { createHash } from 'node:crypto';
import { PermanentError } from '../errors.ts';
import type { OutgoingRecord, Shard } from '../wire/record-stream.ts';

/** Hash keys are 128-bit numbers (Kinesis: MD5 of the partition key, or the explicit hash key). */
const HASH_KEYS = 1n << 128n;

/** A shard with the whole of its range. */
export interface RangedShard extends Shard {
  readonly endingHashKey: string; // inclusive, decimal
}

/** Every shard the stream still knows, and the number the next one gets. */
export interface ShardTable {
  readonly nextShard: number;
  readonly shards: readonly RangedShard[];
}

export const NO_SHARDS: ShardTable = { nextShard: 0, shards: [] };

/** The hash key that picks a record's shard. @throws PermanentError for an explicit one that is no 128-bit decimal number. */
export const hashKeyOf = ({ partitionKey, explicitHashKey }: OutgoingRecord): bigint => {
  if (explicitHashKey === undefined) return BigInt(`0x${createHash('md5').update(partitionKey).digest('hex')}`);
  if (!/^(?:0|[1-9]\d{0,38})$/.test(explicitHashKey) || BigInt(explicitHashKey) >= HASH_KEYS) {
    throw new PermanentError(`put record: explicit hash key ${JSON.stringify(explicitHashKey.slice(0, 50))}, a decimal number from 0 to 2^128 - 1 allowed`);
  }
  return BigInt(explicitHashKey);
};

/**
 * The table after a reshard: the open shards are closed, and `shardCount` new ones of equal ranges take over. The parents
 * of a new shard are the closed ones whose range meets its own.
 */
export const reshardTable = (table: ShardTable, shardCount: number): ShardTable => {
  if (!Number.isInteger(shardCount) || shardCount < 1 || shardCount > 1000) {
    throw new PermanentError(`reshard: ${shardCount} shards, a whole number from 1 to 1000 allowed`);
  }
  const count = BigInt(shardCount);
  const before = table.shards.filter((shard) => shard.open);
  const fresh = Array.from({ length: shardCount }, (_, i): RangedShard => {
    const start = (HASH_KEYS * BigInt(i)) / count;
    const end = (HASH_KEYS * BigInt(i + 1)) / count - 1n;
    const parents = before.filter((shard) => BigInt(shard.startingHashKey) <= end && BigInt(shard.endingHashKey) >= start);
    return {
      shardId: `shard-${String(table.nextShard + i).padStart(6, '0')}`,
      parentIds: parents.map((shard) => shard.shardId),
      startingHashKey: String(start),
      endingHashKey: String(end),
      open: true,
    };
  });
  return { nextShard: table.nextShard + shardCount, shards: [...table.shards.map((shard) => ({ ...shard, open: false })), ...fresh] };
};

/** The shard ids of the open shards, by the end of their range. */
export const routeOf = (table: ShardTable): ((hashKey: bigint) => string) => {
  const open = table.shards
    .filter((shard) => shard.open)
    .map((shard) => ({ shardId: shard.shardId, end: BigInt(shard.endingHashKey) }))
    .toSorted((a, b) => (a.end < b.end ? -1 : 1));
  return (hashKey) => (open.find((shard) => hashKey <= shard.end) as { shardId: string }).shardId;
};
