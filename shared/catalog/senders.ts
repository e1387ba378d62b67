import { createHash } from 'node:crypto';
import type { Item, ItemTable } from './item-table.ts';

const PK = 'senders';

/** A shard's list of senders is written no more often than this, by the arrival of its records. */
export const SENDERS_WRITTEN_EVERY_MS = 60_000;

/** A sender that was not seen for a day is forgotten. */
export const SENDER_KEPT_MS = 86_400_000;

/** The greatest lateness counts for so long; a greater one replaces it at once. */
export const LATENESS_WINDOW_MS = 180_000;

/** Items of one shard, by a hash of the sender: together they hold what one shard's thousand records a second can bring. */
const PARTS = 4;
const PART_SENDERS_MAX = 4000;
/** Of an item's 400 KB (DynamoDB). */
const PART_BYTES_MAX = 350_000;
/** A frame allows 1,024 bytes; senders whose names begin with the same so many characters are one. */
const NAME_MAX_UNITS = 200;

/** What one delivery says of a sender. */
export interface SenderSeen {
  readonly sender: string;
  /** Of the newest of its records. */
  readonly arrivalMs: number;
  /** 0 where it does not say. */
  readonly flushIntervalMs: number;
  readonly samples: number;
  /** The greatest arrival less a sample's time; undefined where it brought no samples. */
  readonly latenessMs: number | undefined;
}

export interface Sender {
  readonly sender: string;
  /** Where it was first seen. */
  readonly shardId: string;
  readonly firstSeenMs: number;
  /** Arrival of its newest record, a minute or two ago when this is read. */
  readonly lastSeenMs: number;
  /** 0 where it does not say. */
  readonly flushIntervalMs: number;
  /** Since it was first seen. Deliveries that come twice count twice. */
  readonly samples: number;
  /** The greatest arrival − ts of some minutes, and when it was measured; undefined where it has brought no samples. */
  readonly latenessMs: number | undefined;
  readonly latenessAtMs: number;
}

/**
 * Gathers what deliveries say of senders, and writes it to the catalog once a minute and shard. One for the life of a process.
 *
 * A sender takes about 70 bytes of an item. DynamoDB counts 1 KB a write unit and 4 KB a read unit: 10,000 senders are 700 units a
 * minute, $19 a month, read once by the store and once by the evaluator, $1 each (on demand, us-east-1: $0.625 and $0.125 a
 * million). A hundred senders are 20 cents.
 */
export class SenderLog {
  private readonly shards = new Map<string, { writtenMs: number; readonly seen: Map<string, Sender> }>();

  /**
   * What it does not write now waits for a later delivery; what a process takes along when it ends is lost. Rejects when the catalog
   * does not answer: nothing is forgotten then, and the next delivery after a minute tries again.
   */
  async note(items: ItemTable, shardId: string, seen: readonly SenderSeen[], arrivalMs: number): Promise<void> {
    const shard = this.shards.get(shardId) ?? { writtenMs: Number.NEGATIVE_INFINITY, seen: new Map<string, Sender>() };
    this.shards.set(shardId, shard);
    for (const each of seen) {
      const name = nameOf(each.sender);
      const before = shard.seen.get(name);
      if (before === undefined && shard.seen.size >= PARTS * PART_SENDERS_MAX) continue;
      shard.seen.set(name, merged(before, senderOf(name, shardId, each)));
    }
    if (arrivalMs - shard.writtenMs < SENDERS_WRITTEN_EVERY_MS || shard.seen.size === 0) return;
    shard.writtenMs = arrivalMs;
    for (const [part, senders] of parts(shard.seen.values())) {
      if (await writePart(items, shardId, part, senders, arrivalMs)) for (const { sender } of senders) shard.seen.delete(sender);
    }
  }
}

/** Every sender of the last day, by name. What several shards say of one is put together. */
export const listSenders = async (items: ItemTable, nowMs: number): Promise<readonly Sender[]> => {
  const found = new Map<string, Sender>();
  for (const item of await items.query(PK)) {
    for (const sender of sendersOf(item)) {
      if (nowMs - sender.lastSeenMs < SENDER_KEPT_MS) found.set(sender.sender, merged(found.get(sender.sender), sender));
    }
  }
  return [...found.values()].sort((a, b) => (a.sender < b.sender ? -1 : 1));
};

const nameOf = (sender: string): string => (sender.length > NAME_MAX_UNITS ? sender.slice(0, NAME_MAX_UNITS) : sender).toWellFormed();

const senderOf = (sender: string, shardId: string, { arrivalMs, flushIntervalMs, samples, latenessMs }: SenderSeen): Sender => ({
  sender,
  shardId,
  firstSeenMs: arrivalMs,
  lastSeenMs: arrivalMs,
  flushIntervalMs,
  samples,
  latenessMs,
  latenessAtMs: latenessMs === undefined ? 0 : arrivalMs,
});

