import { messageOf } from '../../shared/errors.ts';
import { NO_SERIES, seriesOfSlot } from '../../shared/rules/group-series.ts';
import type { GroupSeries } from '../../shared/rules/group-series.ts';
import type { RuleGroup } from '../../shared/rules/rule-group.ts';
import { decodeSlot, slotKey } from '../../shared/rules/slot-frames.ts';
import { MissingObjectError } from '../../shared/storage/object-store.ts';
import type { TickScope } from './tick-scope.ts';

/** From memory, or for a new holder from the outbox: what the slot at the cursor has made. */
export const lastSeries = async ({ memory, ports, report }: TickScope, group: RuleGroup): Promise<GroupSeries> => {
  const known = memory.series.get(group.id);
  if (known !== undefined) return known;
  const cursor = memory.cursors.get(group.id);
  if (cursor?.wrote !== true) return NO_SERIES;
  try {
    return seriesOfSlot({ slotMs: cursor.slotMs, sentAtMs: ports.clockMs(), series: decodeSlot(await ports.objects.get(slotKey(group, cursor.slotMs))) });
  } catch (error) {
    // Without it some series end by lookback instead of by a marker, which is no reason to stand still.
    if (!(error instanceof MissingObjectError)) report.errors.push(`read the last slot of ${group.id}: ${messageOf(error)}`);
    return NO_SERIES;
  }
};
