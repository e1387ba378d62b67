import type { HotFile } from '../catalog/hot-files.ts';
import type { PartitionEntry } from '../catalog/partitions.ts';
import { HOUR_MS, hourStartMs } from '../model/hour.ts';
import type { Retention } from '../tiers/retention.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * HOUR_MS;

/** Senders flush within a minute and the mapping within seconds: what comes later than this is late. */
export const CLOSE_DELAY_MS = 5 * MINUTE_MS;
/** Ten minutes of one shard: a query then opens 60 hot files an hour and shard at most. */
export const OPEN_HOT_FILES = 60;
const LATE_FIRST_MS = 15 * MINUTE_MS;
const LATE_MOST_MS = 6 * HOUR_MS;

/** What the catalog says of an hour of raw samples. */
export interface RawHour {
  readonly hour: string;
  /** All hot rows, by key: oldest arrival first. */
  readonly hotFiles: readonly HotFile[];
  readonly entry: PartitionEntry | undefined;
  /** The hot keys that the entry's manifest lists. */
  readonly mergedKeys: ReadonlySet<string>;
}

/** A piece of work. `clean`: hot rows stand in the catalog that are merged, after a crash or a late repetition of a store. */
export type Due =
  | { readonly kind: 'merge'; readonly hour: string; readonly why: 'closed' | 'late' | 'open' }
  | { readonly kind: 'clean'; readonly hour: string }
  | { readonly kind: 'expire'; readonly entry: PartitionEntry };

export interface PlanClock {
  readonly nowMs: number;
  /** Of the installation; undefined before the first shard is known, and no hour closes then. */
  readonly watermarkMs: number | undefined;
  /** Hot files from which an hour is merged before its time. Default {@link OPEN_HOT_FILES}. */
  readonly openHotFiles?: number | undefined;
}

/** Everything that is due, the most pressing first: hours that just closed, late samples, open hours with many files, the rest. */
export const planRaw = (hours: readonly RawHour[], clock: PlanClock): readonly Due[] =>
  hours.flatMap((hour) => dueOf(hour, clock)).sort((a, b) => rankOf(a) - rankOf(b));

const RANKS = { closed: 0, late: 1, open: 2 } as const;
const rankOf = (due: Due): number => (due.kind === 'merge' ? RANKS[due.why] : 3);

const dueOf = (raw: RawHour, clock: PlanClock): readonly Due[] => {
  const { hour, hotFiles } = raw;
  const unmerged = unmergedOf(raw);
  const why = whyMerge(raw, unmerged, clock);
  if (why !== undefined) return [{ kind: 'merge', hour, why }];
  return unmerged.length < hotFiles.length ? [{ kind: 'clean', hour }] : [];
};

/** The hot files whose samples no compacted file holds. */
export const unmergedOf = ({ hotFiles, mergedKeys }: Pick<RawHour, 'hotFiles' | 'mergedKeys'>): readonly HotFile[] =>
  hotFiles.filter(({ key }) => !mergedKeys.has(key));

const whyMerge = ({ hour, entry }: RawHour, unmerged: readonly HotFile[], { nowMs, watermarkMs, openHotFiles = OPEN_HOT_FILES }: PlanClock): 'closed' | 'late' | 'open' | undefined => {
  const [oldest] = unmerged;
  if (oldest === undefined) return undefined;
  if (!isClosed(hour, watermarkMs)) return unmerged.length >= openHotFiles ? 'open' : undefined;
  if (entry?.isClosed !== true) return 'closed';
  const isDue = unmerged.length >= openHotFiles || nowMs - arrivalMsOf(oldest.key) >= lateDelayMs(entry.lateMerges);
  return isDue ? 'late' : undefined;
};

/** Whether all that was not late is stored. */
export const isClosed = (hour: string, watermarkMs: number | undefined): boolean =>
  watermarkMs !== undefined && watermarkMs >= hourStartMs(hour) + HOUR_MS + CLOSE_DELAY_MS;

/** Doubles with each merge of late samples, so that a sender which is always late cannot have an hour rewritten all day. */
export const lateDelayMs = (lateMerges: number): number => Math.min(LATE_FIRST_MS * 2 ** Math.min(lateMerges, 10), LATE_MOST_MS);

/** The arrival that stands at the head of a hot file's name; 0, long ago, where none does. */
export const arrivalMsOf = (hotKey: string): number => {
  const arrivalMs = Number.parseInt(hotKey.slice(hotKey.lastIndexOf('/') + 1), 10);
  return Number.isNaN(arrivalMs) ? 0 : arrivalMs;
};

/** The partitions of a tier whose retention is over. Of raw hours those without hot rows: what was never merged must be merged before. */
export const planExpiry = (entries: readonly PartitionEntry[], retention: Retention, nowMs: number, hoursWithHotRows: ReadonlySet<string>): readonly Due[] =>
  entries
    .filter((entry) => nowMs >= partitionEndMs(entry) + retention[entry.tier] && !(entry.tier === 'raw' && hoursWithHotRows.has(entry.dt)))
    .map((entry) => ({ kind: 'expire', entry }));

/** Exclusive. */
export const partitionEndMs = ({ tier, dt }: Pick<PartitionEntry, 'tier' | 'dt'>): number =>
  tier === '1h' ? hourStartMs(`${dt}-00`) + DAY_MS : hourStartMs(dt) + HOUR_MS;

/** The oldest of the files that stay below `maxRows` together, and at least one: what a run takes on is bounded, the rest stays due. */
export const takeOldest = (unmerged: readonly HotFile[], maxRows: number): readonly HotFile[] => {
  let rows = 0;
  const end = unmerged.findIndex((file, i) => (rows += file.rows) > maxRows && i > 0);
  return end === -1 ? unmerged : unmerged.slice(0, end);
};
