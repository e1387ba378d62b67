import type { Condition, Item, ItemTable, ItemWrite } from '../catalog/item-table.ts';
import { SPREAD, inParallel, sortableMs, spreadKey } from './spread.ts';

export const LEDGER_PK = 'ledger';

/** As long as published notifications stay (outbox.ts). */
const RETENTION_MS = 30 * 86_400_000;

export type DeliveryState = 'sent' | 'retrying' | 'failed' | 'superseded';

/** What became of one notification. */
export interface LedgerEntry {
  readonly id: string;
  readonly receiver: string;
  readonly integration: string;
  readonly subject: string;
  /** The flush time. */
  readonly sequence: number;
  readonly attempts: number;
  readonly firstAttemptMs: number;
  readonly lastAttemptMs: number;
  /** From when on tries count, where it was asked to be delivered again: its first attempt after that. */
  readonly triesSinceMs?: number;
  readonly lastAnswer: string;
  readonly state: DeliveryState;
}

export const readLedgerEntry = async (items: ItemTable, id: string, sequence: number): Promise<LedgerEntry | undefined> => {
  const item = await items.get(keyOf(id, sequence));
  return item === undefined ? undefined : ledgerEntryOf(item);
};

/** Writes down an attempt that found `before`. Gives false when another attempt has ended the notification meanwhile: its end stands. */
export const writeLedgerEntry = async (items: ItemTable, entry: LedgerEntry, before?: LedgerEntry): Promise<boolean> => {
  const outcome = await items.transact([ledgerWrite(entry, before)]);
  return outcome.done;
};

/** The one write of {@link writeLedgerEntry}, which fails for the same reason. */
export const ledgerWrite = (entry: LedgerEntry, before: LedgerEntry | undefined): ItemWrite => {
  const expiresAtS = Math.ceil((entry.lastAttemptMs + RETENTION_MS) / 1000);
  // One that has ended and was asked for again: as long as nobody has ended it again.
  const stands: readonly Condition[] = before === undefined || before.state === 'retrying' ? [] : [{ is: 'equal', attribute: 'lastAttemptMs', value: before.lastAttemptMs }];
  const when: Condition = { any: [{ is: 'absent' }, { is: 'equal', attribute: 'state', value: 'retrying' }, ...stands] };
  return { put: { ...keyOf(entry.id, entry.sequence), attributes: { ...entry }, expiresAtS }, when };
};

/** Deliveries of flushes within a time range (both ends inclusive), oldest first. */
export const readLedger = async (items: ItemTable, fromMs: number, toMs: number): Promise<readonly LedgerEntry[]> => {
  const range = { from: sortableMs(fromMs), to: `${sortableMs(toMs)}#~` };
  const found = await inParallel(SPREAD, SPREAD.length, (digit) => items.query(`${LEDGER_PK}#${digit}`, range));
  return found
    .flat()
    .map(ledgerEntryOf)
    .sort((a, b) => a.sequence - b.sequence);
};

const keyOf = (id: string, sequence: number): { pk: string; sk: string } => ({ pk: spreadKey(LEDGER_PK, id), sk: `${sortableMs(sequence)}#${id}` });

export const ledgerEntryOf = ({ attributes }: Item): LedgerEntry => ({
  id: String(attributes['id']),
  receiver: String(attributes['receiver']),
  integration: String(attributes['integration']),
  subject: String(attributes['subject']),
  sequence: Number(attributes['sequence']),
  attempts: Number(attributes['attempts']),
  firstAttemptMs: Number(attributes['firstAttemptMs']),
  lastAttemptMs: Number(attributes['lastAttemptMs']),
  lastAnswer: String(attributes['lastAnswer']),
  state: attributes['state'] as DeliveryState,
  ...(attributes['triesSinceMs'] === undefined ? {} : { triesSinceMs: Number(attributes['triesSinceMs']) }),
});
