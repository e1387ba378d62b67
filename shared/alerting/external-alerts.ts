import type { Item, ItemTable, ItemWrite } from '../catalog/item-table.ts';
import { PermanentError } from '../errors.ts';
import { labelsFromJson, labelsToJson } from '../model/labels.ts';
import type { Labels } from '../model/labels.ts';
import { RESOLVED_RETENTION_MS } from './alert.ts';
import { revise } from './revisions.ts';
import { alertHash } from './dispatch/told-alert.ts';
import type { ToldAlert } from './dispatch/told-alert.ts';

const PK = 'external';

/** All of them are read together; whoever has more has rules for us. */
export const MAX_EXTERNAL_ALERTS = 10_000;

/** A transaction takes 100 writes, the revision among them. */
const WRITES_AT_ONCE = 99;

/** An alert that somebody else has found, by `POST /api/v2/alerts`. */
export interface ExternalAlert {
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly startsAtMs: number;
  /** When it has ended, or is taken for ended if nobody says otherwise. */
  readonly endsAtMs: number;
  readonly updatedAtMs: number;
  readonly generatorUrl: string;
}

export const readExternalAlerts = async (items: ItemTable): Promise<readonly ExternalAlert[]> => (await items.query(PK)).map(alertOf);

/**
 * Stores alerts, the newer statement over the older: one that still fired keeps its beginning.
 * @throws PermanentError when there would be too many.
 */
export const putExternalAlerts = async (items: ItemTable, alerts: readonly ExternalAlert[], { revision, nowMs }: { readonly revision: string; readonly nowMs: number }): Promise<void> => {
  const stored = new Map((await readExternalAlerts(items)).map((alert) => [alertHash(alert.labels), alert]));
  const merged = new Map<string, ExternalAlert>();
  for (const alert of alerts) {
    const hash = alertHash(alert.labels);
    merged.set(hash, mergeAlerts(merged.get(hash) ?? stored.get(hash), alert, nowMs));
  }
  const count = new Set([...stored.keys(), ...merged.keys()]).size;
  if (count > MAX_EXTERNAL_ALERTS) throw new PermanentError(`post alerts: found ${count} alerts from outside, at most ${MAX_EXTERNAL_ALERTS} are allowed`);
  const writes = [...merged].map(([hash, alert]): ItemWrite => ({ put: itemOf(hash, alert) }));
  for (let from = 0; from < writes.length; from += WRITES_AT_ONCE) {
    await items.transact([...writes.slice(from, from + WRITES_AT_ONCE), revise('external', `${revision}-${from}`)]);
  }
};

const mergeAlerts = (before: ExternalAlert | undefined, alert: ExternalAlert, nowMs: number): ExternalAlert => {
  const isSame = before !== undefined && before.endsAtMs > Math.min(nowMs, alert.startsAtMs);
  return isSame ? { ...alert, startsAtMs: Math.min(before.startsAtMs, alert.startsAtMs) } : alert;
};

export const toldExternal = (alert: ExternalAlert, nowMs: number): ToldAlert => ({
  hash: alertHash(alert.labels),
  labels: alert.labels,
  annotations: alert.annotations,
  startsAtMs: alert.startsAtMs,
  endedAtMs: alert.endsAtMs <= nowMs ? alert.endsAtMs : undefined,
  isPending: false,
  generatorUrl: alert.generatorUrl,
});

const itemOf = (hash: string, { labels, annotations, ...rest }: ExternalAlert): Item => ({
  pk: PK,
  sk: hash,
  attributes: { labels: labelsToJson(labels), annotations: JSON.stringify(annotations), ...rest },
  expiresAtS: Math.ceil((rest.endsAtMs + RESOLVED_RETENTION_MS) / 1000),
});

const alertOf = ({ attributes }: Item): ExternalAlert => ({
  labels: labelsFromJson('', String(attributes['labels'])),
  annotations: JSON.parse(String(attributes['annotations'])) as Labels,
  startsAtMs: Number(attributes['startsAtMs']),
  endsAtMs: Number(attributes['endsAtMs']),
  updatedAtMs: Number(attributes['updatedAtMs']),
  generatorUrl: String(attributes['generatorUrl']),
});
