import { createHash } from 'node:crypto';
import { listGaps } from '../catalog/gaps.ts';
import type { ItemTable } from '../catalog/item-table.ts';
import { listQuarantineFiles, noteRedriven, type QuarantineFile } from '../catalog/quarantine-files.ts';
import { redrivenAt, rememberRedriven } from '../catalog/redriven.ts';
import { ARRIVAL_SKEW_MS } from '../catalog/watermarks.ts';
import type { SampleLimits } from '../protocols/limits.ts';
import { MissingObjectError, type ObjectStore } from '../storage/object-store.ts';
import { parseQuarantine, type QuarantinedRecord } from '../storage/quarantine.ts';
import type { PutRecords } from '../wire/record-stream.ts';
import { wouldPass } from './redrive-fate.ts';

export interface RedrivePorts {
  readonly objects: Pick<ObjectStore, 'get'>;
  readonly catalog: ItemTable;
  readonly putRecords: PutRecords;
}

/**
 * What becomes of a record: `sent` (or would be), `refused` again by the same limits, so it is left where it is, sent
 * `before`, or, of one that the store gave up, sent before and given up once more: it `returned`. `lost`: its object is gone.
 */
export type RedriveFate = 'sent' | 'refused' | 'before' | 'returned' | 'lost';

/** Records of one sender that were set aside for one reason. */
export interface RedriveCount {
  readonly sender: string;
  readonly reason: string;
  readonly fate: RedriveFate;
  /** A record that was set aside for two reasons counts under both. */
  readonly records: number;
  readonly samples: number;
}

export interface RedriveRequest {
  /** Looks, and changes nothing. */
  readonly dryRun: boolean;
  readonly nowMs: number;
  /** What the page before gave as `next`. */
  readonly after?: string;
  /** What was set aside later than this is left for another run, so that a run ends. */
  readonly untilMs: number;
  readonly limits: SampleLimits;
}

/** One step of a run. */
export interface RedrivePage {
  readonly files: number;
  readonly records: Readonly<Record<RedriveFate, number>>;
  readonly counts: readonly RedriveCount[];
  /** Where the next page begins; absent behind the last. */
  readonly next?: string;
}

/** A page ends behind the object that brings it to this: a call answers within seconds, and a run that is interrupted loses no more. */
const PAGE_BYTES = 8 * 1024 * 1024;
const PAGE_FILES = 50;
/** As many as Kinesis takes at once (PutRecords: 500 records, 5 MiB with their keys). */
const PUT_RECORDS = 500;
const PUT_BYTES = 4 * 1024 * 1024;

/**
 * Puts the records of the next quarantine objects back into the stream, byte for byte, and remembers which. A call that dies
 * may be made again: what it sent and could not note is sent once more, which the identity of samples makes harmless.
 */
export const redrivePage = async (ports: RedrivePorts, request: RedriveRequest): Promise<RedrivePage> => {
  const { after, untilMs } = request;
  const files = await listQuarantineFiles(ports.catalog, { untilMs, limit: PAGE_FILES, ...(after === undefined ? {} : { after }) });
  const gaps = new Set((await listGaps(ports.catalog)).map(({ shardId, sequence }) => `${shardId}/${sequence}`));
  const tally = new RedriveTally();
  const seen = new Set<string>();
  let taken = 0;
  for (let bytes = 0; taken < files.length && bytes < PAGE_BYTES; taken++) {
    bytes += await redriveFile(ports, files[taken] as QuarantineFile, { ...request, gaps, seen }, tally);
  }
  const isLast = taken === files.length && files.length < PAGE_FILES;
  const { records, counts } = tally;
  return { files: taken, records, counts: [...counts.values()], ...(isLast ? {} : { next: (files[taken - 1] as QuarantineFile).key }) };
};

interface FileRequest extends RedriveRequest {
  /** Records that were set aside undecoded, by shard and sequence: to judge them could end this process too. */
  readonly gaps: ReadonlySet<string>;
  /** What the page sends, by the hash of its bytes: a record may have been set aside in two batches. */
  readonly seen: Set<string>;
}

