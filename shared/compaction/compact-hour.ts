import { type HotFile, hotFilesOf } from '../catalog/hot-files.ts';
import { type ItemTable, MAX_TRANSACT_WRITES } from '../catalog/item-table.ts';
import { entryOf, type Manifest, objectKeysOf, type PartitionEntry, readEntry, readManifest, type Tier } from '../catalog/partitions.ts';
import { DEFAULT_RETENTION, type Retention } from '../tiers/retention.ts';
import { type CompactPorts, commitAttempt } from './commit-attempt.ts';
import { isCovered, readCoverage } from './coverage.ts';
import { announceAttempt, hotWrite } from './garbage.ts';
import { readHot, seriesByBucket } from './merge.ts';
import { isClosed, takeOldest, unmergedOf } from './plan.ts';
import type { OpenRollup } from './rollup-sink.ts';
import { type Erasure, requireObjects, type Rewrite, writeBuckets } from './write-buckets.ts';

export type { CompactPorts };

export interface CompactSettings {
  /** Labels with a column of their own. */
  readonly promotedLabels: readonly string[];
  /** Of hours that begin; an hour keeps what it began with. 1 up to about 100,000 series, or 30 M samples an hour. */
  readonly buckets: number;
  /** Hot samples one run takes into memory; what is left stays due. Default: {@link DEFAULT_MAX_ROWS}. */
  readonly maxRows?: number;
  /** Makes the 1m partition along with the raw one. */
  readonly openRollup?: OpenRollup;
  /** Default {@link DEFAULT_RETENTION}. */
  readonly retention?: Retention;
  /** Samples to be left out: the hour is then rewritten though it may have no hot files. */
  readonly erasure?: Erasure;
}

export interface CompactRun {
  readonly nowMs: number;
  /** Of the installation, read before the call. */
  readonly watermarkMs: number | undefined;
  /** Letters and digits that no other run has, nor a repetition of this one. */
  readonly attempt: string;
}

/** `lost`: another run committed first, and nothing of this one is left. */
export type HourOutcome =
  | { readonly kind: 'merged'; readonly version: number; readonly hotFiles: number; readonly rows: number; readonly bytes: number }
  | { readonly kind: 'lost' }
  | { readonly kind: 'nothing' };

/** 0.3 GB where each file has ten points a series, 0.5 GB where it has one (measured, peak of the process). */
const DEFAULT_MAX_ROWS = 4_000_000;

/**
 * Merges the hot files of an hour that no compacted file holds. Whatever line it dies at, the next call does the rest: the
 * commit is one conditional transaction, and what lies around it is announced in the catalog. Any number of calls may
 * run at once. Rejects with MissingObjectError, having committed nothing, when a file of the hour is not there.
 */
export const compactHour = async (ports: CompactPorts, hour: string, settings: CompactSettings, run: CompactRun): Promise<HourOutcome> => {
  const { objects, catalog } = ports;
  const hotFiles = await hotFilesOf(catalog, hour);
  const raw = await currentOf(ports, 'raw', hour);
  const mergedKeys = new Set(raw.manifest?.hotKeys);
  const unmerged = unmergedOf({ hotFiles, mergedKeys });
  await removeRows(catalog, hour, hotFiles.filter(({ key }) => mergedKeys.has(key)), run.nowMs);
  if (unmerged.length === 0 && settings.erasure === undefined) return { kind: 'nothing' };
  const taken = takeOldest(unmerged, settings.maxRows ?? DEFAULT_MAX_ROWS);
  const minute = settings.openRollup === undefined ? undefined : await minuteOf(ports, hour, settings.retention ?? DEFAULT_RETENTION, run.nowMs);
  const rewrite = planRewrite(hour, raw, minute, settings, run);
  await requireObjects(objects, objectKeysOf([raw, minute].flatMap((partition) => partition?.manifest?.files ?? [])));
  const ticket = await announceAttempt(catalog, rewrite.versions, rewrite.buckets, run.nowMs);
  const manifests = await merge(ports, rewrite, taken, settings);
  const isAll = taken.length === unmerged.length && isClosed(hour, run.watermarkMs);
  const entries = manifests.map((manifest) => entryOf(manifest, standingOf(raw, manifest, manifests[0] as Manifest, isAll)));
  if (!(await commitAttempt(ports, { ...rewrite, ticket, manifests, entries }, run.nowMs))) return { kind: 'lost' };
  await dropRows(catalog, hour, taken);
  const [{ version, rows, bytes }] = entries as [PartitionEntry];
  return { kind: 'merged', version, hotFiles: taken.length, rows, bytes };
};

