import { dropIdleBackfills } from '../../shared/backfill/waiting-files.ts';
import { type HotFile, hotFilesOf, hoursWithSamples } from '../../shared/catalog/hot-files.ts';
import type { ItemTable } from '../../shared/catalog/item-table.ts';
import { allPartitions, type PartitionEntry, readManifest, removeEntryWrite, type Tier } from '../../shared/catalog/partitions.ts';
import { installationWatermark } from '../../shared/catalog/watermarks.ts';
import { collectGarbage, type CollectReport } from '../../shared/compaction/collect.ts';
import type { CompactPorts } from '../../shared/compaction/commit-attempt.ts';
import { compactDay } from '../../shared/compaction/compact-day.ts';
import { compactHour, type CompactSettings, type HourOutcome } from '../../shared/compaction/compact-hour.ts';
import { expiredMark } from '../../shared/compaction/coverage.ts';
import { expiredWrite } from '../../shared/compaction/garbage.ts';
import { reopenHours, type SamplesView, sealHours } from '../../shared/compaction/open-hours.ts';
import { arrivalMsOf, type Due, planExpiry, planRaw, type RawHour, unmergedOf } from '../../shared/compaction/plan.ts';
import { planDays, unbuiltHours } from '../../shared/compaction/plan-days.ts';
import type { AddressOf } from '../../shared/compaction/sql-list.ts';
import { messageOf } from '../../shared/errors.ts';
import { HOUR_MS, hourStartMs } from '../../shared/model/hour.ts';
import { mapBounded } from '../../shared/storage/map-bounded.ts';
import { DEFAULT_RETENTION, type Retention } from '../../shared/tiers/retention.ts';
import { attempt } from './attempt.ts';
import { type HotRows, refreshLists } from './refresh-lists.ts';

export interface MinuteOptions extends CompactSettings {
  readonly nowMs: number;
  /** Letters and digits that no other call has. */
  readonly attempt: string;
  readonly addressOf: AddressOf;
  /** Where SQL goes by a view that tells sealed hours from open ones; without it the lists alone are kept. */
  readonly view?: SamplesView;
  /** Hot files from which an hour is merged before its time; see `plan.ts` for the default. */
  readonly openHotFiles?: number;
  /** Asked before each piece of work: nothing new begins once it says no. Default: always. */
  readonly hasTime?: () => boolean;
}

/** What came of one minute, for the product's own metrics. */
export interface MinuteReport {
  readonly outcomes: readonly HourOutcome[];
  readonly expired: number;
  readonly lists: number;
  readonly garbage: CollectReport;
  /** How long ago the oldest hot file arrived that is left unmerged; 0 without one. */
  readonly oldestHotAgeMs: number;
  /** Due work that was left for want of time. */
  readonly left: number;
}

const PARALLEL_HOURS = 8;

/**
 * One minute of the planner: merges what is due, takes expired partitions out of the catalog, has every SQL list say what the
 * catalog says, and collects garbage. One piece of work that fails stops no other; then the call rejects when all is done.
 */
