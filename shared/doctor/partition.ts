import { type HotFile, hotFilesOf } from '../catalog/hot-files.ts';
import type { ItemTable } from '../catalog/item-table.ts';
import { entryOf, type Manifest, type PartitionEntry, readEntry, readManifest, type Tier } from '../catalog/partitions.ts';
import { arrivalMsOf, unmergedOf } from '../compaction/plan.ts';
import { type AddressOf, readList } from '../compaction/sql-list.ts';
import { PermanentError } from '../errors.ts';
import { MissingObjectError } from '../storage/object-store.ts';
import { type Finding, someOf } from './finding.ts';
import type { Retention } from '../tiers/retention.ts';
import { type Objects, objectStates } from './object-state.ts';
import { examineSources } from './rollup-sources.ts';
import { examineList } from './sql-list.ts';

export interface DoctorPorts {
  readonly objects: Objects;
  readonly catalog: ItemTable;
  /** As SQL names objects. */
  readonly addressOf: AddressOf;
  readonly retention: Retention;
}

/** What is in one partition, and what is wrong with it. */
export interface PartitionReport {
  readonly hotFiles: number;
  readonly hotBytes: number;
  readonly files: number;
  readonly bytes: number;
  readonly rows: number;
  /** Arrival of the oldest hot file that no compacted file holds. */
  readonly oldestUnmergedMs?: number;
  readonly findings: readonly Finding[];
}

/** Steps of the product go on meanwhile: what looks wrong is looked at again when it has moved. */
const LOOKS = 3;

const RESTORE = 'bring it back under this key from a copy of the data folder or of the bucket';

/** Compares the catalog's rows of a partition, its manifest, the objects they name, its SQL list and what it was made from. */
export const examinePartition = async (ports: DoctorPorts, tier: Tier, dt: string, nowMs: number): Promise<PartitionReport> => {
  for (let look = 1; ; look++) {
    const seen = await lookAt(ports, tier, dt, nowMs);
    if (seen.findings.length === 0 || look === LOOKS || !(await hasMoved(ports, tier, dt, seen))) return reportOf(seen);
  }
};

interface Seen {
  readonly hotFiles: readonly HotFile[];
  readonly entry: PartitionEntry | undefined;
  readonly manifest: Manifest | undefined;
  readonly findings: readonly Finding[];
}

const lookAt = async ({ objects, catalog, addressOf, retention }: DoctorPorts, tier: Tier, dt: string, nowMs: number): Promise<Seen> => {
  const lines = await readList(objects, tier, dt);
  // In the readers' order: a row that is merged meanwhile is then found in the manifest.
  const hotFiles = tier === 'raw' ? await hotFilesOf(catalog, dt) : [];
  const entry = await readEntry(catalog, tier, dt);
  const where = `${tier} ${dt}`;
  const { manifest, findings } = entry === undefined ? { manifest: undefined, findings: [] } : await examineManifest(objects, entry, where);
  const hot = await examineHot(objects, hotFiles, new Set(manifest?.hotKeys), where);
  const files = await examineFiles(objects, manifest, where);
  const sources = entry === undefined ? [] : await examineSources(catalog, entry, retention, nowMs);
  // Without its manifest nobody can tell what the list should name.
  const isKnown = entry === undefined || manifest !== undefined;
  const unmerged = unmergedOf({ hotFiles, mergedKeys: new Set(manifest?.hotKeys) });
  const list = isKnown ? await examineList(catalog, { tier, dt, manifest, unmerged }, lines, { nowMs, addressOf }) : [];
  return { hotFiles, entry, manifest, findings: [...hot, ...findings, ...files, ...sources, ...list] };
};

const examineHot = async (objects: Objects, hotFiles: readonly HotFile[], mergedKeys: ReadonlySet<string>, where: string): Promise<readonly Finding[]> => {
  const merged = hotFiles.filter(({ key }) => mergedKeys.has(key)).map(({ key }) => key);
  // What is merged is in a compacted file: its object may well be gone.
  const { missing, otherLength } = await objectStates(objects, unmergedOf({ hotFiles, mergedKeys }));
  return [
    ...finding('wrong', 'hot object missing', where, missing, `${RESTORE}; until then queries over this hour fail and it is not compacted`),
    ...finding('wrong', 'hot object of another length', where, otherLength, `it was cut or overwritten from outside: ${RESTORE}`),
    ...finding('notice', 'hot row already merged', where, merged, 'nothing is counted twice; the compactor removes the row within minutes, look at its errors if it stays'),
  ];
};

