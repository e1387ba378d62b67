import { noteUnsent, removeUnsent } from '../../shared/alerting/unsent.ts';
import type { ItemWrite } from '../../shared/catalog/item-table.ts';
import { messageOf } from '../../shared/errors.ts';
import { takenAt } from '../../shared/rules/group-series.ts';
import type { RuleGroup } from '../../shared/rules/rule-group.ts';
import { decodeSlot, encodeSlot, recordsOf, slotKey } from '../../shared/rules/slot-frames.ts';
import type { SlotSeries } from '../../shared/rules/slot-frames.ts';
import { MissingObjectError } from '../../shared/storage/object-store.ts';
import type { ObjectStore } from '../../shared/storage/object-store.ts';
import type { TickScope } from './tick-scope.ts';

/** Slots stay in the outbox for so long: a holder that was thought dead may repeat one. */
const KEEP_MS = 3_600_000;

export interface RecordedSlot {
  /** What is in the outbox: of a slot that is repeated, what was made first. */
  readonly series: SlotSeries;
  readonly wrote: boolean;
  /** Belongs into the transaction of the cursor. */
  readonly writes: readonly ItemWrite[];
}

/**
 * Puts a slot's series into the outbox, and from there into the stream: a slot that is repeated sends the bytes that are there.
 * Where the stream does not take them they wait, as alerts do not depend on it.
 */
export const recordSlot = async ({ ports, memory, report }: TickScope, group: RuleGroup, slotMs: number, made: SlotSeries): Promise<RecordedSlot> => {
  if (made.samples.length + made.ended.length === 0) return { series: made, wrote: false, writes: [] };
  const key = slotKey(group, slotMs);
  const own = encodeSlot(group, slotMs, made);
  const isFirst = await ports.objects.putIfAbsent(key, own);
  const bytes = isFirst ? own : await ports.objects.get(key);
  const series = isFirst ? made : decodeSlot(bytes);
  report.recordedSamples += series.samples.length + series.ended.length;
  try {
    await ports.putRecords(recordsOf(key, bytes));
    return { series, wrote: true, writes: [] };
  } catch (error) {
    report.errors.push(`put series of ${group.id}: ${messageOf(error)}`);
    memory.unsent.add(key);
    return { series, wrote: true, writes: [noteUnsent(key)] };
  }
};

/** Sends what the stream did not take before. Where it does not yet, what is remembered stays right: it may be sent twice. */
export const sendUnsent = async (scope: TickScope): Promise<void> => {
  try {
    for (const key of scope.memory.unsent) await sendAgain(scope, key);
  } catch (error) {
    scope.report.errors.push(`send series: ${messageOf(error)}`);
  }
};

const sendAgain = async ({ ports, memory }: TickScope, key: string): Promise<void> => {
  const bytes = await bytesOf(ports.objects, key);
  if (bytes !== undefined) await ports.putRecords(recordsOf(key, bytes));
  await ports.alerts.transact([removeUnsent(key)]);
  memory.unsent.delete(key);
  for (const [id, series] of memory.series) {
    const slot = series.recent.find(({ slotMs }) => slotKey({ id }, slotMs) === key);
    if (slot !== undefined) memory.series.set(id, takenAt(series, slot.slotMs, ports.clockMs()));
  }
};

/** Undefined when it has waited for so long that it is gone. */
const bytesOf = async (objects: ObjectStore, key: string): Promise<Uint8Array | undefined> => {
  try {
    return await objects.get(key);
  } catch (error) {
    if (error instanceof MissingObjectError) return undefined;
    throw error;
  }
};

/** Removes the object of the slot that has become too old with this one. */
export const sweepOutbox = async ({ ports, report }: TickScope, group: RuleGroup, slotMs: number): Promise<void> => {
  try {
    await ports.removeObjects?.([slotKey(group, slotMs - Math.ceil(KEEP_MS / group.intervalMs) * group.intervalMs)]);
  } catch (error) {
    report.errors.push(`sweep the outbox of ${group.id}: ${messageOf(error)}`);
  }
};
