import { PermanentError, ThrottledError, UnavailableError } from '../errors.ts';
import type { DeliveredRecord, OutgoingRecord, PutRecords, Shard } from '../wire/record-stream.ts';
import type { InFlight, MappingSource, ShardRead } from './mapping-source.ts';
import { type ArrivedRecord, checkRecord, frameBytes, type StoredRecord } from './segment-frame.ts';
import { parseSegmentName, SegmentLog } from './segment-log.ts';
import { openFolder, type StreamFiles } from './stream-files.ts';
import { hashKeyOf, NO_SHARDS, reshardTable, routeOf, type ShardTable } from './stream-shards.ts';

export interface StreamOptions {
  /** When the folder holds another number of open shards, the stream is resharded. */
  readonly shardCount: number;
  readonly nowMs: () => number;
  /** A segment that has reached this is followed by a new one. */
  readonly segmentBytes?: number;
  /** Delivered records are kept for this long by their arrival; records not yet delivered for as long as it takes. */
  readonly retentionMs?: number;
  /** What may wait for the disk at one time. */
  readonly queueBytes?: number;
  /** The folder by another way than its path: tests fill disks with it. */
  readonly files?: StreamFiles;
}

/** 16 MiB: read whole at a start and at a trim, so small enough for memory, and few enough files for a day. */
const SEGMENT_BYTES = 16 * 1024 * 1024;
/** An hour: nothing reads a delivered record again but a person who looks for what happened. */
const RETENTION_MS = 3_600_000;
const QUEUE_BYTES = 64 * 1024 * 1024;
const RETRY_AFTER_S = 1;

const TABLE_NAME = 'shards.json';
const checkpointName = (shardId: string): string => `${shardId}.checkpoint`;
const inFlightName = (shardId: string): string => `${shardId}.inflight`;

/** What an event source mapping counts for a record: base64 data, and 548 bytes of event around it (measured, reference/aws.md 2). */
const payloadBytes = ({ data }: { readonly data: Uint8Array }): number => 548 + 4 * Math.ceil(data.length / 3);

interface OpenShard {
  readonly log: SegmentLog;
  /** 0 before the first. */
  checkpoint: number;
}

/**
 * A stream of records in one folder: shards are ordered logs, a put resolves once its records are on the disk, and
 * nothing acknowledged is lost by a crash or a power cut.
 */
export class EmbeddedStream implements MappingSource {
  private readonly files: StreamFiles;
  private readonly options: StreamOptions;
  private readonly logs = new Map<string, OpenShard>();
  private table: ShardTable;
  private route: (hashKey: bigint) => string;
  private queuedBytes = 0;
  private closed = false;

  private constructor(files: StreamFiles, options: StreamOptions, table: ShardTable) {
    this.files = files;
    this.options = options;
    this.table = table;
    this.route = routeOf(table);
  }

  /** @throws PermanentError for a folder with damage that is not the trace of a crash. */
  static async open(files: StreamFiles, options: StreamOptions): Promise<EmbeddedStream> {
    const stream = new EmbeddedStream(files, options, await readTable(files));
    const segments = (await files.names()).flatMap((name) => parseSegmentName(name) ?? []);
    if (stream.table.shards.length === 0 && segments.length > 0) {
      throw new PermanentError(`open stream ${TABLE_NAME}: found ${segments.length} segment files and no table of shards, restore it from a copy`);
    }
    for (const { shardId } of stream.table.shards) {
      const firsts = segments.filter((segment) => segment.shardId === shardId).map((segment) => segment.firstSequence);
      await stream.openShard(shardId, firsts);
    }
    const open = stream.table.shards.filter((shard) => shard.open).length;
    if (open !== options.shardCount) await stream.reshard(options.shardCount);
    return stream;
  }

  readonly putRecords: PutRecords = async (records) => {
    // Not for good: another process will take them.
    if (this.closed) throw new UnavailableError(`put ${records.length} records: the stream is closed, records are taken again after a restart`, RETRY_AFTER_S);
    const arrivalMs = this.options.nowMs();
    const byShard = new Map<string, ArrivedRecord[]>();
    let bytes = 0;
    for (const record of records) {
      checkRecord(record);
      const shardId = this.route(hashKeyOf(record));
      const arrived = byShard.get(shardId);
      if (arrived === undefined) byShard.set(shardId, [{ record, arrivalMs }]);
      else arrived.push({ record, arrivalMs });
      bytes += frameBytes(record);
    }
    this.admit(bytes, records);
    try {
      const puts = await Promise.allSettled([...byShard].map(([shardId, arrived]) => this.shard(shardId).log.append(arrived)));
      for (const put of puts) if (put.status === 'rejected') throw put.reason;
    } finally {
      this.queuedBytes -= bytes;
    }
  };

  readonly listShards = (): Promise<readonly Shard[]> =>
    Promise.resolve(this.table.shards.map(({ shardId, parentIds, startingHashKey, open }) => ({ shardId, parentIds, startingHashKey, open })));

  async read(shardId: string, afterSequence: string | undefined, maxRecords: number, maxBytes: number): Promise<ShardRead> {
    const { log } = this.shard(shardId);
    const closed = this.table.shards.some((shard) => shard.shardId === shardId && !shard.open) && !log.busy;
    const { records, more } = await log.read(Number(afterSequence ?? 0), { records: maxRecords, bytes: maxBytes, bytesOf: payloadBytes });
    return { records: records.map(delivered), bytes: records.reduce((sum, record) => sum + payloadBytes(record), 0), more, ended: closed && !more };
  }

