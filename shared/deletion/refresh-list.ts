import { hotFilesOf } from '../catalog/hot-files.ts';
import { readEntry, type Tier } from '../catalog/partitions.ts';
import { type ListSettings, refreshList, writtenLists } from '../compaction/sql-list.ts';
import type { CompactPorts } from './deletion-ports.ts';

/**
 * Has SQL see a rewritten partition at once. Hot files of a list that names none are left to the planner, which moves the view before:
 * it writes the list within a minute.
 */
export const refreshListOf = async (ports: CompactPorts, tier: Tier, dt: string, settings: ListSettings): Promise<void> => {
  const written = (await writtenLists(ports.catalog, tier)).get(dt);
  const hotKeys = tier === 'raw' ? (await hotFilesOf(ports.catalog, dt)).map(({ key }) => key) : [];
  if (hotKeys.length > 0 && written?.holdsHot !== true) return;
  await refreshList(ports, { tier, dt, entry: await readEntry(ports.catalog, tier, dt), hotKeys }, written, settings);
};
