import { hotFilesOf } from '../catalog/hot-files.ts';
import { readEntry, type Tier } from '../catalog/partitions.ts';
import { type ListSettings, refreshList, writtenLists } from '../compaction/sql-list.ts';
import type { CompactPorts } from './deletion-ports.ts';

/**
 * Has SQL see a rewritten partition at once. A list that names no hot files still names none: the planner moves the view before it
 * lists them.
 */
export const refreshListOf = async (ports: CompactPorts, tier: Tier, dt: string, settings: ListSettings): Promise<void> => {
  const written = (await writtenLists(ports.catalog, tier)).get(dt);
  const hotKeys = tier === 'raw' && written?.holdsHot === true ? (await hotFilesOf(ports.catalog, dt)).map(({ key }) => key) : [];
  await refreshList(ports, { tier, dt, entry: await readEntry(ports.catalog, tier, dt), hotKeys }, written, settings);
};
