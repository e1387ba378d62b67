import type { ItemTable } from '../catalog/item-table.ts';
import { hashOf, spreadKey } from './spread.ts';

/** An alert that is told about for the first time in this long starts anew. */
const RETENTION_MS = 30 * 86_400_000;

/** What the stored sequence says of a notification: it is the newest so far, or a newer one has been on its way already. */
export type SequenceOutcome = 'newest' | 'superseded';

/**
 * Raises the stored sequence of (integration, dedup key) to that of a notification that is about to be sent. An older one is
 * told to end: so a late `firing` never follows a `resolved`. The same one may try again.
 */
export const raiseSequence = async (
  items: ItemTable,
  { integration, dedupKey, sequence, nowMs }: { readonly integration: string; readonly dedupKey: string; readonly sequence: number; readonly nowMs: number },
): Promise<SequenceOutcome> => {
  const key = keyOf({ integration, dedupKey });
  const outcome = await items.transact([
    {
      put: { ...key, attributes: { integration, dedupKey, sequence }, expiresAtS: Math.ceil((nowMs + RETENTION_MS) / 1000) },
      when: { any: [{ is: 'absent' }, { is: 'less', attribute: 'sequence', value: sequence }, { is: 'equal', attribute: 'sequence', value: sequence }] },
    },
  ]);
  return outcome.done ? 'newest' : 'superseded';
};

/** The newest sequence that was tried; undefined when none was. */
export const readSequence = async (items: ItemTable, of: SequenceKey): Promise<number | undefined> => {
  const item = await items.get(keyOf(of));
  return item === undefined ? undefined : Number(item.attributes['sequence']);
};

interface SequenceKey {
  readonly integration: string;
  readonly dedupKey: string;
}

const keyOf = ({ integration, dedupKey }: SequenceKey): { pk: string; sk: string } => {
  const hash = hashOf(integration, dedupKey);
  return { pk: spreadKey('sequence', hash), sk: hash };
};
