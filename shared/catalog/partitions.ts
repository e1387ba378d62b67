import * as v from 'valibot';
import { PermanentError } from '../errors.ts';
import { hourOf } from '../model/hour.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { Attribute, Item, ItemTable, ItemWrite } from './item-table.ts';

/** Samples as they came, and their buckets of a minute and of an hour. */
export type Tier = 'raw' | '1m' | '1h';

/** The series index of a partition's file: an immutable Parquet file beside it (parquet/FORMAT.md). */
export interface SeriesIndexFile {
  readonly key: string;
  readonly series: number;
  readonly bytes: number;
}

/** One immutable Parquet file of a partition. A series lies in the file of its bucket, and there in one place. */
export interface PartitionFile {
  readonly key: string;
  /** CRC-32C of the labels JSON modulo the partition's number of buckets. */
  readonly bucket: number;
  readonly rows: number;
  readonly bytes: number;
  readonly minTMs: number; // inclusive
  readonly maxTMs: number; // inclusive
  readonly minMetric: string; // inclusive, UTF-8 byte order
  readonly maxMetric: string; // inclusive
  readonly seriesIndex: SeriesIndexFile;
}

/** Which version of which partition: all that its keys are made of. */
export interface PartitionVersion {
  readonly tier: Tier;
  /** `YYYY-MM-DD-HH`, of tier 1h `YYYY-MM-DD`, UTC. */
  readonly dt: string;
  /** 1 for the first. */
  readonly version: number;
  /** Names the run that made it: no other run, and no repetition of one, has the same. */
  readonly attempt: string;
}

/** One version of a partition: an immutable object. Everything the partition holds is in `files`, and nothing else. */
export interface Manifest extends PartitionVersion {
  readonly buckets: number;
  /** At most one a bucket, ascending by bucket. */
  readonly files: readonly PartitionFile[];
  /** Every hot file that this version or one before it has merged, ascending. A row of one of these in the catalog says nothing new. */
  readonly hotKeys: readonly string[];
  /** The manifest of the version before. */
  readonly predecessor?: string;
  /** What the entry said beside the manifest when it was committed: for the rebuild of a catalog that is lost. */
  readonly standing?: Standing;
}

/** The catalog's word on which version of a partition counts. */
export interface PartitionEntry {
  readonly tier: Tier;
  readonly dt: string;
  readonly version: number;
  readonly manifestKey: string;
  readonly files: number;
  readonly rows: number;
  readonly bytes: number;
  /** Of an empty partition Infinity and -Infinity. */
  readonly minTMs: number; // inclusive
  readonly maxTMs: number; // inclusive
  readonly mergedHotCount: number;
  /** Whether the watermark had passed the partition's end when this version or one before it was made. */
  readonly isClosed: boolean;
  /** Versions made since it closed, the closing one left out. */
  readonly lateMerges: number;
  /** Tier 1h: the versions of the 1m partitions it was built from, by hour. */
  readonly builtFrom?: Readonly<Record<string, number>>;
}

/** What only the entry of a partition knows. */
export type Standing = Pick<PartitionEntry, 'isClosed' | 'lateMerges' | 'builtFrom'>;

const pkOf = (tier: Tier): string => `partition/${tier}`;

/** `raw/dt=2026-01-01-00/_v3-k2x9.json`: readers of folders pass over names that begin with an underscore. */
export const manifestKeyOf = ({ tier, dt, version, attempt }: PartitionVersion): string => `${tier}/dt=${dt}/_v${version}-${attempt}.json`;

export const partitionFileKey = ({ tier, dt, version, attempt }: PartitionVersion, bucket: number): string =>
  `${tier}/dt=${dt}/v${version}-${attempt}-b${bucket}.parquet`;

/** `raw/dt=2026-01-01-00/_v3-k2x9-b0.series.parquet`: no file of samples, so readers of folders must pass over it too. */
export const seriesIndexKey = ({ tier, dt, version, attempt }: PartitionVersion, bucket: number): string =>
  `${tier}/dt=${dt}/_v${version}-${attempt}-b${bucket}.series.parquet`;

