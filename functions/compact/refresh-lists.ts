import { allPartitions } from '../../shared/catalog/partitions.ts';
import type { CompactPorts } from '../../shared/compaction/commit-attempt.ts';
import { openForHot, type SamplesView } from '../../shared/compaction/open-hours.ts';
import { type ListSettings, refreshList, writtenLists } from '../../shared/compaction/sql-list.ts';
import { attempt } from './attempt.ts';

export interface HotRows {
  /** The keys of the hot rows by hour, read before the call. */
  readonly rawKeys: ReadonlyMap<string, readonly string[]>;
  /** Hours of which something could not be read: their lists stay as they are. */
  readonly unread: ReadonlySet<string>;
}

interface RefreshSettings extends ListSettings {
  readonly view?: SamplesView;
}

/** Has every SQL list say what the catalog says, and returns how many had to be written. */
export const refreshLists = async (ports: CompactPorts, { rawKeys, unread }: HotRows, { addressOf, nowMs, view }: RefreshSettings, errors: unknown[]): Promise<number> => {
  const { catalog } = ports;
  const withRows = [...rawKeys].filter(([, keys]) => keys.length > 0).map(([dt]) => dt);
  // Hot files of an hour that SQL takes for sealed wait until it knows better.
  const hot = view === undefined ? new Set(withRows) : await openForHot(catalog, view, withRows);
  let lists = 0;
  for (const tier of ['raw', '1m', '1h'] as const) {
    const written = await writtenLists(catalog, tier);
    // After the hot rows: a row that was merged meanwhile is then found in the entry.
    const entries = new Map((await allPartitions(catalog, tier)).map((entry) => [entry.dt, entry]));
    const listed = tier === 'raw' ? hot : new Set<string>();
    // The list of a partition that is gone becomes an empty one.
    for (const dt of new Set([...written.keys(), ...entries.keys(), ...listed])) {
      if (tier === 'raw' && unread.has(dt)) continue;
      const partition = { tier, dt, entry: entries.get(dt), hotKeys: listed.has(dt) ? (rawKeys.get(dt) ?? []) : [] };
      const isNew = await attempt(errors, `list ${tier} ${dt}`, () => refreshList(ports, partition, written.get(dt), { addressOf, nowMs }));
      if (isNew === true) lists++;
    }
  }
  return lists;
};
