import type { ItemWrite } from '../catalog/item-table.ts';
import { shelve } from '../history/shelf.ts';
import type { ShelfRow } from '../history/shelf.ts';
import { labelValue } from '../model/labels.ts';
import { ALERT_NAME } from './rule-samples.ts';
import { hashOf } from './spread.ts';
import type { Transition } from './transitions.ts';

/** Of a summary; history is looked through, and an annotation may be a page. */
const MAX_SUMMARY_CHARS = 1000;

/** The write that goes with a transition; none where the alert keeps its state, as when `keep_firing_for` begins to hold it. */
export const eventWrites = (transition: Transition, closedMs: number | undefined): readonly ItemWrite[] => {
  const event = eventOf(transition);
  return event === undefined ? [] : [shelve('alert_events', event, transition.atMs, closedMs)];
};

/** The row of `alert_events`. A pending alert that ends goes back to inactive. */
const eventOf = ({ rule, key, before, alert, atMs }: Transition): ShelfRow | undefined => {
  const from = before?.phase ?? 'inactive';
  const to = alert?.phase ?? 'inactive';
  const shown = alert ?? before;
  if (shown === undefined || from === to) return undefined;
  return {
    tMs: atMs,
    name: hashOf(rule.ruleId, key, from, to),
    attributes: {
      rule_id: rule.ruleId,
      rule_group: rule.group,
      alertname: labelValue(shown.labels, ALERT_NAME),
      labels: key,
      severity: labelValue(shown.labels, 'severity'),
      from_state: from,
      to_state: to,
      value: String(shown.value), // text, since a DynamoDB number is neither NaN nor infinite
      active_ts: shown.activeAtMs,
      summary: labelValue(shown.annotations, 'summary').slice(0, MAX_SUMMARY_CHARS).toWellFormed(),
    },
  };
};
