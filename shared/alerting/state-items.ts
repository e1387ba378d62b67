import type { Attribute, Item, ItemTable, ItemWrite } from '../catalog/item-table.ts';
import { labelsFromJson, labelsToJson } from '../model/labels.ts';
import type { Labels } from '../model/labels.ts';
import { RESOLVED_RETENTION_MS } from './alert.ts';
import type { Alert, AlertPhase } from './alert.ts';
import { SPREAD, hashOf, inParallel, spreadKey } from './spread.ts';

const RULES_PK = 'rules';

/** Partitions read at once: DynamoDB answers one in some milliseconds. */
const READ_PARALLEL = 32;

/** The alerts of one rule by their identity, canonical labels JSON. */
export type AlertsByLabels = ReadonlyMap<string, Alert>;

/** A rule that has, or had, alerts in the table. */
export interface KnownRule {
  readonly ruleId: string;
  readonly group: string;
  readonly name: string;
}

/** Lists the rule, so that its alerts are found even when it is in no file any more. */
export const knowRule = (rule: KnownRule): ItemWrite => ({ put: { pk: RULES_PK, sk: rule.ruleId, attributes: { group: rule.group, name: rule.name } } });

export const forgetRule = (ruleId: string): ItemWrite => ({ remove: { pk: RULES_PK, sk: ruleId } });

export const knownRules = async (items: ItemTable): Promise<readonly KnownRule[]> =>
  (await items.query(RULES_PK)).map((item) => ({ ruleId: item.sk, group: String(item.attributes['group']), name: String(item.attributes['name']) }));

/** Stores an alert, or removes it when `alert` is undefined. A resolved one vanishes by itself. */
export const writeAlert = (ruleId: string, key: string, alert: Alert | undefined): ItemWrite => {
  const hash = hashOf(key);
  const at = { pk: spreadKey(`state#${ruleId}`, hash), sk: hash };
  if (alert === undefined) return { remove: at };
  const item: Item = { ...at, attributes: attributesOf(alert) };
  if (alert.resolvedAtMs === undefined || alert.phase !== 'inactive') return { put: item };
  return { put: { ...item, expiresAtS: Math.ceil((alert.resolvedAtMs + RESOLVED_RETENTION_MS) / 1000) } };
};

/** All stored alerts of some rules. */
export const readAlerts = async (items: ItemTable, ruleIds: readonly string[]): Promise<Map<string, AlertsByLabels>> => {
  const partitions = ruleIds.flatMap((ruleId) => SPREAD.map((digit) => ({ ruleId, pk: `state#${ruleId}#${digit}` })));
  const found = await inParallel(partitions, READ_PARALLEL, async ({ ruleId, pk }) => ({ ruleId, items: await items.query(pk) }));
  const alerts = new Map<string, Map<string, Alert>>(ruleIds.map((ruleId) => [ruleId, new Map()]));
  for (const { ruleId, items: stored } of found) {
    for (const item of stored) alerts.get(ruleId)?.set(String(item.attributes['labels']), alertOf(item));
  }
  return alerts;
};

const TIMES = ['firedAtMs', 'keepFiringSinceMs', 'resolvedAtMs'] as const;

const attributesOf = (alert: Alert): Record<string, Attribute> => {
  const attributes: Record<string, Attribute> = {
    labels: labelsToJson(alert.labels),
    annotations: JSON.stringify(alert.annotations),
    phase: alert.phase,
    value: String(alert.value), // text, since a DynamoDB number is neither NaN nor infinite
    activeAtMs: alert.activeAtMs,
    changedAtMs: alert.changedAtMs,
  };
  for (const time of TIMES) if (alert[time] !== undefined) attributes[time] = alert[time];
  return attributes;
};

const alertOf = ({ attributes }: Item): Alert => {
  const times = TIMES.flatMap((time) => (attributes[time] === undefined ? [] : [[time, Number(attributes[time])] as const]));
  return {
    phase: attributes['phase'] as AlertPhase,
    labels: labelsFromJson('', String(attributes['labels'])),
    annotations: JSON.parse(String(attributes['annotations'])) as Labels,
    value: Number(attributes['value']),
    activeAtMs: Number(attributes['activeAtMs']),
    changedAtMs: Number(attributes['changedAtMs']),
    ...Object.fromEntries(times),
  };
};
