import { readAcknowledgements } from '../../shared/alerting/acknowledgements.ts';
import { readExternalAlerts } from '../../shared/alerting/external-alerts.ts';
import { readFailedDeliveries } from '../../shared/alerting/failed-deliveries.ts';
import { readUnpublished } from '../../shared/alerting/outbox.ts';
import { type Revised, readRevisions } from '../../shared/alerting/revisions.ts';
import { readRetirements } from '../../shared/alerting/retirements.ts';
import { readSilences } from '../../shared/alerting/silences/silence-store.ts';
import type { ItemTable } from '../../shared/catalog/item-table.ts';
import type { AlertMemory } from './memory.ts';

/** Reads what others write again where somebody has changed it: one small query when nobody has. */
export const readOutside = async (items: ItemTable, memory: AlertMemory): Promise<void> => {
  const revisions = await readRevisions(items);
  const isNew = (what: Revised): boolean => revisions.get(what) !== memory.revisions.get(what);
  // The revision was read first: a change in between is read twice rather than missed.
  if (isNew('retirements')) memory.retirements = await readRetirements(items);
  if (isNew('silences')) memory.silences = await readSilences(items);
  const acknowledged = isNew('acknowledgements');
  if (acknowledged) memory.acknowledgements = await readAcknowledgements(items);
  // After the acknowledgements: one whose alert is not known here would count as over.
  if (acknowledged || isNew('external')) memory.external = await readExternalAlerts(items);
  if (isNew('outbox')) memory.unpublished = await readUnpublished(items);
  if (isNew('deliveries')) memory.failures = await readFailedDeliveries(items);
  memory.revisions = revisions;
};
