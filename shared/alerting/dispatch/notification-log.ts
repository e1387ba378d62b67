import type { Item, ItemTable, ItemWrite } from '../../catalog/item-table.ts';
import { hashOf, spreadKey } from '../spread.ts';
import { wordSet } from './word-set.ts';

const PK = 'log';

/** Alertmanager's `--data.retention`; longer where a repeat interval is. */
const RETENTION_MS = 120 * 3_600_000;

/** A notification whose end nobody has written down is taken for lost: tries end after four hours (design 7). */
export const LOST_AFTER_MS = 5 * 3_600_000;

/** What a receiver has been told of a group. */
export interface ToldState {
  /** Hashes of alerts. */
  readonly firing: ReadonlySet<string>;
  readonly resolved: ReadonlySet<string>;
  readonly atMs: number;
}

/** Of one integration and group: what was sent, and what is on its way. */
export interface LogEntry {
  /** Of the newest notification. */
  readonly sequence: number;
  /** The newest notification: on its way, or ended. */
  readonly state: 'pending' | 'sent' | 'failed';
  readonly newest: ToldState;
  /** The last one that surely arrived; undefined when none did. */
  readonly sent: ToldState | undefined;
  /** Hashes of alerts that earlier notifications told to fire, of which nobody knows whether they arrived (owed-ends.ts). */
  readonly unsure?: ReadonlySet<string>;
}

export type LogKey = { readonly integration: string; readonly groupId: string };

export const readLog = async (items: ItemTable, key: LogKey): Promise<LogEntry | undefined> => {
  const item = await items.get(keyOf(key));
  return item === undefined ? undefined : entryOf(item);
};

/** Belongs into the transaction of the flush. */
export const writeLog = (key: LogKey, entry: LogEntry, keepMs: number): ItemWrite => ({ put: itemOf(key, entry, keepMs) });

/**
 * Writes down how the notification with this sequence ended. Nothing happens when a newer one is on its way by now: that one
 * decides; nor once it has arrived. One that failed for good may have been delivered again by hand.
 */
export const endLog = async (items: ItemTable, key: LogKey, sequence: number, state: 'sent' | 'failed', nowMs: number): Promise<void> => {
  const item = await items.get(keyOf(key));
  if (item === undefined) return;
  const entry = entryOf(item);
  if (entry.sequence !== sequence || entry.state === 'sent' || entry.state === state) return;
  const ended: LogEntry = state === 'sent' ? { ...entry, state, sent: { ...entry.newest, atMs: nowMs }, unsure: new Set() } : { ...entry, state };
  const keepMs = Number(item.attributes['keepMs']);
  await items.transact([{ put: itemOf(key, ended, keepMs), when: { is: 'equal', attribute: 'sequence', value: sequence } }]);
};

export const keepMsOf = (repeatIntervalMs: number): number => Math.max(RETENTION_MS, 2 * repeatIntervalMs);

const itemOf = (key: LogKey, { sequence, state, newest, sent, unsure = new Set() }: LogEntry, keepMs: number): Item => ({
  ...keyOf(key),
  attributes: {
    sequence,
    state,
    keepMs,
    ...attributesOf('newest', newest),
    ...(sent === undefined ? {} : attributesOf('sent', sent)),
    ...(unsure.size === 0 ? {} : { unsure: [...unsure].join(' ') }),
  },
  expiresAtS: Math.ceil((Math.max(newest.atMs, sent?.atMs ?? 0) + keepMs) / 1000),
});

const attributesOf = (name: string, { firing, resolved, atMs }: ToldState) => ({
  [`${name}Firing`]: [...firing].join(' '),
  [`${name}Resolved`]: [...resolved].join(' '),
  [`${name}AtMs`]: atMs,
});

const toldOf = (attributes: Item['attributes'], name: string): ToldState => ({
  firing: wordSet(attributes[`${name}Firing`]),
  resolved: wordSet(attributes[`${name}Resolved`]),
  atMs: Number(attributes[`${name}AtMs`]),
});

const entryOf = ({ attributes }: Item): LogEntry => ({
  sequence: Number(attributes['sequence']),
  state: attributes['state'] as LogEntry['state'],
  newest: toldOf(attributes, 'newest'),
  sent: attributes['sentAtMs'] === undefined ? undefined : toldOf(attributes, 'sent'),
  unsure: wordSet(attributes['unsure']),
});

const keyOf = ({ integration, groupId }: LogKey): { pk: string; sk: string } => {
  const hash = hashOf(integration, groupId);
  return { pk: spreadKey(PK, hash), sk: hash };
};