/** Returns the bytes it read. */
const redriveFile = async (ports: RedrivePorts, file: QuarantineFile, request: FileRequest, tally: RedriveTally): Promise<number> => {
  const bytes = await bytesOf(ports, file.key);
  if (bytes === undefined) {
    tally.lost(file.records);
    return 0;
  }
  const judged = await judge(ports.catalog, parseQuarantine(bytes), request);
  if (!request.dryRun) await send(ports, file, judged, request.nowMs);
  for (const { record, fate } of judged) tally.add(record, fate);
  return bytes.length;
};

const bytesOf = async ({ objects }: RedrivePorts, key: string): Promise<Uint8Array | undefined> => {
  try {
    return await objects.get(key);
  } catch (error) {
    if (error instanceof MissingObjectError) return undefined;
    throw error;
  }
};

interface Judged {
  readonly record: QuarantinedRecord;
  readonly contents: string;
  readonly fate: RedriveFate;
}

const judge = async (catalog: ItemTable, records: readonly QuarantinedRecord[], request: FileRequest): Promise<readonly Judged[]> => {
  const contents = records.map(({ data }) => createHash('sha256').update(data).digest('hex'));
  const sentAt = await redrivenAt(catalog, contents);
  return records.map((record, i) => {
    const hash = contents[i] as string;
    const fate = request.seen.has(hash) ? 'before' : fateOf(record, sentAt[i], request);
    if (fate === 'sent') request.seen.add(hash);
    return { record, contents: hash, fate };
  });
};

const fateOf = (record: QuarantinedRecord, sentMs: number | undefined, { gaps, nowMs, limits }: FileRequest): RedriveFate => {
  if (sentMs !== undefined && record.arrivalMs < sentMs - ARRIVAL_SKEW_MS) return 'before';
  // Nobody could tell what became of another try, and each may cost the store its process.
  if (gaps.has(`${record.shardId}/${record.sequence}`)) return sentMs === undefined ? 'sent' : 'returned';
  return wouldPass(record, nowMs, limits) ? 'sent' : 'refused';
};

const send = async ({ catalog, putRecords }: RedrivePorts, file: QuarantineFile, judged: readonly Judged[], nowMs: number): Promise<void> => {
  for (const part of putsOf(judged.filter(({ fate }) => fate === 'sent'))) {
    await putRecords(part.map(({ record: { partitionKey, data } }) => ({ partitionKey, data })));
    await rememberRedriven(catalog, part.map(({ contents }) => contents), nowMs);
  }
  const redriven = judged.filter(({ fate }) => fate === 'sent' || fate === 'before').length;
  if (redriven !== file.redriven) await noteRedriven(catalog, { ...file, redriven });
};

function* putsOf(judged: readonly Judged[]): Generator<readonly Judged[]> {
  let part: Judged[] = [];
  let bytes = 0;
  for (const each of judged) {
    if (part.length === PUT_RECORDS || (part.length > 0 && bytes + each.record.data.length > PUT_BYTES)) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(each);
    bytes += each.record.data.length;
  }
  if (part.length > 0) yield part;
}

class RedriveTally {
  readonly records: Record<RedriveFate, number> = { sent: 0, refused: 0, before: 0, returned: 0, lost: 0 };
  readonly counts = new Map<string, RedriveCount>();

  add({ sender, reasons }: QuarantinedRecord, fate: RedriveFate): void {
    this.records[fate]++;
    for (const { reason, samples } of reasons) addCount(this.counts, { sender, reason, fate, records: 1, samples });
  }

  lost(records: number): void {
    this.records.lost += records;
    addCount(this.counts, { sender: '', reason: 'its quarantine object is gone', fate: 'lost', records, samples: 0 });
  }
}

/** Sums up under sender, reason and fate. */
export const addCount = (counts: Map<string, RedriveCount>, count: RedriveCount): void => {
  const name = JSON.stringify([count.sender, count.reason, count.fate]);
  const known = counts.get(name);
  counts.set(name, known === undefined ? count : { ...count, records: known.records + count.records, samples: known.samples + count.samples });
};
