import type { RuleGroup } from '../rules/rule-group.ts';
import type { SlotPlace } from './made-series.ts';

/** Times at which slots are due: a slot's own time and its group's query offset. */
export interface DueRange {
  readonly fromMs: number; // inclusive
  readonly toMs: number; // exclusive
}

type Grid = Pick<RuleGroup, 'intervalMs' | 'queryOffsetMs'>;

const firstSlot = ({ intervalMs, queryOffsetMs }: Grid, dueMs: number): number => Math.ceil((dueMs - queryOffsetMs) / intervalMs) * intervalMs;

/** How many slots of a group are due in the range. */
export const countSlots = (group: Grid, { fromMs, toMs }: DueRange): number => Math.max(0, (firstSlot(group, toMs) - firstSlot(group, fromMs)) / group.intervalMs);

/** In the order in which they are evaluated: groups of one time as the files have them. */
export const slotsOf = (groups: readonly RuleGroup[], range: DueRange): readonly SlotPlace[] => {
  const places = groups.flatMap((group) =>
    Array.from({ length: countSlots(group, range) }, (_, i): SlotPlace => {
      const slotMs = firstSlot(group, range.fromMs) + i * group.intervalMs;
      return { groupId: group.id, slotMs, dueMs: slotMs + group.queryOffsetMs };
    }),
  );
  return places.sort((a, b) => a.dueMs - b.dueMs);
};