interface Current {
  readonly entry: PartitionEntry | undefined;
  readonly manifest: Manifest | undefined;
}

const currentOf = async ({ objects, catalog }: CompactPorts, tier: Tier, dt: string): Promise<Current> => {
  const entry = await readEntry(catalog, tier, dt);
  return { entry, manifest: entry === undefined ? undefined : await readManifest(objects, entry.manifestKey) };
};

/**
 * Undefined where the 1m partition must stay as it is: once the raw one may have expired, it holds what no raw file does; and once it
 * has expired itself, the day does.
 */
const minuteOf = async (ports: CompactPorts, hour: string, retention: Retention, nowMs: number): Promise<Current | undefined> => {
  const minute = await currentOf(ports, '1m', hour);
  const coverage = await readCoverage(ports.catalog, retention);
  if (minute.entry === undefined) return hour > (coverage.expired['1m'] ?? '') ? minute : undefined;
  return isCovered(coverage, { tier: 'raw', dt: hour }, nowMs) ? minute : undefined;
};

const planRewrite = (hour: string, raw: Current, minute: Current | undefined, settings: CompactSettings, { attempt }: CompactRun): Rewrite => {
  const next = (tier: Tier, { entry }: Current) => ({ tier, dt: hour, version: (entry?.version ?? 0) + 1, attempt });
  return {
    versions: [next('raw', raw), ...(minute === undefined ? [] : [next('1m', minute)])],
    buckets: raw.manifest?.buckets ?? settings.buckets,
    raw: raw.manifest,
    minute: minute?.manifest,
    // A 1m partition that was not made from the current raw one, say because the rollup was switched on later, is made anew.
    isWhole: minute !== undefined && minute.entry?.builtFrom?.[hour] !== (raw.entry?.version ?? 0),
  };
};

const merge = async ({ objects }: CompactPorts, rewrite: Rewrite, taken: readonly HotFile[], settings: CompactSettings): Promise<readonly Manifest[]> => {
  const hot = await readHot(objects, taken);
  return writeBuckets(objects, rewrite, { samples: hot, byBucket: seriesByBucket(hot, rewrite.buckets), keys: taken.map(({ key }) => key) }, settings);
};

const standingOf = ({ entry }: Current, { tier, dt }: Manifest, raw: Manifest, closes: boolean): Pick<PartitionEntry, 'isClosed' | 'lateMerges' | 'builtFrom'> => {
  const wasClosed = entry?.isClosed === true;
  const standing = { isClosed: wasClosed || closes, lateMerges: wasClosed ? entry.lateMerges + 1 : 0 };
  return tier === 'raw' ? standing : { ...standing, builtFrom: { [dt]: raw.version } };
};

/** The rows of what has just been merged: their objects go by the commit's own note. */
const dropRows = async (catalog: ItemTable, hour: string, files: readonly HotFile[]): Promise<void> => {
  for (let i = 0; i < files.length; i += MAX_TRANSACT_WRITES) {
    await catalog.transact(files.slice(i, i + MAX_TRANSACT_WRITES).map(({ key }) => ({ remove: { pk: `hot/${hour}`, sk: key } })));
  }
};

/** The rows of what was merged before: a store that repeats a batch may have made their objects anew. */
const removeRows = async (catalog: ItemTable, hour: string, files: readonly HotFile[], nowMs: number): Promise<void> => {
  for (let i = 0; i < files.length; i += MAX_TRANSACT_WRITES - 1) {
    const keys = files.slice(i, i + MAX_TRANSACT_WRITES - 1).map(({ key }) => key);
    await catalog.transact([...keys.map((sk) => ({ remove: { pk: `hot/${hour}`, sk } })), hotWrite(hour, keys, nowMs)]);
  }
};
