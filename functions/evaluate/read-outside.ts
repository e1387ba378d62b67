import { readExternalAlerts } from '../../shared/alerting/external-alerts.ts';
import { readRevisions } from '../../shared/alerting/revisions.ts';
import { readSilences } from '../../shared/alerting/silences/silence-store.ts';
import type { ItemTable } from '../../shared/catalog/item-table.ts';
import type { AlertMemory } from './memory.ts';

/** Reads silences and external alerts again where somebody has changed them: one small query when nobody has. */
export const readOutside = async (items: ItemTable, memory: AlertMemory): Promise<void> => {
  const revisions = await readRevisions(items);
  const isNew = (what: 'silences' | 'external'): boolean => revisions.get(what) !== memory.revisions.get(what);
  // The revision was read first: a change in between is read twice rather than missed.
  if (isNew('silences')) memory.silences = await readSilences(items);
  if (isNew('external')) memory.external = await readExternalAlerts(items);
  memory.revisions = revisions;
};
