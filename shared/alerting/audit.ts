import type { ItemTable, ItemWrite } from '../catalog/item-table.ts';
import { sortableMs } from './spread.ts';

const PK = 'audit';

/** More than a year, so that the same time last year can be looked at. */
const RETENTION_MS = 400 * 86_400_000;

/** Who changed what: nothing is changed without it. */
export interface AuditEntry {
  readonly atMs: number;
  /** Fresh. */
  readonly id: string;
  readonly action: 'silence created' | 'silence changed' | 'silence expired' | 'retirement created' | 'retirement removed' | 'alerts acknowledged' | 'acknowledgements ended' | 'notification redelivered';
  /** Name and id of the API key; `local` where the installation is open. */
  readonly actor: string;
  /** Whom the request named; nobody has checked that. */
  readonly author: string;
  readonly subject: string;
  readonly detail: string;
}

const MAX_DETAIL_CHARS = 8192;

export const audit = (entry: AuditEntry): ItemWrite => ({
  put: {
    pk: PK,
    sk: `${sortableMs(entry.atMs)}#${entry.id}`,
    attributes: { ...entry, detail: entry.detail.slice(0, MAX_DETAIL_CHARS).toWellFormed() },
    expiresAtS: Math.ceil((entry.atMs + RETENTION_MS) / 1000),
  },
});

/** Changes within a time range (both ends inclusive), oldest first. */
export const readAudit = async (items: ItemTable, fromMs: number, toMs: number, limit: number): Promise<readonly AuditEntry[]> =>
  (await items.query(PK, { from: sortableMs(fromMs), to: `${sortableMs(toMs)}#~`, limit })).map(({ attributes }) => attributes as unknown as AuditEntry);
