import type { Deliver, DeliveredRecord, Delivery } from '../wire/record-stream.ts';
import { deliverPieces, halves, type PieceContext } from './mapping-pieces.ts';
import type { MappingSource } from './mapping-source.ts';

export interface MappingOptions {
  readonly stream: MappingSource;
  readonly deliver: Deliver;
  readonly nowMs: () => number;
  /** Resolves after `ms`, or as soon as `signal` is aborted, whichever is first; it may reject then. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** A batch goes out with this many records (Lambda's greatest batch size by default), ... */
  readonly batchRecords?: number;
  /** ... or with this payload (Lambda's 6 MB by default), ... */
  readonly payloadBytes?: number;
  /** ... or this long after its first record was read. A second by default: one's own metrics are there at once. */
  readonly windowMs?: number;
  /** How often an idle shard is looked at. */
  readonly pollMs?: number;
  /** A record that still cannot be delivered at this age goes to `onFailure`. No limit by default: the embedded stream keeps what is not delivered. */
  readonly maxAgeMs?: number;
  /** Takes what is given up; the mapping moves on only once it resolves. */
  readonly onFailure?: (delivery: Delivery, error: unknown) => Promise<void>;
  /** Told of every failure that the mapping gets over by itself. */
  readonly onError?: (subject: string, error: unknown) => void;
}

export interface Mapping {
  /** Delivers what the stream holds, without waiting for windows, and ends. A delivery that fails now is left to the next start. */
  stop(): Promise<void>;
  /** Resolves when no shard holds a record that is not delivered. */
  idle(): Promise<void>;
}

const BATCH_RECORDS = 10_000;
const PAYLOAD_BYTES = 6 * 1024 * 1024;
const WINDOW_MS = 1000;
const POLL_MS = 100;
const SHARD_SYNC_MS = 1000;
const TRIM_EVERY_MS = 60_000;
const RECOVER_AFTER_MS = 1000;

/**
 * Reads every shard in order and hands its records to `deliver` in batches, each at least once, with the semantics of
 * Lambda's event source mapping: a failed batch is halved down to the record that fails, which is tried again without
 * limit; parents are read to their end before their children. Time comes through the options alone.
 */
export const startMapping = (options: MappingOptions): Mapping => {
  const run = new MappingRun(options);
  const ended = run.start();
  return {
    stop: async () => {
      run.stop();
      await ended;
    },
    idle: () => run.idle(),
  };
};

class MappingRun {
  private readonly options: MappingOptions;
  private readonly stopping = new AbortController();
  private readonly running = new Map<string, Promise<void>>();
  private readonly done = new Set<string>();

  constructor(options: MappingOptions) {
    this.options = options;
  }

  stop(): void {
    this.stopping.abort();
  }

  async start(): Promise<void> {
    await this.untilItWorks('recover', () => this.recover());
    let trimAtMs = this.options.nowMs() + TRIM_EVERY_MS;
    do {
      await this.attempt('list shards', () => this.startReady());
      if (this.options.nowMs() >= trimAtMs) {
        await this.attempt('trim', () => this.options.stream.trim());
        trimAtMs = this.options.nowMs() + TRIM_EVERY_MS;
      }
      await this.pause(SHARD_SYNC_MS);
    } while (!this.stopping.signal.aborted);
    while (this.running.size > 0) await Promise.all(this.running.values());
  }

  async idle(): Promise<void> {
    const { stream, pollMs = POLL_MS } = this.options;
    while (!this.stopping.signal.aborted) {
      const shards = await stream.listShards();
      const behind = await Promise.all(shards.map((shard) => stream.behind(shard.shardId)));
      if (!behind.includes(true)) return;
      await this.pause(pollMs);
    }
  }