const merged = (a: Sender | undefined, b: Sender): Sender => {
  if (a === undefined) return b;
  const [older, newer] = a.lastSeenMs <= b.lastSeenMs ? [a, b] : [b, a];
  return {
    sender: b.sender,
    shardId: a.firstSeenMs <= b.firstSeenMs ? a.shardId : b.shardId,
    firstSeenMs: Math.min(a.firstSeenMs, b.firstSeenMs),
    lastSeenMs: newer.lastSeenMs,
    flushIntervalMs: newer.flushIntervalMs,
    samples: a.samples + b.samples,
    ...latenessOf(older, newer),
  };
};

const latenessOf = (older: Sender, newer: Sender): Pick<Sender, 'latenessMs' | 'latenessAtMs'> => {
  const isOver = newer.latenessMs !== undefined && newer.latenessAtMs - older.latenessAtMs > LATENESS_WINDOW_MS;
  const { latenessMs, latenessAtMs } = isOver || (newer.latenessMs ?? Number.NEGATIVE_INFINITY) >= (older.latenessMs ?? Number.NEGATIVE_INFINITY) ? newer : older;
  return { latenessMs, latenessAtMs };
};

const parts = (senders: Iterable<Sender>): ReadonlyMap<number, readonly Sender[]> => {
  const found = new Map<number, Sender[]>();
  for (const sender of senders) {
    const part = (createHash('sha256').update(sender.sender).digest()[0] as number) % PARTS;
    const list = found.get(part);
    if (list === undefined) found.set(part, [sender]);
    else list.push(sender);
  }
  return found;
};

/** False where another process has written within the minute: a shard goes from one to the next. */
const writePart = async (items: ItemTable, shardId: string, part: number, senders: readonly Sender[], arrivalMs: number): Promise<boolean> => {
  const key = { pk: PK, sk: `${shardId}#${part}` };
  const item = await items.get(key);
  if (item !== undefined && Math.abs(arrivalMs - Number(item.attributes['writtenMs'])) < SENDERS_WRITTEN_EVERY_MS) return false;
  const all = new Map((item === undefined ? [] : sendersOf(item)).map((sender) => [sender.sender, sender]));
  for (const sender of senders) all.set(sender.sender, merged(all.get(sender.sender), sender));
  const kept = [...all.values()].filter(({ lastSeenMs }) => arrivalMs - lastSeenMs < SENDER_KEPT_MS);
  const attributes = { writtenMs: arrivalMs, rows: rowsText(kept, arrivalMs) };
  await items.transact([{ put: { ...key, attributes, expiresAtS: Math.ceil((arrivalMs + 2 * SENDER_KEPT_MS) / 1000) } }]);
  return true;
};

/** Times are told from the item's own, which makes them short: `[sender, first, last, flush interval, samples, lateness, its time]`. */
type Row = readonly [string, number, number, number, number, number | null, number];

/** Those that were seen last, as many as an item takes. */
const rowsText = (senders: readonly Sender[], writtenMs: number): string => {
  const rows: string[] = [];
  let bytes = 2;
  for (const each of [...senders].sort((a, b) => b.lastSeenMs - a.lastSeenMs).slice(0, PART_SENDERS_MAX)) {
    const { sender, firstSeenMs, lastSeenMs, flushIntervalMs, samples, latenessMs, latenessAtMs } = each;
    const latenessAgoMs = latenessMs === undefined ? 0 : writtenMs - latenessAtMs;
    const row: Row = [sender, writtenMs - firstSeenMs, writtenMs - lastSeenMs, flushIntervalMs, samples, latenessMs ?? null, latenessAgoMs];
    const text = JSON.stringify(row);
    bytes += Buffer.byteLength(text) + 1;
    if (bytes > PART_BYTES_MAX) break;
    rows.push(text);
  }
  return `[${rows.join(',')}]`;
};

const sendersOf = ({ sk, attributes }: Item): readonly Sender[] => {
  const writtenMs = Number(attributes['writtenMs']);
  const shardId = sk.slice(0, sk.lastIndexOf('#'));
  return (JSON.parse(String(attributes['rows'])) as readonly Row[]).map(
    ([sender, firstAgoMs, lastAgoMs, flushIntervalMs, samples, latenessMs, latenessAgoMs]): Sender => ({
      sender,
      shardId,
      firstSeenMs: writtenMs - firstAgoMs,
      lastSeenMs: writtenMs - lastAgoMs,
      flushIntervalMs,
      samples,
      latenessMs: latenessMs ?? undefined,
      latenessAtMs: latenessMs === null ? 0 : writtenMs - latenessAgoMs,
    }),
  );
};
