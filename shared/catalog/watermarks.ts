import type { Shard } from '../wire/record-stream.ts';
import type { Item, ItemTable } from './item-table.ts';

/** The partition of the marks. */
export const WATERMARKS = 'watermark';
const PK = WATERMARKS;

/** Arrival stamps of a shard are not monotonic; within this they are taken to be (design 4, watermark). */
export const ARRIVAL_SKEW_MS = 1000;

export interface ShardWatermark {
  readonly shardId: string;
  /** Every record of the shard that arrived before this is stored. */
  readonly watermarkMs: number;
  /** Whether the shard itself has delivered a record yet. */
  readonly delivered: boolean;
}

/** Raises a shard's watermark, never lowers it. `arrivalMs` is the greatest arrival stamp of the records that are now stored. */
export const raiseWatermark = async (items: ItemTable, shardId: string, arrivalMs: number): Promise<void> => {
  const watermarkMs = arrivalMs - ARRIVAL_SKEW_MS;
  const outcome = await items.transact([
    { put: markItem({ shardId, watermarkMs, delivered: true }), when: { any: [{ is: 'absent' }, { is: 'less', attribute: 'watermarkMs', value: watermarkMs }] } },
  ]);
  if (!outcome.done) await markDelivered(items, shardId);
};

/**
 * A child inherits a mark that its first records need not pass, since stamps are not monotonic: that it has delivered must be
 * known even so, or its parent would hold the installation back.
 */
const markDelivered = async (items: ItemTable, shardId: string): Promise<void> => {
  const item = await items.get({ pk: PK, sk: shardId });
  if (item === undefined) return;
  const mark = markOf(item);
  if (mark.delivered) return;
  // Where the condition fails somebody else has raised the mark, and told so.
  await items.transact([{ put: markItem({ ...mark, delivered: true }), when: { is: 'equal', attribute: 'watermarkMs', value: mark.watermarkMs } }]);
};

const markItem = ({ shardId, watermarkMs, delivered }: ShardWatermark): Item => ({ pk: PK, sk: shardId, attributes: { watermarkMs, delivered } });

const markOf = ({ sk, attributes }: Item): ShardWatermark => ({
  shardId: sk,
  watermarkMs: Number(attributes['watermarkMs']),
  delivered: attributes['delivered'] === true,
});

/**
 * Stands beside the shards once the first list of them is in. Before that, a shard that has stored something says nothing of
 * the others; afterwards, shards that are not in yet are held for by their parents.
 */
const LISTED = 'listed';

export const shardWatermarks = async (items: ItemTable): Promise<readonly ShardWatermark[]> => marksOf(await items.query(PK));

const marksOf = (rows: readonly Item[]): readonly ShardWatermark[] => rows.filter((item) => item.sk !== LISTED).map(markOf);

const isListed = (rows: readonly Item[]): boolean => rows.some((item) => item.sk === LISTED);

/**
 * The installation's watermark: the least over its live shards; undefined before the shards are known.
 * Everything that arrived before it, on whichever shard, is stored.
 */
export const installationWatermark = async (items: ItemTable): Promise<number | undefined> => {
  const rows = await items.query(PK);
  const marks = marksOf(rows);
  return isListed(rows) && marks.length > 0 ? Math.min(...marks.map((mark) => mark.watermarkMs)) : undefined;
};

/**
 * Lets new shards in, at the least value of their parents, and lets old ones go: a shard leaves when a descendant has
 * delivered a record (so the shard was read to its end), or when the stream no longer lists it. A stream has shards at any
 * time: an empty list is taken for no answer.
 */
export const refreshShards = async (items: ItemTable, shards: readonly Shard[]): Promise<void> => {
  if (shards.length === 0) return;
  const rows = await items.query(PK);
  const marks = new Map(marksOf(rows).map((mark) => [mark.shardId, mark]));
  const outlived = new Set(shards.filter((shard) => marks.get(shard.shardId)?.delivered === true).flatMap((shard) => ancestorsOf(shard, shards)));
  for (const mark of entering(shards, marks, outlived)) await items.transact([{ put: markItem(mark), when: { is: 'absent' } }]);
  if (!isListed(rows)) await items.transact([{ put: { pk: PK, sk: LISTED, attributes: {} } }]);
  const listed = new Set(shards.map((shard) => shard.shardId));
  for (const shardId of marks.keys()) {
    if (outlived.has(shardId) || !listed.has(shardId)) await items.transact([{ remove: { pk: PK, sk: shardId } }]);
  }
};

const entering = (shards: readonly Shard[], marks: ReadonlyMap<string, ShardWatermark>, outlived: ReadonlySet<string>): ShardWatermark[] =>
  shards
    .filter((shard) => !marks.has(shard.shardId) && !outlived.has(shard.shardId))
    .map((shard) => {
      const inherited = ancestorsOf(shard, shards).flatMap((id) => marks.get(id)?.watermarkMs ?? []);
      return { shardId: shard.shardId, watermarkMs: inherited.length === 0 ? 0 : Math.min(...inherited), delivered: false };
    });

/** Parents, their parents, and so on, as far as the stream still lists them. */
const ancestorsOf = (shard: Shard, shards: readonly Shard[]): string[] => {
  const byId = new Map(shards.map((each) => [each.shardId, each]));
  const found = new Set<string>();
  const queue = [...shard.parentIds];
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    if (found.has(id)) continue;
    found.add(id);
    queue.push(...(byId.get(id)?.parentIds ?? []));
  }
  return [...found];
};
