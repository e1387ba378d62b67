import { PermanentError, UnavailableError } from '../errors.ts';
import { diskError } from './disk-error.ts';
import { type ArrivedRecord, encodeFrames, frameBytes, scanSegment, type StoredRecord } from './segment-frame.ts';
import { SegmentReader } from './segment-reader.ts';
import type { StreamFile, StreamFiles } from './stream-files.ts';

/** One file of a shard's log. Its name carries the sequence number its first record has, or will have. */
export interface Segment {
  readonly name: string;
  readonly firstSequence: number;
  /** Up to here the file is good and durable; what stands behind belongs to nobody. */
  bytes: number;
  /** Undefined until somebody has had to read the segment for it. */
  newestArrivalMs: number | undefined;
}

export interface LogRead {
  readonly records: readonly StoredRecord[];
  /** Whether the log holds a record behind the last one given. */
  readonly more: boolean;
}

/** What a reader may still take: records, and bytes by its own measure of a record. */
export interface ReadRoom {
  readonly records: number;
  readonly bytes: number;
  readonly bytesOf: (record: StoredRecord) => number;
}

interface QueuedPut {
  readonly arrived: readonly ArrivedRecord[];
  readonly bytes: number;
  readonly settle: (failure: Error | undefined) => void;
}

/** Puts are written and synced together up to this size; one put alone may be larger. */
const GROUP_BYTES = 8 * 1024 * 1024;
const RETRY_AFTER_S = 5;

export const segmentName = (shardId: string, firstSequence: number): string => `${shardId}.${String(firstSequence).padStart(16, '0')}.seg`;

/** The shard and first sequence in a segment's name; undefined for the name of anything else. */
export const parseSegmentName = (name: string): { readonly shardId: string; readonly firstSequence: number } | undefined => {
  const match = /^([a-z0-9-]+)\.(\d{16})\.seg$/.exec(name);
  return match === null ? undefined : { shardId: match[1] as string, firstSequence: Number(match[2]) };
};

/**
 * The ordered log of one shard, in segment files. An append resolves once its records are durable; appends that wait
 * at the same time share one write and one sync. A failed write is cut off again before anything is written behind it.
 */
export class SegmentLog {
  private readonly files: StreamFiles;
  private readonly shardId: string;
  private readonly segmentBytes: number;
  private readonly segments: Segment[];
  private readonly reader: SegmentReader;
  private active: StreamFile;
  private nextSequence: number;
  private queue: QueuedPut[] = [];
  private committing: Promise<void> | undefined;
  private torn = false;

  private constructor(files: StreamFiles, shardId: string, segmentBytes: number, segments: Segment[], active: StreamFile, nextSequence: number) {
    this.files = files;
    this.shardId = shardId;
    this.segmentBytes = segmentBytes;
    this.segments = segments;
    this.active = active;
    this.nextSequence = nextSequence;
    this.reader = new SegmentReader(files, segments);
  }

  /**
   * Opens the log, or begins it. Records up to `checkpoint` are delivered and are not looked at again. A bad frame ends
   * the last segment there: nobody was told that it is stored.
   * @throws PermanentError for a bad frame in an earlier segment: acknowledged records are damaged.
   */
  static async open(files: StreamFiles, shardId: string, firstSequences: readonly number[], checkpoint: number, segmentBytes: number): Promise<SegmentLog> {
    const firsts = firstSequences.length === 0 ? [checkpoint + 1] : firstSequences.toSorted((a, b) => a - b);
    const segments: Segment[] = [];
    for (const [i, firstSequence] of firsts.slice(0, -1).entries()) {
      segments.push(await openEarlier(files, segmentName(shardId, firstSequence), firstSequence, (firsts[i + 1] as number) - 1 > checkpoint));
    }
    const firstSequence = firsts.at(-1) as number;
    const name = segmentName(shardId, firstSequence);
    const active = await files.open(name);
    const scan = scanSegment(await active.read(0, await files.sizeBytes(name)));
    await active.truncate(scan.goodBytes);
    // Frames that were written but never acknowledged stay, so they have to be durable before anybody reads them.
    await active.sync();
    segments.push({ name, firstSequence, bytes: scan.goodBytes, newestArrivalMs: scan.newestArrivalMs });
    const nextSequence = Math.max(firstSequence, scan.lastSequence + 1, checkpoint + 1);
    return new SegmentLog(files, shardId, segmentBytes, segments, active, nextSequence);
  }

  /** The last durable record's sequence; 0 when there never was one. */
  get lastSequence(): number {
    return this.nextSequence - 1;
  }

  /** Whether puts are still on their way to the disk. */
  get busy(): boolean {
    return this.committing !== undefined;
  }

  /** @throws UnavailableError when the disk refuses; none of these records is kept then. */
  append(arrived: readonly ArrivedRecord[]): Promise<void> {
    return new Promise((resolve, reject) => {
      const bytes = arrived.reduce((sum, { record }) => sum + frameBytes(record), 0);
      this.queue.push({ arrived, bytes, settle: (failure) => (failure === undefined ? resolve() : reject(failure)) });
      this.committing ??= this.commitQueued();
    });
  }