  checkpoint(shardId: string): Promise<string | undefined> {
    const { checkpoint } = this.shard(shardId);
    return Promise.resolve(checkpoint === 0 ? undefined : String(checkpoint));
  }

  behind(shardId: string): Promise<boolean> {
    const { log, checkpoint } = this.shard(shardId);
    return Promise.resolve(log.lastSequence > checkpoint);
  }

  async saveCheckpoint(shardId: string, sequence: string): Promise<void> {
    await this.files.replace(checkpointName(shardId), Buffer.from(sequence), true);
    this.shard(shardId).checkpoint = Number(sequence);
  }

  async inFlight(shardId: string): Promise<InFlight | undefined> {
    const bytes = await this.files.read(inFlightName(shardId));
    const match = /^(\d+) (\d+)$/.exec(bytes === undefined ? '' : Buffer.from(bytes).toString('latin1'));
    return match === null ? undefined : { afterSequence: match[1] as string, records: Number(match[2]) };
  }

  async markInFlight(shardId: string, batch: InFlight | undefined): Promise<void> {
    // It has to outlive the process, not the machine: a record that kills the process leaves the page cache as it is.
    const text = batch === undefined ? '' : `${batch.afterSequence} ${batch.records}`;
    await this.files.replace(inFlightName(shardId), Buffer.from(text), false);
  }

  async trim(): Promise<void> {
    const beforeMs = this.options.nowMs() - (this.options.retentionMs ?? RETENTION_MS);
    for (const { shardId, open } of this.table.shards) {
      const { log, checkpoint } = this.shard(shardId);
      await log.trim(checkpoint, beforeMs);
      if (!open && log.empty) await this.forget(shardId);
    }
  }

  /** Closes the open shards, and opens `shardCount` new ones of equal ranges that have them as parents. */
  async reshard(shardCount: number): Promise<void> {
    const table = reshardTable(this.table, shardCount);
    await this.saveTable(table);
    for (const { shardId, open } of table.shards) if (open) await this.openShard(shardId, []);
    this.table = table;
    this.route = routeOf(table);
  }

  /** Waits for the puts that are under way, and closes the files. */
  async close(): Promise<void> {
    this.closed = true;
    for (const { log } of this.logs.values()) await log.close();
  }

  private admit(bytes: number, records: readonly OutgoingRecord[]): void {
    const allowedBytes = this.options.queueBytes ?? QUEUE_BYTES;
    // A put alone is taken whatever its size: refusing it would refuse it for ever.
    if (this.queuedBytes > 0 && this.queuedBytes + bytes > allowedBytes) {
      throw new ThrottledError(
        `put ${records.length} records: ${this.queuedBytes} bytes wait for the disk, ${allowedBytes} bytes may`,
        RETRY_AFTER_S,
      );
    }
    this.queuedBytes += bytes;
  }

  private async openShard(shardId: string, firstSequences: readonly number[]): Promise<void> {
    const bytes = await this.files.read(checkpointName(shardId));
    const checkpoint = bytes === undefined ? 0 : Number(Buffer.from(bytes).toString('latin1'));
    if (!Number.isSafeInteger(checkpoint)) throw new PermanentError(`open stream ${checkpointName(shardId)}: found no whole number`);
    const log = await SegmentLog.open(this.files, shardId, firstSequences, checkpoint, this.options.segmentBytes ?? SEGMENT_BYTES);
    this.logs.set(shardId, { log, checkpoint });
  }

  /** The row goes last: after a crash on the way, the shard comes back empty and is forgotten again. */
  private async forget(shardId: string): Promise<void> {
    const { log } = this.shard(shardId);
    this.table = { ...this.table, shards: this.table.shards.filter((shard) => shard.shardId !== shardId) };
    this.logs.delete(shardId);
    await log.remove();
    await this.files.remove(checkpointName(shardId));
    await this.files.remove(inFlightName(shardId));
    await this.saveTable(this.table);
  }

  private saveTable(table: ShardTable): Promise<void> {
    return this.files.replace(TABLE_NAME, Buffer.from(JSON.stringify(table)), true);
  }

  private shard(shardId: string): OpenShard {
    const shard = this.logs.get(shardId);
    if (shard === undefined) throw new PermanentError(`read stream: there is no shard ${shardId}`);
    return shard;
  }
}

/** Opens the stream in the folder `path`, which is made when it is not there. */
export const openStream = async (path: string, options: StreamOptions): Promise<EmbeddedStream> =>
  EmbeddedStream.open(options.files ?? (await openFolder(path)), options);

const readTable = async (files: StreamFiles): Promise<ShardTable> => {
  const bytes = await files.read(TABLE_NAME);
  return bytes === undefined ? NO_SHARDS : (JSON.parse(Buffer.from(bytes).toString()) as ShardTable);
};

const delivered = ({ sequence, arrivalMs, partitionKey, data }: StoredRecord): DeliveredRecord => ({
  sequence: String(sequence),
  arrivalMs,
  partitionKey,
  data,
});
