import { PermanentError } from '../errors.ts';
import { frameAt, MAX_FRAME_BYTES, type StoredRecord } from './segment-frame.ts';
import type { LogRead, ReadRoom, Segment } from './segment-log.ts';
import type { StreamFile, StreamFiles } from './stream-files.ts';

/** Holds at least one whole frame. */
const BLOCK_BYTES = 2 * MAX_FRAME_BYTES;

interface Place {
  readonly segment: Segment;
  readonly at: number;
}

/** Reads a shard's segments forward. It remembers where the last read ended, so reading on costs no search. */
export class SegmentReader {
  private readonly files: StreamFiles;
  private readonly segments: readonly Segment[];
  private last: { readonly sequence: number; readonly place: Place } | undefined;
  private opened: { readonly segment: Segment; readonly file: StreamFile } | undefined;

  constructor(files: StreamFiles, segments: readonly Segment[]) {
    this.files = files;
    this.segments = segments;
  }

  /** The records behind `afterSequence`, as many as there is room for. */
  async read(afterSequence: number, room: ReadRoom): Promise<LogRead> {
    const records: StoredRecord[] = [];
    let bytes = 0;
    let place = this.placeBehind(afterSequence);
    for (;;) {
      const end = place.segment.bytes;
      if (place.at >= end) {
        const next = this.segments[this.segments.indexOf(place.segment) + 1];
        if (next === undefined) break;
        place = { segment: next, at: 0 };
        continue;
      }
      const block = await this.block(place, end);
      let at = 0;
      for (let frame = frameAt(block, at); frame !== undefined; frame = frameAt(block, at)) {
        if (frame.record.sequence > afterSequence) {
          bytes += room.bytesOf(frame.record);
          if (records.length >= room.records || bytes > room.bytes) return this.ended(afterSequence, records, { ...place, at: place.at + at }, true);
          records.push(frame.record);
        }
        at = frame.end;
      }
      if (at === 0) throw badFrame(place);
      place = { ...place, at: place.at + at };
    }
    return this.ended(afterSequence, records, place, false);
  }

  /** Lets go of a segment that is about to be removed. */
  async leave(segment: Segment): Promise<void> {
    if (this.opened?.segment === segment) await this.close();
    if (this.last?.place.segment === segment) this.last = undefined;
  }

  async close(): Promise<void> {
    await this.opened?.file.close();
    this.opened = undefined;
  }

  private ended(afterSequence: number, records: readonly StoredRecord[], place: Place, more: boolean): LogRead {
    this.last = { sequence: records.at(-1)?.sequence ?? afterSequence, place };
    return { records, more };
  }

  private placeBehind(afterSequence: number): Place {
    if (this.last?.sequence === afterSequence) return this.last.place;
    const segment = this.segments.findLast((each) => each.firstSequence <= afterSequence + 1);
    return { segment: segment ?? (this.segments[0] as Segment), at: 0 };
  }

  private async block({ segment, at }: Place, end: number): Promise<Uint8Array> {
    if (this.opened?.segment !== segment) {
      await this.close();
      this.opened = { segment, file: await this.files.open(segment.name) };
    }
    return this.opened.file.read(at, Math.min(end - at, BLOCK_BYTES));
  }
}

const badFrame = ({ segment, at }: Place): PermanentError =>
  new PermanentError(`read stream ${segment.name}: found a bad frame at byte ${at} of ${segment.bytes}, restore the file from a copy`);
