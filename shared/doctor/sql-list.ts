import type { HotFile } from '../catalog/hot-files.ts';
import type { ItemTable } from '../catalog/item-table.ts';
import type { Manifest, Tier } from '../catalog/partitions.ts';
import { committedAtMs } from '../compaction/garbage.ts';
import { arrivalMsOf } from '../compaction/plan.ts';
import type { AddressOf } from '../compaction/sql-list.ts';
import { ageText, type Finding, someOf } from './finding.ts';

/** The planner writes a list within a minute of what changes it: up to this, behind is how it always is. */
const NORMAL_MS = 2 * 60_000;
/** A run of the planner takes 15 minutes at most on AWS, mostly seconds: until then it may still be at it. */
const LATE_MS = 15 * 60_000;

/** What the catalog says that the list of a partition should name. */
export interface ExpectedList {
  readonly tier: Tier;
  readonly dt: string;
  readonly manifest: Manifest | undefined;
  readonly unmerged: readonly HotFile[];
}

/**
 * Compares the lines of a list with what the catalog says, where `lines` were read before the catalog: so that a list which is
 * right can only seem behind. Hot rows of a store that catches up after an outage look older than they are.
 */
export const examineList = async (
  catalog: ItemTable,
  { tier, dt, manifest, unmerged }: ExpectedList,
  lines: readonly string[],
  { nowMs, addressOf }: { readonly nowMs: number; readonly addressOf: AddressOf },
): Promise<readonly Finding[]> => {
  const where = `${tier} ${dt}`;
  const listed = new Set(lines);
  const files = (manifest?.files ?? []).map(({ key }) => addressOf(key));
  const missingFiles = files.filter((address) => !listed.has(address));
  const missingHot = unmerged.filter(({ key }) => !listed.has(addressOf(key)));
  const expected = new Set([...files, ...unmerged.map(({ key }) => addressOf(key))]);
  const superfluous = [...listed].filter((address) => !expected.has(address));
  const twice = lines.filter((line, i) => lines.indexOf(line) !== i);
  const findings: Finding[] = [];
  if (twice.length > 0) {
    const advice = 'SQL counts these rows twice: the list was written from outside; remove the list object and the compactor writes it anew when the partition changes';
    findings.push({ severity: 'wrong', kind: 'SQL list names files twice', where, found: `${twice.length}: ${someOf(twice)}`, advice });
  }
  const missing = [...missingFiles, ...missingHot.map(({ key }) => addressOf(key))];
  if (missing.length + superfluous.length === 0) return findings;
  const sinceMs = Math.min(...missingHot.map(({ key }) => arrivalMsOf(key)), missingFiles.length + superfluous.length === 0 ? Infinity : await lastCommitMs(catalog, manifest));
  const behindMs = nowMs - sinceMs;
  if (behindMs <= NORMAL_MS) return findings;
  const found = [
    ...(Number.isFinite(behindMs) ? [`for ${ageText(behindMs)}`] : []),
    ...(missing.length === 0 ? [] : [`${missing.length} not named: ${someOf(missing)}`]),
    ...(superfluous.length === 0 ? [] : [`${superfluous.length} named that the catalog does not know: ${someOf(superfluous)}`]),
  ].join('; ');
  const isWrong = behindMs > LATE_MS;
  const advice = isWrong
    ? 'SQL answers of this partition are old: look at the errors of the compactor, which writes the list within a minute'
    : 'the compactor writes the list within a minute; look at its errors if this stays';
  return [...findings, { severity: isWrong ? 'wrong' : 'notice', kind: 'SQL list behind', where, found, advice }];
};

/** -Infinity, long ago, where the catalog no longer knows. */
const lastCommitMs = async (catalog: ItemTable, manifest: Manifest | undefined): Promise<number> =>
  manifest === undefined ? -Infinity : ((await committedAtMs(catalog, manifest)) ?? -Infinity);
