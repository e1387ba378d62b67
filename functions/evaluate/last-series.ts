import { MAX_ERRORS } from '../../shared/alerting/cursors.ts';
import type { Cursor } from '../../shared/alerting/cursors.ts';
import { messageOf } from '../../shared/errors.ts';
import { DEFAULT_LOOKBACK_MS } from '../../shared/promql/engine.ts';
import { NO_SERIES, seriesOfSlots } from '../../shared/rules/group-series.ts';
import type { GroupSeries, MadeSlot } from '../../shared/rules/group-series.ts';
import type { RuleGroup } from '../../shared/rules/rule-group.ts';
import { decodeSlot, slotKey } from '../../shared/rules/slot-frames.ts';
import { MissingObjectError } from '../../shared/storage/object-store.ts';
import type { TickScope } from './tick-scope.ts';

/** When the stream has taken a slot's series at the latest. */
export const sentAtMs = ({ memory, ports }: TickScope, group: RuleGroup, slotMs: number): number => (memory.unsent.has(slotKey(group, slotMs)) ? Infinity : ports.clockMs());

/** Slots before the cursor's that are read at most: the lookback at the shortest interval that is usual, 15 s. */
const MAX_OLDER_SLOTS = 20;

/**
 * From memory, or for a new holder from the outbox: what the slot at the cursor has made, and of rules that were silent in it what they
 * made before, as far back as their series have not ended by lookback.
 */
export const lastSeries = async (scope: TickScope, group: RuleGroup): Promise<GroupSeries> => {
  const { memory, ports } = scope;
  const known = memory.series.get(group.id);
  if (known !== undefined) return known;
  const cursor = memory.cursors.get(group.id);
  if (cursor === undefined) return NO_SERIES;
  const silent = silentIn(cursor, group);
  const { slotMs } = cursor;
  const newest = cursor.wrote ? await readSlot(scope, group, slotMs) : undefined;
  const older: MadeSlot[] = [];
  const count = silent.size === 0 ? 0 : Math.min(MAX_OLDER_SLOTS, Math.ceil(DEFAULT_LOOKBACK_MS / group.intervalMs) - 1);
  for (let i = 1; i <= count; i++) {
    const slot = await readSlot(scope, group, slotMs - i * group.intervalMs);
    if (slot !== undefined) older.push(slot);
  }
  return seriesOfSlots([newest ?? { slotMs, sentAtMs: ports.clockMs(), series: { samples: [], ended: [] } }, ...older], group.rules, silent);
};

/** Rules that may have given no result in the slot of the cursor. */
const silentIn = ({ complete, errors }: Cursor, { rules }: RuleGroup): ReadonlySet<string> =>
  // Of more errors than are kept nobody knows whose they are.
  complete && errors.size < MAX_ERRORS ? new Set(errors.keys()) : new Set(rules.map(({ id }) => id));

/** Undefined where the slot has made nothing. */
const readSlot = async (scope: TickScope, group: RuleGroup, slotMs: number): Promise<MadeSlot | undefined> => {
  const { ports, report } = scope;
  try {
    return { slotMs, sentAtMs: sentAtMs(scope, group, slotMs), series: decodeSlot(await ports.objects.get(slotKey(group, slotMs))) };
  } catch (error) {
    // Without it some series end by lookback instead of by a marker, which is no reason to stand still.
    if (!(error instanceof MissingObjectError)) report.errors.push(`read the slot ${slotMs} of ${group.id}: ${messageOf(error)}`);
    return undefined;
  }
};