  /**
   * The batches during which the process before this one died come first, one at a time and halved: a record that kills
   * the process is then alone within a few restarts, and the batches that died beside it are not taken for guilty.
   */
  private async recover(): Promise<void> {
    const { stream } = this.options;
    for (const { shardId } of await stream.listShards()) {
      const after = (await stream.checkpoint(shardId)) ?? '0';
      const mark = await stream.inFlight(shardId);
      if (mark === undefined || mark.afterSequence !== after) continue;
      const { records } = await stream.read(shardId, after, mark.records, Number.POSITIVE_INFINITY);
      const finished = await deliverPieces(this.pieceContext(shardId, after), halves(records));
      if (!finished) return;
    }
  }

  private async startReady(): Promise<void> {
    const shards = await this.options.stream.listShards();
    const listed = new Set(shards.map((shard) => shard.shardId));
    for (const { shardId, parentIds } of shards) {
      const ready = parentIds.every((parent) => !listed.has(parent) || this.done.has(parent));
      if (!ready || this.running.has(shardId) || this.done.has(shardId)) continue;
      this.running.set(shardId, this.runShard(shardId));
    }
  }

  private async runShard(shardId: string): Promise<void> {
    await this.untilItWorks(`read ${shardId}`, () => this.follow(shardId));
    this.running.delete(shardId);
    // Its children need not wait for the next look at the list; a stop drains them too.
    if (this.done.has(shardId)) await this.attempt('list shards', () => this.startReady());
  }

  /** Delivers batch after batch until the shard ends or the mapping stops. */
  private async follow(shardId: string): Promise<void> {
    let after = await this.options.stream.checkpoint(shardId);
    for (;;) {
      const { records, ended } = await this.gather(shardId, after);
      if (records.length > 0 && !(await deliverPieces(this.pieceContext(shardId, after ?? '0'), [records]))) return;
      after = records.at(-1)?.sequence ?? after;
      if (ended) this.done.add(shardId);
      if (ended || (records.length === 0 && this.stopping.signal.aborted)) return;
    }
  }

  /** Reads until the batch is full, its window is over, or the shard ends. Empty only at the end or when stopping. */
  private async gather(shardId: string, checkpoint: string | undefined): Promise<{ records: readonly DeliveredRecord[]; ended: boolean }> {
    const { stream, nowMs, batchRecords = BATCH_RECORDS, payloadBytes = PAYLOAD_BYTES, windowMs = WINDOW_MS, pollMs = POLL_MS } = this.options;
    const records: DeliveredRecord[] = [];
    let bytes = 0;
    let endMs = Number.POSITIVE_INFINITY; // of the window
    for (;;) {
      const after = records.at(-1)?.sequence ?? checkpoint;
      let read = await stream.read(shardId, after, batchRecords - records.length, payloadBytes - bytes);
      // A record that is larger than a whole payload goes alone.
      if (read.more && read.records.length + records.length === 0) read = await stream.read(shardId, after, 1, Number.POSITIVE_INFINITY);
      records.push(...read.records);
      bytes += read.bytes;
      if (records.length > 0) endMs = Math.min(endMs, nowMs() + windowMs);
      const full = read.more || records.length >= batchRecords;
      if (full || read.ended || this.stopping.signal.aborted || nowMs() >= endMs) return { records, ended: read.ended };
      await this.pause(Math.min(pollMs, endMs - nowMs()));
    }
  }

  private pieceContext(shardId: string, after: string): PieceContext {
    return { ...this.options, shardId, after, stopping: this.stopping.signal, pause: (ms) => this.pause(ms) };
  }

  private async untilItWorks(subject: string, step: () => Promise<void>): Promise<void> {
    while (!(await this.attempt(subject, step)) && !this.stopping.signal.aborted) await this.pause(RECOVER_AFTER_MS);
  }

  private async attempt(subject: string, step: () => Promise<void>): Promise<boolean> {
    try {
      await step();
      return true;
    } catch (error) {
      this.options.onError?.(subject, error);
      return false;
    }
  }

  private async pause(ms: number): Promise<void> {
    if (this.stopping.signal.aborted) return;
    // A sleep that is cut short may reject; the loops look at the signal themselves. No race with a promise of the stop:
    // each would leave its reactions on that promise, 300 bytes ten times a second.
    await this.options.sleep(ms, this.stopping.signal).catch(() => undefined);
  }
}
