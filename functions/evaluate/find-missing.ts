import { MAX_ERRORS } from '../../shared/alerting/cursors.ts';
import { findNoData } from '../../shared/alerting/no-data.ts';
import type { DataQueries, NoData, NoDataState } from '../../shared/alerting/no-data.ts';
import { isWorthStoring, readRoster, writeRoster } from '../../shared/alerting/roster-items.ts';
import type { Roster } from '../../shared/alerting/roster.ts';
import { storeUnits } from '../../shared/alerting/store-units.ts';
import type { AlertingRule, RuleGroup } from '../../shared/rules/rule-group.ts';
import type { TickScope } from './tick-scope.ts';

/** What a rule's `no_data` finds in a complete slot. The roster that it gives is to be kept once the slot's alerts are. */
export const findMissing = async (scope: TickScope, group: RuleGroup, rule: AlertingRule, slotMs: number, queries: DataQueries): Promise<NoData> => {
  const { memory } = scope;
  const state: NoDataState = {
    alerts: memory.alerts.get(rule.id) ?? new Map(),
    roster: rule.noData.mode === 'alert' ? await rosterOf(scope, group, rule) : undefined,
    retirements: memory.retirements,
  };
  return findNoData(rule, state, slotMs, queries);
};

/** From memory, or for a new holder as an earlier one has stored it. */
const rosterOf = async ({ memory, ports }: TickScope, group: RuleGroup, rule: AlertingRule): Promise<Roster | undefined> => {
  const known = memory.rosters.get(rule.id);
  if (known !== undefined) return known.roster;
  const cursor = memory.cursors.get(group.id);
  // Of more errors than are kept nobody knows whose they are.
  const isWhole = cursor !== undefined && cursor.complete && cursor.errors.size < MAX_ERRORS && !cursor.errors.has(rule.id);
  const stored = await readRoster(ports.alerts, rule.id, isWhole ? cursor.slotMs : undefined);
  if (stored !== undefined) memory.rosters.set(rule.id, { roster: stored.roster, stored });
  return stored?.roster;
};

/** In memory for the next slot, and in the table where it tells something new. @throws StaleLeaseError */
export const keepRoster = async ({ memory, ports, lease }: TickScope, ruleId: string, roster: Roster): Promise<void> => {
  const stored = memory.rosters.get(ruleId)?.stored;
  const isNew = isWorthStoring(stored, roster);
  if (isNew) await storeUnits(ports.alerts, lease, [[writeRoster(ruleId, roster)]]);
  memory.rosters.set(ruleId, { roster, stored: isNew ? { roster, writtenMs: roster.seenMs } : stored });
};
