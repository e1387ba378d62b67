import type { AlertingRule } from '../rules/rule-group.ts';
import { advanceAlert, isActive } from './alert.ts';
import type { Alert, AlertSample } from './alert.ts';
import type { Slot } from './slots.ts';
import type { AlertsByLabels } from './state-items.ts';

/** A transition of one alert. */
export interface RuleChange {
  /** Canonical labels JSON. */
  readonly key: string;
  readonly alert: Alert | undefined;
}

export interface RuleStep {
  /** All alerts of the rule after the slot. */
  readonly alerts: AlertsByLabels;
  readonly changes: readonly RuleChange[];
}

const NONE: ReadonlySet<string> = new Set();

/**
 * One slot of one rule; alerts in `held` do not end in it.
 * @throws Error in Prometheus' words when the rule has more alerts than its group allows. Prometheus then drops the rule's
 * alerts; here they stay as they are, since an error never resolves anything.
 */
export const advanceRule = (rule: AlertingRule, before: AlertsByLabels, samples: ReadonlyMap<string, AlertSample>, slot: Slot, limit: number, held: ReadonlySet<string> = NONE): RuleStep => {
  const alerts = new Map<string, Alert>();
  const changes: RuleChange[] = [];
  for (const key of new Set([...before.keys(), ...samples.keys()])) {
    const earlier = before.get(key);
    const { alert, changed } = advanceAlert(earlier, samples.get(key), slot.slotMs, rule, slot.complete && !held.has(key));
    if (alert !== undefined) alerts.set(key, alert);
    if (changed) changes.push({ key, alert });
  }
  const active = [...alerts.values()].filter(isActive).length;
  if (limit > 0 && active > limit) throw new Error(`exceeded limit of ${limit} with ${active} alerts`);
  return { alerts, changes };
};