export const compactMinute = async (ports: CompactPorts, options: MinuteOptions): Promise<MinuteReport> => {
  const { nowMs, retention = DEFAULT_RETENTION, hasTime = () => true } = options;
  const errors: unknown[] = [];
  // Read before the hot rows: then what it promises is among them.
  const watermarkMs = await installationWatermark(ports.catalog);
  const { hours, unread } = await readHours(ports, errors);
  const entries = (await mapBounded(['raw', '1m', '1h'] as const, 3, (tier) => allPartitions(ports.catalog, tier))).flat();
  const withRows = new Set([...unread, ...hours.filter(({ hotFiles }) => hotFiles.length > 0).map(({ hour }) => hour)]);
  await attempt(errors, 'reopen hours', () => reopen(ports.catalog, options.view, hours));
  const outcomes: HourOutcome[] = [];
  const held = heldHours(entries, options);
  const expiry = planExpiry(entries, retention, nowMs, withRows).filter((work) => work.kind !== 'expire' || !held.has(work.entry));
  const due = [...planRaw(hours, { nowMs, watermarkMs, openHotFiles: options.openHotFiles }), ...expiry];
  let expired = 0;
  let left = 0;
  for (const [i, work] of due.entries()) {
    if (!hasTime()) left++;
    else if (work.kind === 'expire') expired += (await attempt(errors, `expire ${work.entry.tier}`, () => expire(ports, work.entry, nowMs))) === true ? 1 : 0;
    else {
      const run = { nowMs, watermarkMs, attempt: `${options.attempt}.${i}` };
      const outcome = await attempt(errors, `compact ${hourOf(work)}`, () => compactHour(ports, hourOf(work), options, run));
      if (outcome !== undefined) outcomes.push(outcome);
    }
  }
  for (const [i, day] of (await dueDays(ports.catalog, options, watermarkMs, errors)).entries()) {
    const run = { nowMs, watermarkMs, attempt: `${options.attempt}.d${i}` };
    const outcome = hasTime() ? await attempt(errors, `compact ${day}`, () => compactDay(ports, day, options, run)) : 'left';
    if (outcome === 'left') left++;
    else if (outcome !== undefined) outcomes.push(outcome);
  }
  await attempt(errors, 'forget hours', () => forgetHours(ports.catalog, hours, retention, nowMs));
  await attempt(errors, 'drop idle backfills', () => dropIdleBackfills(ports.catalog, nowMs));
  const worked = new Set(due.flatMap((work) => (work.kind === 'expire' ? [] : [work.hour])));
  const rows = await attempt(errors, 'read hot rows again', () => readRowsAgain(ports.catalog, hours, worked));
  const hotRows = { rawKeys: rows ?? new Map<string, readonly string[]>(), unread };
  const lists = rows === undefined ? 0 : await attempt(errors, 'refresh SQL lists', () => refreshLists(ports, hotRows, options, errors));
  // After a minute in which anything failed no list is beyond doubt.
  if (errors.length === 0) await attempt(errors, 'seal hours', () => seal(ports.catalog, options.view, hotRows, watermarkMs));
  const garbage = await attempt(errors, 'collect garbage', () => collectGarbage(ports, nowMs, options.addressOf));
  if (errors.length > 0) throw new AggregateError(errors, `compact: ${errors.length} of this minute's pieces of work failed: ${errors.map(messageOf).join('; ')}`);
  return { outcomes, expired, lists: lists ?? 0, garbage: garbage ?? { removed: 0, held: 0 }, oldestHotAgeMs: oldestAgeMs(hotRows.rawKeys, nowMs), left };
};

/** After the hours of this minute: a day is built from what they have become. Without rollups there are none. */
const dueDays = async (catalog: ItemTable, { openRollup }: MinuteOptions, watermarkMs: number | undefined, errors: unknown[]): Promise<readonly string[]> => {
  if (openRollup === undefined) return [];
  const plan = async (): Promise<readonly string[]> => planDays(await allPartitions(catalog, '1m'), await allPartitions(catalog, '1h'), watermarkMs);
  return (await attempt(errors, 'plan days', plan)) ?? [];
};

/** What has no coarser partition yet, after a long standstill say, waits for it. Without rollups there will be none. */
const heldHours = (entries: readonly PartitionEntry[], { openRollup }: MinuteOptions): ReadonlySet<PartitionEntry> => {
  const of = (tier: Tier): readonly PartitionEntry[] => entries.filter((entry) => entry.tier === tier);
  return new Set(openRollup === undefined ? [] : unbuiltHours(of('1m'), of('1h')));
};

const hourOf = (work: Exclude<Due, { readonly kind: 'expire' }>): string => work.hour;

