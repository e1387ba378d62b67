import type { ItemTable } from '../catalog/item-table.ts';
import { commitPartitions, type Manifest, type PartitionEntry, type PartitionVersion, putManifest, readEntry, type Standing } from '../catalog/partitions.ts';
import type { ObjectStore, ObjectSweep } from '../storage/object-store.ts';
import { endAttempt, forgetGarbage, isAttemptOpen, keysOfAttempt, replacedWrite } from './garbage.ts';

export interface CompactPorts {
  readonly objects: ObjectStore & ObjectSweep;
  readonly catalog: ItemTable;
}

/** A run whose files are written. */
export interface Attempt {
  /** As `announceAttempt` gave it. */
  readonly ticket: string;
  readonly versions: readonly PartitionVersion[];
  readonly buckets: number;
  readonly manifests: readonly Manifest[];
  /** One for each manifest. */
  readonly entries: readonly PartitionEntry[];
}

/** Makes the versions of a run the current ones, all together. False when another run was first: nothing of this one is left then. */
export const commitAttempt = async (ports: CompactPorts, attempt: Attempt, nowMs: number): Promise<boolean> => {
  const { ticket, manifests, entries } = attempt;
  for (const [i, manifest] of manifests.entries()) await putManifest(ports.objects, { ...manifest, standing: standingOf(entries[i] as PartitionEntry) });
  const garbage = manifests.map((manifest) => replacedWrite(manifest, nowMs));
  if (await commitPartitions(ports.catalog, entries, [endAttempt(ticket), ...garbage])) return true;
  if (await isMine(ports.catalog, entries[0] as PartitionEntry)) return true;
  await giveUp(ports, attempt);
  return false;
};

const standingOf = ({ isClosed, lateMerges, builtFrom }: PartitionEntry): Standing => ({ isClosed, lateMerges, ...(builtFrom === undefined ? {} : { builtFrom }) });

/** A commit whose answer was lost is refused when it is made again, though the first one stands. */
const isMine = async (catalog: ItemTable, { tier, dt, manifestKey }: PartitionEntry): Promise<boolean> =>
  (await readEntry(catalog, tier, dt))?.manifestKey === manifestKey;

/**
 * Takes back what the run wrote. A ticket that is not open says that the collector is at it, or that the run did commit and a later
 * version came since: nothing is touched then, and the next run clears its hot rows.
 */
const giveUp = async ({ objects, catalog }: CompactPorts, { ticket, versions, buckets }: Attempt): Promise<void> => {
  if (!(await isAttemptOpen(catalog, ticket))) return;
  await objects.remove(keysOfAttempt(versions, buckets));
  await forgetGarbage(catalog, { sk: ticket });
};