  read(afterSequence: number, room: ReadRoom): Promise<LogRead> {
    return this.reader.read(afterSequence, room);
  }

  /** Removes whole segments whose records are all up to `checkpoint` and older than `beforeMs`. */
  async trim(checkpoint: number, beforeMs: number): Promise<void> {
    const last = this.segments.at(-1) as Segment;
    const isOld = this.lastSequence <= checkpoint && last.bytes > 0 && (last.newestArrivalMs ?? 0) < beforeMs;
    // While puts are under way the segment is in use; waiting for a pause between them might take for ever.
    if (isOld && !this.busy) await this.rollAlone();
    while (this.segments.length > 1) {
      const [oldest, next] = this.segments as [Segment, Segment];
      if (next.firstSequence - 1 > checkpoint) return;
      oldest.newestArrivalMs ??= scanSegment((await this.files.read(oldest.name)) ?? new Uint8Array()).newestArrivalMs;
      if (oldest.newestArrivalMs >= beforeMs) return;
      await this.reader.leave(oldest);
      await this.files.remove(oldest.name);
      this.segments.shift();
    }
  }

  /** Whether the log holds no record at all any more. */
  get empty(): boolean {
    return this.segments.length === 1 && (this.segments[0] as Segment).bytes === 0;
  }

  async close(): Promise<void> {
    await this.settled();
    await this.reader.close();
    await this.active.close();
  }

  /** Closes the log and takes its files away. */
  async remove(): Promise<void> {
    await this.close();
    for (const segment of this.segments) await this.files.remove(segment.name);
  }

  private async commitQueued(): Promise<void> {
    // The puts of this turn of the event loop go together.
    await Promise.resolve();
    while (this.queue.length > 0) {
      const group = this.takeGroup();
      const failure = await this.commit(group.flatMap((put) => put.arrived));
      for (const put of group) put.settle(failure);
    }
    this.committing = undefined;
  }

  private takeGroup(): readonly QueuedPut[] {
    let bytes = 0;
    let count = 0;
    for (const put of this.queue) {
      bytes += put.bytes;
      if (count > 0 && bytes > GROUP_BYTES) break;
      count++;
    }
    return this.queue.splice(0, count);
  }

  private async commit(arrived: readonly ArrivedRecord[]): Promise<UnavailableError | undefined> {
    try {
      await this.write(arrived);
      return undefined;
    } catch (cause) {
      // When the cut fails too, the next write begins with it.
      await this.cutTorn().catch(() => undefined);
      const error = diskError(`put records ${this.shardId}`, cause);
      // Whatever it was, the sender has to keep its records and come again.
      return error instanceof UnavailableError ? error : new UnavailableError(error.message, RETRY_AFTER_S, { cause });
    }
  }

  private async write(arrived: readonly ArrivedRecord[]): Promise<void> {
    await this.cutTorn();
    if ((this.segments.at(-1) as Segment).bytes >= this.segmentBytes) await this.roll();
    const segment = this.segments.at(-1) as Segment;
    const bytes = encodeFrames(arrived, this.nextSequence);
    this.torn = true;
    await this.active.write(bytes, segment.bytes);
    await this.active.sync();
    this.torn = false;
    segment.bytes += bytes.length;
    segment.newestArrivalMs = arrived.reduce((newest, { arrivalMs }) => Math.max(newest, arrivalMs), segment.newestArrivalMs ?? -Infinity);
    this.nextSequence += arrived.length;
  }

  private async cutTorn(): Promise<void> {
    if (!this.torn) return;
    await this.active.truncate((this.segments.at(-1) as Segment).bytes);
    this.torn = false;
  }

  private async settled(): Promise<void> {
    while (this.committing !== undefined) await this.committing.catch(() => undefined);
  }

  /** Rolls while no put is being written; puts that come meanwhile follow. */
  private rollAlone(): Promise<void> {
    this.committing = this.roll().finally(() => {
      this.committing = this.queue.length > 0 ? this.commitQueued() : undefined;
    });
    return this.committing;
  }

  /** The segment so far is synced to its last byte, so that only the last one can ever be torn. */
  private async roll(): Promise<void> {
    const name = segmentName(this.shardId, this.nextSequence);
    const file = await this.files.open(name);
    const before = this.active;
    this.active = file;
    this.segments.push({ name, firstSequence: this.nextSequence, bytes: 0, newestArrivalMs: -Infinity });
    await before.close();
  }
}

const openEarlier = async (files: StreamFiles, name: string, firstSequence: number, unread: boolean): Promise<Segment> => {
  const bytes = await files.sizeBytes(name);
  if (!unread) return { name, firstSequence, bytes, newestArrivalMs: undefined };
  const { goodBytes, newestArrivalMs } = scanSegment((await files.read(name)) ?? new Uint8Array());
  if (goodBytes !== bytes) {
    throw new PermanentError(
      `open stream ${name}: found a bad frame at byte ${goodBytes} of ${bytes}, only the last segment may end in one; restore the file from a copy, or remove it to give up its records`,
    );
  }
  return { name, firstSequence, bytes, newestArrivalMs };
};