/** Of each file its own key and that of its series index. */
export const objectKeysOf = (files: readonly PartitionFile[]): readonly string[] => files.flatMap(({ key, seriesIndex }) => [key, seriesIndex.key]);

/** Undefined before the first version. Who also reads hot rows reads them *before* this: an overlap is harmless, a gap is not. */
export const readEntry = async (items: ItemTable, tier: Tier, dt: string): Promise<PartitionEntry | undefined> => {
  const item = await items.get({ pk: pkOf(tier), sk: dt });
  return item === undefined ? undefined : entryFrom(tier, item);
};

/** The partitions of a tier in which rows of [fromMs, toMs] may lie, in order. Nobody lists the bucket: this is how readers find files. */
export const listPartitions = async (items: ItemTable, tier: Tier, fromMs = -Infinity, toMs = Infinity): Promise<readonly PartitionEntry[]> =>
  (await partitionsOf(items, tier, fromMs, toMs)).filter((entry) => mayHoldRows(entry, fromMs, toMs));

/** The partitions of the hours or days that [fromMs, toMs] touches, in order, also those whose rows all lie outside of it. */
export const partitionsOf = async (items: ItemTable, tier: Tier, fromMs: number, toMs: number): Promise<readonly PartitionEntry[]> => {
  const dtOf = (tMs: number): string => hourOf(Math.min(Math.max(tMs, 0), MAX_T_MS)).slice(0, tier === '1h' ? 10 : 13);
  return (await items.query(pkOf(tier), { from: dtOf(fromMs), to: dtOf(toMs) })).map((item) => entryFrom(tier, item));
};

export const mayHoldRows = (entry: Pick<PartitionEntry, 'minTMs' | 'maxTMs'>, fromMs: number, toMs: number): boolean => entry.minTMs <= toMs && entry.maxTMs >= fromMs;

/** The last hour whose text has four digits of year. */
const MAX_T_MS = Date.UTC(9999, 11, 31, 23);

/** Also the entries of empty partitions. */
export const allPartitions = async (items: ItemTable, tier: Tier): Promise<readonly PartitionEntry[]> =>
  (await items.query(pkOf(tier))).map((item) => entryFrom(tier, item));

/**
 * Moves each entry from version n - 1 to n, all of them or none, together with `alongside`. False when an entry was elsewhere
 * already, or a condition of `alongside` did not hold. After a lost answer this may be the caller's own earlier write: see who
 * stands in the entry.
 */
export const commitPartitions = async (items: ItemTable, entries: readonly PartitionEntry[], alongside: readonly ItemWrite[] = []): Promise<boolean> =>
  (await items.transact([...entries.map(entryWrite), ...alongside])).done;

const entryWrite = (entry: PartitionEntry): ItemWrite => ({
  put: itemFrom(entry),
  when: entry.version === 1 ? { is: 'absent' } : { is: 'equal', attribute: 'version', value: entry.version - 1 },
});

/** Puts the entry of any version, where there is none or in the place of version `instead`, together with `alongside`. */
export const restoreEntry = async (items: ItemTable, entry: PartitionEntry, instead: number | undefined, alongside: readonly ItemWrite[] = []): Promise<boolean> => {
  const when = instead === undefined ? ({ is: 'absent' } as const) : ({ is: 'equal', attribute: 'version', value: instead } as const);
  return (await items.transact([{ put: itemFrom(entry), when }, ...alongside])).done;
};

/** Takes the partition out of the catalog, unless it has moved on. */
export const removeEntryWrite = ({ tier, dt, version }: PartitionEntry): ItemWrite => ({
  remove: { pk: pkOf(tier), sk: dt },
  when: { is: 'equal', attribute: 'version', value: version },
});

/** What the catalog says of a manifest. */
export const entryOf = (manifest: Manifest, about: Standing): PartitionEntry => {
  const { tier, dt, version, files, hotKeys } = manifest;
  return {
    tier,
    dt,
    version,
    manifestKey: manifestKeyOf(manifest),
    files: files.length,
    rows: files.reduce((sum, { rows }) => sum + rows, 0),
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    minTMs: files.reduce((min, { minTMs }) => Math.min(min, minTMs), Infinity),
    maxTMs: files.reduce((max, { maxTMs }) => Math.max(max, maxTMs), -Infinity),
    mergedHotCount: hotKeys.length,
    ...about,
  };
};

