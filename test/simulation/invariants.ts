import type { ItemWrite } from '../../shared/catalog/item-table.ts';
import { parseQuarantine } from '../../shared/storage/quarantine.ts';
import type { Read } from './reader.ts';
import { compareValues, isStale, numberOf, timeOf, type ValueBits } from './sample.ts';
import type { SimItems } from './sim-items.ts';
import type { SimObjects } from './sim-objects.ts';
import { type ArrivedRecord, type Truth, Violation } from './truth.ts';

/** A record alone is given up at the third attempt (design 4, store 2). */
const ATTEMPTS_BEFORE_GAP = 3;
const HOUR_MS = 3_600_000;
const RAW_RETENTION_MS = 168 * HOUR_MS;

/** Holds what the product shows against what really happened. */
export class Invariants {
  private readonly truth: Truth;
  private readonly objects: SimObjects;
  private readonly items: SimItems;
  private readonly nowEvents: () => number;
  /** The best value that any finished read has shown, and when it was first so good. */
  private readonly seen = new Map<string, { readonly bits: ValueBits; readonly sinceEvents: number }>();
  /** The bytes of the records in quarantine: one that stands in a delivery twice is kept once. */
  private readonly quarantined = new Set<string>();

  constructor(truth: Truth, objects: SimObjects, items: SimItems, nowEvents: () => number) {
    this.truth = truth;
    this.objects = objects;
    this.items = items;
    this.nowEvents = nowEvents;
    objects.watchers.push({ put: (key, bytes) => this.objectPut(key, bytes) });
    items.watchers.push((writes) => writes.forEach((write) => this.itemWritten(write)));
  }

  /** @throws Violation */
  checkRead(read: Read): void {
    this.checkPossible(read);
    this.checkStillThere(read);
    const { watermarkMs } = read;
    if (watermarkMs !== undefined) this.checkStored(read, this.truth.arrived.filter((record) => record.arrivalMs < watermarkMs), `under the watermark ${watermarkMs}`);
    this.remember(read);
  }

  /** Everything that was delivered in the end, in one last read of all metrics. @throws Violation */
  checkEnd(read: Read, delivered: readonly ArrivedRecord[] = this.truth.arrived): void {
    this.checkRead(read);
    this.checkStored(read, delivered, 'at the end');
  }

  /** Whether everything that arrived before a time lies under the installation's watermark. */
  watermarkPassed(timeMs: number): boolean {
    const marks = this.items.query('watermark').flatMap(({ attributes: { watermarkMs } }) => (watermarkMs === undefined ? [] : [Number(watermarkMs)]));
    return marks.length > 0 && Math.min(...marks) > timeMs;
  }

  private checkPossible({ samples }: Read): void {
    for (const [identity, bits] of samples) {
      const possible = this.truth.possible.get(identity)?.some(({ low, high }) => low === bits.low && high === bits.high) === true;
      if (!possible) throw new Violation('nothing appears that no record holds', `${identity} has the value ${describe(bits)}`);
    }
  }

  private checkStillThere(read: Read): void {
    for (const [identity, { bits, sinceEvents }] of this.seen) {
      if (sinceEvents < read.startedAt) this.requireSample(read, identity, bits, 'a visible sample stays', 'after a reader saw it');
    }
  }

  /** Each of these records is stored: its samples are in the answer, or it stands in quarantine for a reason. */
  private checkStored(read: Read, records: readonly ArrivedRecord[], when: string): void {
    for (const record of records) {
      const { kind, within, outside } = record;
      if (kind === 'heartbeat') continue;
      const key = `${record.shardId}/${record.sequence}`;
      const isGap = this.items.get({ pk: 'gaps', sk: key }) !== undefined;
      if (kind === 'poison' || outside > 0 || isGap) this.requireQuarantine(record, key, when);
      if (kind === 'killer' && !isGap) throw new Violation('what ends the process is set aside', `record ${key} left no gap ${when}`);
      if (kind !== 'samples' || isGap) continue;
      for (const [identity, bits] of within) {
        this.requireSample(read, identity, bits, 'everything stored is queryable', `of record ${key}, arrived at ${record.arrivalMs}, ${when}`);
      }
    }
  }

  private requireSample({ metric, samples, endedMs }: Read, identity: string, bits: ValueBits, invariant: string, when: string): void {
    if (metric !== undefined && !identity.startsWith(`${metric}{`)) return;
    const found = samples.get(identity);
    // A range selector leaves stale markers out.
    if (found === undefined && (isStale(bits) || isExpired(timeOf(identity), endedMs))) return;
    if (found === undefined) throw new Violation(invariant, `${identity} with ${describe(bits)} is missing, ${when}`);
    if (compareValues(found, bits) > 0) throw new Violation(invariant, `${identity} has ${describe(found)}, and ${describe(bits)} comes first in the order of values, ${when}`);
  }

  private requireQuarantine({ data }: ArrivedRecord, key: string, when: string): void {
    if (!this.quarantined.has(Buffer.from(data).toString('latin1'))) throw new Violation('poison ends in quarantine', `record ${key} is not there as it came, ${when}`);
  }

  private remember({ samples }: Read): void {
    const sinceEvents = this.nowEvents();
    for (const [identity, bits] of samples) {
      const before = this.seen.get(identity);
      if (before === undefined || compareValues(bits, before.bits) < 0) this.seen.set(identity, { bits, sinceEvents });
    }
  }

  private objectPut(key: string, bytes: Uint8Array): void {
    if (!key.startsWith('quarantine/')) return;
    for (const { data } of parseQuarantine(bytes)) this.quarantined.add(Buffer.from(data).toString('latin1'));
  }

  private itemWritten(write: ItemWrite): void {
    if (!('put' in write)) return;
    const { pk, sk, attributes } = write.put;
    if (pk.startsWith('hot/')) this.requireObject(sk, Number(attributes['bytes']));
    if (pk === 'gaps') this.gapNoted(sk, String(attributes['key']));
  }

  /** The most that there were at a time: an attempt may fail in the end whose note of a gap is on its way. */
  private gapNoted(record: string, key: string): void {
    if (!this.objects.byKey.has(key)) this.truth.violate(new Violation('poison ends in quarantine', `a gap is noted for ${record}, its bytes are nowhere`));
    const attempts = this.truth.attempts.get(record)?.most ?? 0;
    if (attempts >= ATTEMPTS_BEFORE_GAP) return;
    this.truth.violate(new Violation('an outage sends nothing into quarantine', `record ${record} was given up after ${attempts} attempts, ${ATTEMPTS_BEFORE_GAP} are needed`));
  }

  private requireObject(key: string, bytes: number): void {
    const object = this.objects.byKey.get(key);
    if (object?.length !== bytes) this.truth.violate(new Violation('hot rows name objects', `${key} of ${bytes} bytes is named, there are ${object?.length ?? 'no'} bytes`));
  }
}

/** Seven days after the end of its hour nobody answers for a raw sample (design 5). */
const isExpired = (tMs: number, nowMs: number): boolean => nowMs >= (Math.floor(tMs / HOUR_MS) + 1) * HOUR_MS + RAW_RETENTION_MS;

const describe = (bits: ValueBits): string => `${numberOf(bits.low, bits.high)} (${bits.high.toString(16)}:${bits.low.toString(16)})`;
