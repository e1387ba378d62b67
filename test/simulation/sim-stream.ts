import { hashKeyOf } from '../../shared/embedded/stream-shards.ts';
import type { DeliveredRecord, OutgoingRecord, Shard } from '../../shared/wire/record-stream.ts';
import type { Random } from './random.ts';

export interface SimShard {
  readonly shardId: string;
  readonly parentIds: readonly string[];
  readonly start: bigint; // inclusive
  readonly end: bigint; // inclusive
  readonly records: DeliveredRecord[];
  open: boolean;
}

const HASH_KEYS = 1n << 128n;
/**
 * Stamps lie at most this far from the true time, either way. Two of them can then be in the wrong order by 900 ms, within
 * what the watermark allows for (`ARRIVAL_SKEW_MS`).
 */
const STAMP_JITTER_MS = 450;

/** A stream of ordered shards like Kinesis: stamps that are not monotonic, splits and merges. */
export class SimStream {
  readonly shards: SimShard[] = [];
  /** Told of every record that is in the stream from now on. */
  onAppend: (shard: SimShard, record: DeliveredRecord) => void = () => undefined;
  private readonly random: Random;
  private readonly nowMs: () => number;
  private waiting: (() => void)[] = [];
  // From 7 on, so that soon some have more digits than others: sequences are numbers, not texts.
  private nextSequence = 7;

  constructor(shardCount: number, random: Random, nowMs: () => number) {
    this.random = random;
    this.nowMs = nowMs;
    const count = BigInt(shardCount);
    for (let i = 0n; i < count; i++) this.open([], (HASH_KEYS * i) / count, (HASH_KEYS * (i + 1n)) / count - 1n);
  }

  append(record: OutgoingRecord): DeliveredRecord {
    const hashKey = hashKeyOf(record);
    const shard = this.shards.find((each) => each.open && hashKey >= each.start && hashKey <= each.end) as SimShard;
    const arrivalMs = this.nowMs() + this.random.int(-STAMP_JITTER_MS, STAMP_JITTER_MS);
    const delivered: DeliveredRecord = { sequence: String(this.nextSequence++), arrivalMs, partitionKey: record.partitionKey, data: Uint8Array.from(record.data) };
    shard.records.push(delivered);
    this.onAppend(shard, delivered);
    this.announce();
    return delivered;
  }

  listShards(): readonly Shard[] {
    return this.shards.map(({ shardId, parentIds, start, open }) => ({ shardId, parentIds, startingHashKey: String(start), open }));
  }

  /** Closes an open shard; two take its place. */
  split(shard: SimShard): void {
    shard.open = false;
    const middle = (shard.start + shard.end) / 2n;
    this.open([shard.shardId], shard.start, middle);
    this.open([shard.shardId], middle + 1n, shard.end);
    this.announce();
  }

  /** Closes two neighbours; one takes their place. */
  merge(low: SimShard, high: SimShard): void {
    low.open = false;
    high.open = false;
    this.open([low.shardId, high.shardId], low.start, high.end);
    this.announce();
  }

  /** Splits a shard, or merges two, as the dice fall. */
  reshard(): void {
    const open = this.shards.filter((shard) => shard.open).sort((a, b) => (a.start < b.start ? -1 : 1));
    if (open.length > 1 && this.random.chance(open.length > 3 ? 0.8 : 0.4)) {
      const at = this.random.int(0, open.length - 2);
      this.merge(open[at] as SimShard, open[at + 1] as SimShard);
    } else {
      this.split(this.random.pick(open));
    }
  }

  /** Resolves when a record or a shard has come. */
  changed(): Promise<void> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  /** Wakes everybody who waits for a change. */
  announce(): void {
    const { waiting } = this;
    this.waiting = [];
    for (const resolve of waiting) resolve();
  }

  private open(parentIds: readonly string[], start: bigint, end: bigint): void {
    this.shards.push({ shardId: `shardId-${String(this.shards.length).padStart(12, '0')}`, parentIds, start, end, records: [], open: true });
  }
}