/** An infinite bound has no number in DynamoDB and is left out. */
const itemFrom = ({ tier, dt, minTMs, maxTMs, builtFrom, ...rest }: PartitionEntry): Item => {
  const bounds: Record<string, Attribute> = minTMs <= maxTMs ? { minTMs, maxTMs } : {};
  const sources: Record<string, Attribute> = builtFrom === undefined ? {} : { builtFrom: JSON.stringify(builtFrom) };
  return { pk: pkOf(tier), sk: dt, attributes: { ...rest, ...bounds, ...sources } };
};

const entryFrom = (tier: Tier, { sk, attributes }: Item): PartitionEntry => ({
  tier,
  dt: sk,
  version: Number(attributes['version']),
  manifestKey: String(attributes['manifestKey']),
  files: Number(attributes['files']),
  rows: Number(attributes['rows']),
  bytes: Number(attributes['bytes']),
  minTMs: Number(attributes['minTMs'] ?? Infinity),
  maxTMs: Number(attributes['maxTMs'] ?? -Infinity),
  mergedHotCount: Number(attributes['mergedHotCount']),
  isClosed: attributes['isClosed'] === true,
  lateMerges: Number(attributes['lateMerges']),
  ...(attributes['builtFrom'] === undefined ? {} : { builtFrom: JSON.parse(String(attributes['builtFrom'])) as Record<string, number> }),
});

const FORMAT = 1;

/** Resolves once the manifest is durable. Its key is new with each attempt, so one that is there has the same bytes. */
export const putManifest = async (objects: ObjectStore, manifest: Manifest): Promise<void> => {
  await objects.putIfAbsent(manifestKeyOf(manifest), Buffer.from(JSON.stringify({ format: FORMAT, ...manifest })));
};

/** @throws MissingObjectError, PermanentError for an object that is no manifest. */
export const readManifest = async (objects: Pick<ObjectStore, 'get'>, key: string): Promise<Manifest> => {
  const text = Buffer.from(await objects.get(key)).toString();
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch (cause) {
    throw new PermanentError(`read manifest ${key}: found ${text.length} characters that are no JSON`, { cause });
  }
  const parsed = v.safeParse(MANIFEST, found);
  if (!parsed.success) {
    throw new PermanentError(`read manifest ${key}: found ${v.getDotPath(parsed.issues[0]) ?? 'the whole'} to be of another kind, a manifest of format ${FORMAT} is allowed`);
  }
  const { tier, dt, version, attempt, buckets, files, hotKeys, predecessor, standing } = parsed.output;
  const held = { tier, dt, version, attempt, buckets, files, hotKeys };
  const manifest: Manifest = { ...held, ...(predecessor === undefined ? {} : { predecessor }), ...(standing === undefined ? {} : { standing: standingFrom(standing) }) };
  if (manifestKeyOf(manifest) !== key) throw new PermanentError(`read manifest ${key}: found the manifest ${manifestKeyOf(manifest)}, that of the key is allowed`);
  return manifest;
};

const standingFrom = ({ builtFrom, ...rest }: Omit<Standing, 'builtFrom'> & { readonly builtFrom?: Readonly<Record<string, number>> | undefined }): Standing => ({
  ...rest,
  ...(builtFrom === undefined ? {} : { builtFrom }),
});

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const time = v.pipe(v.number(), v.safeInteger());
const text = v.string();

const MANIFEST = v.strictObject({
  format: v.literal(FORMAT),
  tier: v.picklist(['raw', '1m', '1h']),
  dt: text,
  version: count,
  attempt: text,
  buckets: count,
  files: v.array(
    v.strictObject({
      key: text,
      bucket: count,
      rows: count,
      bytes: count,
      minTMs: time,
      maxTMs: time,
      minMetric: text,
      maxMetric: text,
      seriesIndex: v.strictObject({ key: text, series: count, bytes: count }),
    }),
  ),
  hotKeys: v.array(text),
  predecessor: v.optional(text),
  standing: v.optional(v.strictObject({ isClosed: v.boolean(), lateMerges: count, builtFrom: v.optional(v.record(text, count)) })),
});