const finding = (severity: Finding['severity'], kind: string, where: string, keys: readonly string[], advice: string): readonly Finding[] =>
  keys.length === 0 ? [] : [{ severity, kind, where, found: `${keys.length}: ${someOf(keys)}`, advice }];

const examineManifest = async (objects: Objects, entry: PartitionEntry, where: string): Promise<{ readonly manifest: Manifest | undefined; readonly findings: readonly Finding[] }> => {
  const wrong = (kind: string, found: string, advice: string): readonly Finding[] => [{ severity: 'wrong', kind, where, found, advice }];
  try {
    const manifest = await readManifest(objects, entry.manifestKey);
    const differing = differencesOf(entry, manifest);
    const advice = 'the manifest is what readers go by; if the entry was written from outside, restore the catalog, otherwise report this as a bug';
    return { manifest, findings: differing.length === 0 ? [] : wrong('entry disagrees with its manifest', differing.join(', '), advice) };
  } catch (error) {
    if (error instanceof MissingObjectError) return { manifest: undefined, findings: wrong('manifest missing', entry.manifestKey, `${RESTORE}; until then queries over this partition fail`) };
    if (error instanceof PermanentError) return { manifest: undefined, findings: wrong('manifest does not read', error.message, `it was overwritten from outside: ${RESTORE}`) };
    throw error;
  }
};

const COMPARED = ['tier', 'dt', 'version', 'files', 'rows', 'bytes', 'minTMs', 'maxTMs', 'mergedHotCount'] as const;

const differencesOf = (entry: PartitionEntry, manifest: Manifest): readonly string[] => {
  const { isClosed, lateMerges } = entry;
  const expected = entryOf(manifest, { isClosed, lateMerges });
  return COMPARED.filter((name) => entry[name] !== expected[name]).map((name) => `${name} is ${entry[name]} in the entry and ${expected[name]} in the manifest`);
};

const examineFiles = async (objects: Objects, manifest: Manifest | undefined, where: string): Promise<readonly Finding[]> => {
  const { missing, otherLength } = await objectStates(objects, (manifest?.files ?? []).flatMap((file) => [file, file.seriesIndex]));
  return [
    ...finding('wrong', 'compacted file missing', where, missing, `${RESTORE}; until then queries over this partition fail and it is not compacted further`),
    ...finding('wrong', 'compacted file of another length', where, otherLength, `it was cut or overwritten from outside: ${RESTORE}`),
  ];
};

/** Whether the version that was looked at is no longer the current one, or a row that was looked at is gone. */
const hasMoved = async ({ catalog }: DoctorPorts, tier: Tier, dt: string, { hotFiles, entry }: Seen): Promise<boolean> => {
  if ((await readEntry(catalog, tier, dt))?.manifestKey !== entry?.manifestKey) return true;
  const now = new Set(tier === 'raw' ? (await hotFilesOf(catalog, dt)).map(({ key }) => key) : []);
  return hotFiles.some(({ key }) => !now.has(key));
};

const reportOf = ({ hotFiles, entry, manifest, findings }: Seen): PartitionReport => {
  // Without its manifest nobody can tell what an entry has merged.
  const isKnown = entry === undefined || manifest !== undefined;
  const [oldest] = isKnown ? unmergedOf({ hotFiles, mergedKeys: new Set(manifest?.hotKeys) }) : [];
  return {
    hotFiles: hotFiles.length,
    hotBytes: hotFiles.reduce((sum, { bytes }) => sum + bytes, 0),
    files: entry?.files ?? 0,
    bytes: entry?.bytes ?? 0,
    rows: entry?.rows ?? 0,
    ...(oldest === undefined ? {} : { oldestUnmergedMs: arrivalMsOf(oldest.key) }),
    findings,
  };
};