/** `unread` are hours of which something could not be read: nothing is decided about them. */
const readHours = async (ports: CompactPorts, errors: unknown[]): Promise<{ readonly hours: readonly RawHour[]; readonly unread: ReadonlySet<string> }> => {
  const { objects, catalog } = ports;
  const hours = await hoursWithSamples(catalog, -Infinity, Infinity);
  const rows = await mapBounded(hours, PARALLEL_HOURS, async (hour) => ({ hour, hotFiles: await hotFilesOf(catalog, hour) }));
  // After the rows: a row that is merged meanwhile is then found in the entry.
  const entries = new Map((await allPartitions(catalog, 'raw')).map((entry) => [entry.dt, entry]));
  const found = await mapBounded(rows, PARALLEL_HOURS, ({ hour, hotFiles }) => attempt(errors, `plan ${hour}`, () => readHour(objects, hour, hotFiles, entries.get(hour))));
  return { hours: found.filter((hour) => hour !== undefined), unread: new Set(hours.filter((_, i) => found[i] === undefined)) };
};

/** The manifest is only read where there are hot rows that it may list. */
const readHour = async (objects: CompactPorts['objects'], hour: string, hotFiles: readonly HotFile[], entry: PartitionEntry | undefined): Promise<RawHour> => {
  const merged = entry === undefined || hotFiles.length === 0 ? [] : (await readManifest(objects, entry.manifestKey)).hotKeys;
  return { hour, hotFiles, entry, mergedKeys: new Set(merged) };
};

/** Out of the catalog; the lists follow, and after the grace the objects. */
const expire = async ({ catalog }: CompactPorts, entry: PartitionEntry, nowMs: number): Promise<boolean> => {
  await catalog.transact([expiredMark(entry)]);
  return (await catalog.transact([removeEntryWrite(entry), expiredWrite(entry, nowMs)])).done;
};

/** Two days after its retention nothing is accepted for an hour any more: it leaves the list of hours unless it holds rows yet. */
const forgetAfterMs = ({ raw }: Retention): number => HOUR_MS + raw + 48 * HOUR_MS;

const forgetHours = async (catalog: ItemTable, hours: readonly RawHour[], retention: Retention, nowMs: number): Promise<void> => {
  for (const { hour, hotFiles } of hours) {
    if (hotFiles.length > 0 || nowMs < hourStartMs(hour) + forgetAfterMs(retention)) continue;
    await catalog.transact([{ remove: { pk: 'hours', sk: hour } }]);
  }
};

/** The keys of the hot rows by hour. Only of hours that were worked on they are other than they were. */
const readRowsAgain = async (catalog: ItemTable, hours: readonly RawHour[], worked: ReadonlySet<string>): Promise<ReadonlyMap<string, readonly string[]>> =>
  new Map(
    await mapBounded(hours, PARALLEL_HOURS, async ({ hour, hotFiles }) => {
      const files = worked.has(hour) ? await hotFilesOf(catalog, hour) : hotFiles;
      return [hour, files.map(({ key }) => key)] as const;
    }),
  );

const reopen = async (catalog: ItemTable, view: SamplesView | undefined, hours: readonly RawHour[]): Promise<void> => {
  if (view !== undefined) await reopenHours(catalog, view, hours.filter((hour) => unmergedOf(hour).length > 0).map(({ hour }) => hour));
};

const seal = async (catalog: ItemTable, view: SamplesView | undefined, { rawKeys, unread }: HotRows, watermarkMs: number | undefined): Promise<void> => {
  const hotHours = [...rawKeys].filter(([, keys]) => keys.length > 0).map(([hour]) => hour);
  if (view !== undefined) await sealHours(catalog, view, { watermarkMs, unread, hotHours });
};

const oldestAgeMs = (rawKeys: HotRows['rawKeys'], nowMs: number): number => {
  const arrivalsMs = [...rawKeys.values()].flat().map(arrivalMsOf);
  return arrivalsMs.length === 0 ? 0 : Math.max(0, nowMs - arrivalsMs.reduce((first, arrivalMs) => Math.min(first, arrivalMs)));
};
