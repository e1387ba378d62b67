import type { Item, ItemTable, ItemWrite } from '../catalog/item-table.ts';
import { type Manifest, manifestKeyOf, type PartitionEntry, partitionFileKey, type PartitionVersion, seriesIndexKey, type Tier } from '../catalog/partitions.ts';

/**
 * From when nobody new can find an object until it is removed. Longer than the longest query (Athena ends a statement after 30
 * minutes by default, "Service Quotas") and than the longest run of the compactor (15 minutes, Lambda's limit).
 */
export const GRACE_MS = 3_600_000;

const PK = 'garbage';

/** What may be removed once `dueMs` has come. */
export type Garbage = { readonly sk: string } & (
  | /** Files of a run that has not committed, and may yet. */ { readonly kind: 'attempt'; readonly versions: readonly PartitionVersion[]; readonly buckets: number }
  | /** What a version made superfluous. */ { readonly kind: 'replaced'; readonly tier: Tier; readonly dt: string; readonly manifestKey: string; readonly predecessor?: string }
  | /** All of a partition that left the catalog. */ { readonly kind: 'expired'; readonly tier: Tier; readonly dt: string; readonly manifestKey: string }
  | /** Hot objects whose rows are gone. */ { readonly kind: 'hot'; readonly hour: string; readonly keys: readonly string[] }
  | /** Files of history whose rows are gone. */ { readonly kind: 'history'; readonly keys: readonly string[] }
);

type Unnamed = Garbage extends infer G ? (G extends Garbage ? Omit<G, 'sk'> : never) : never;

/** Ascends with the time, 13 digits of milliseconds until the year 2286. */
const skOf = (dueMs: number, name: string): string => `${String(dueMs).padStart(13, '0')}/${name}`;

const put = (sk: string, garbage: Unnamed): { readonly put: Item } => ({ put: { pk: PK, sk, attributes: { state: 'waiting', garbage: JSON.stringify(garbage) } } });

/** Stands in the catalog from before the first file of a run until its commit, which removes it: a run that dies is cleared up. */
export const announceAttempt = async (items: ItemTable, versions: readonly PartitionVersion[], buckets: number, nowMs: number): Promise<string> => {
  const [{ tier, dt, version, attempt }] = versions as readonly [PartitionVersion];
  const sk = skOf(nowMs + GRACE_MS, `${tier}/${dt}/v${version}-${attempt}`);
  await items.transact([put(sk, { kind: 'attempt', versions, buckets })]);
  return sk;
};

/** Every key that a run may have written. */
export const keysOfAttempt = (versions: readonly PartitionVersion[], buckets: number): readonly string[] =>
  versions.flatMap((version) => [
    ...Array.from({ length: buckets }, (_, bucket) => [partitionFileKey(version, bucket), seriesIndexKey(version, bucket)]).flat(),
    manifestKeyOf(version),
  ]);

/** Goes with the commit: fails when the run has been taken for dead, whose files may then be gone. */
export const endAttempt = (sk: string): ItemWrite => ({ remove: { pk: PK, sk }, when: { is: 'equal', attribute: 'state', value: 'waiting' } });

/** Whether the run may still commit: false once it has, and once it is being cleared up. */
export const isAttemptOpen = async (items: ItemTable, sk: string): Promise<boolean> => (await items.get({ pk: PK, sk }))?.attributes['state'] === 'waiting';

/** After this a run can no longer commit. False when it did, or when there is nothing left to do. */
export const claimAttempt = async (items: ItemTable, garbage: Garbage): Promise<boolean> => {
  const claimed = { ...put(garbage.sk, withoutSk(garbage)).put, attributes: { state: 'claimed', garbage: JSON.stringify(withoutSk(garbage)) } };
  return (await items.transact([{ put: claimed, when: { is: 'present' } }])).done;
};

const withoutSk = ({ sk: _sk, ...garbage }: Garbage): Unnamed => garbage as Unnamed;

/** Goes with the commit of `manifest`. */
export const replacedWrite = (manifest: Manifest, nowMs: number): ItemWrite => {
  const { tier, dt, version, predecessor } = manifest;
  const garbage: Unnamed = { kind: 'replaced', tier, dt, manifestKey: manifestKeyOf(manifest), ...(predecessor === undefined ? {} : { predecessor }) };
  return put(skOf(nowMs + GRACE_MS, `${tier}/${dt}/v${version}-replaced`), garbage);
};

/** What lies about a partition whose entry was put back: all that `loser` has beside `manifest`, or the hot objects that `manifest` has merged. */
export const leftoverWrite = (manifest: Manifest, loser: Manifest | undefined, nowMs: number): ItemWrite => {
  const { tier, dt } = manifest;
  const garbage: Unnamed = { kind: 'replaced', tier, dt, manifestKey: manifestKeyOf(manifest), ...(loser === undefined ? {} : { predecessor: manifestKeyOf(loser) }) };
  return put(skOf(nowMs + GRACE_MS, `${tier}/${dt}/left-v${loser?.version ?? 0}-${loser?.attempt ?? ''}`), garbage);
};

/** The manifests of runs that have not ended: none of these may be made the current one by anybody else. */
export const openManifests = async (items: ItemTable): Promise<ReadonlySet<string>> =>
  new Set(
    (await items.query(PK)).flatMap(({ attributes }) => {
      const garbage = JSON.parse(String(attributes['garbage'])) as Unnamed;
      return garbage.kind === 'attempt' ? garbage.versions.map(manifestKeyOf) : [];
    }),
  );

/** When the current version of a partition was committed; undefined once its note has been dealt with, a grace later. */
export const committedAtMs = async (items: ItemTable, { tier, dt, version }: Pick<PartitionEntry, 'tier' | 'dt' | 'version'>): Promise<number | undefined> => {
  const sk = (await items.query(PK)).find((item) => item.sk.endsWith(`/${tier}/${dt}/v${version}-replaced`))?.sk;
  return sk === undefined ? undefined : Number(sk.slice(0, sk.indexOf('/'))) - GRACE_MS;
};

/** Goes with the removal of the entry. */
export const expiredWrite = ({ tier, dt, version, manifestKey }: PartitionEntry, nowMs: number): ItemWrite =>
  put(skOf(nowMs + GRACE_MS, `${tier}/${dt}/v${version}-zexpired`), { kind: 'expired', tier, dt, manifestKey });

/** Goes with the removal of hot rows that were merged before; `keys` are few enough for one transaction. */
export const hotWrite = (hour: string, keys: readonly string[], nowMs: number): ItemWrite =>
  put(skOf(nowMs + GRACE_MS, `hot/${hour}/${String(keys[0]).slice(-40)}`), { kind: 'hot', hour, keys });

/** Goes with the removal of the rows of the files. */
export const historyWrite = (keys: readonly string[], nowMs: number): ItemWrite => put(skOf(nowMs + GRACE_MS, String(keys[0])), { kind: 'history', keys });

/** Oldest first, also what has yet to come due. */
export const allGarbage = async (items: ItemTable): Promise<readonly Garbage[]> =>
  (await items.query(PK)).map(({ sk, attributes }) => ({ sk, ...(JSON.parse(String(attributes['garbage'])) as Unnamed) }));

export const isDue = ({ sk }: Pick<Garbage, 'sk'>, nowMs: number): boolean => sk < skOf(nowMs, '~');

export const forgetGarbage = async (items: ItemTable, { sk }: Pick<Garbage, 'sk'>): Promise<void> => {
  await items.transact([{ remove: { pk: PK, sk } }]);
};
