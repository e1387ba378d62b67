import { type Gap, listGaps } from '../catalog/gaps.ts';
import { hoursWithSamples } from '../catalog/hot-files.ts';
import type { ItemTable } from '../catalog/item-table.ts';
import { allPartitions } from '../catalog/partitions.ts';
import { listQuarantineFiles, type QuarantineFile } from '../catalog/quarantine-files.ts';
import { installationWatermark, type ShardWatermark, shardWatermarks } from '../catalog/watermarks.ts';
import { classPrefix } from '../lakes/class-prefix.ts';
import { classRows } from '../lakes/class-rows.ts';
import { inLake, type LakePartition } from '../lakes/lake-partition.ts';
import { prefixedItems } from '../lakes/prefixed-items.ts';
import { ageText, type Finding, someOf } from './finding.ts';

export interface QuarantineReport {
  readonly files: number;
  readonly records: number;
  /** Of these, put back into the stream. */
  readonly redriven: number;
}

/** What the catalog says of the road as a whole, and which partitions there are to examine. */
export interface RoadReport {
  readonly nowMs: number;
  readonly watermarkMs?: number;
  readonly shards: readonly ShardWatermark[];
  readonly quarantine: QuarantineReport;
  readonly gaps: number;
  readonly partitions: readonly LakePartition[];
  readonly findings: readonly Finding[];
}

/** A heartbeat passes each shard every minute at least; five of them late is no hiccup. */
const BEHIND_MS = 5 * 60_000;

export const examineRoad = async (catalog: ItemTable, nowMs: number): Promise<RoadReport> => {
  const [watermarkMs, shards, gaps, quarantined, partitions] = await Promise.all([
    installationWatermark(catalog),
    shardWatermarks(catalog),
    listGaps(catalog),
    listQuarantineFiles(catalog),
    listAll(catalog),
  ]);
  const quarantine = sumOf(quarantined);
  const findings = [...watermarkFindings(shards, watermarkMs, nowMs), ...gaps.map((gap) => gapFinding(gap, quarantined)), ...quarantineFindings(quarantine)];
  return { nowMs, ...(watermarkMs === undefined ? {} : { watermarkMs }), shards, quarantine, gaps: gaps.length, partitions, findings };
};

/** Of the default lake first. */
const listAll = async (catalog: ItemTable): Promise<readonly LakePartition[]> => {
  const partitions = [...(await listLake(catalog))];
  for (const { name } of await classRows(catalog)) partitions.push(...inLake(await listLake(prefixedItems(catalog, classPrefix(name))), name));
  return partitions;
};

const listLake = async (catalog: ItemTable): Promise<readonly LakePartition[]> => {
  const hours = await hoursWithSamples(catalog, -Infinity, Infinity);
  const tiers = await Promise.all(
    (['raw', '1m', '1h'] as const).map(async (tier) => {
      const dts = (await allPartitions(catalog, tier)).map(({ dt }) => dt);
      return [...new Set([...dts, ...(tier === 'raw' ? hours : [])])].sort().map((dt) => ({ tier, dt }));
    }),
  );
  return tiers.flat();
};

const sumOf = (files: readonly QuarantineFile[]): QuarantineReport => ({
  files: files.length,
  records: files.reduce((sum, { records }) => sum + records, 0),
  redriven: files.reduce((sum, { redriven }) => sum + redriven, 0),
});

const watermarkFindings = (shards: readonly ShardWatermark[], watermarkMs: number | undefined, nowMs: number): readonly Finding[] => {
  if (watermarkMs === undefined) {
    const advice = 'evaluate lists the shards with its first tick: if this stays for more than a minute, look at its errors';
    return [{ severity: 'wrong', kind: 'watermark unknown', where: 'stream', found: 'the shards have not been listed yet, so no rule is evaluated and no hour closes', advice }];
  }
  const behind = shards.filter((shard) => nowMs - shard.watermarkMs > BEHIND_MS);
  if (behind.length === 0) return [];
  const found = someOf(behind.map((shard) => `${shard.shardId} ${shard.watermarkMs > 0 ? `is ${ageText(nowMs - shard.watermarkMs)} behind` : 'has delivered nothing yet'}`));
  const advice = 'rules wait for this: look at the errors of the store step, at whether evaluate sends its heartbeats, and at the room on the disk';
  return [{ severity: 'wrong', kind: 'watermark behind', where: 'stream', found: `${found}, ${ageText(BEHIND_MS)} are normal at most`, advice }];
};

const gapFinding = ({ shardId, sequence, arrivalMs, reason, key }: Gap, files: readonly QuarantineFile[]): Finding => {
  const file = files.find((each) => each.key === key);
  const isRedriven = file !== undefined && file.redriven === file.records;
  const about = { kind: 'gap', where: `${shardId} ${sequence}`, found: `a record that arrived at ${new Date(arrivalMs).toISOString()} is not stored: ${reason}` };
  return isRedriven
    ? { severity: 'notice', ...about, advice: 'it was put back into the stream since; another gap says so if it failed again' }
    : { severity: 'wrong', ...about, advice: `run "tidemark redrive" to try once more; its bytes are in ${key}` };
};

const quarantineFindings = ({ files, records, redriven }: QuarantineReport): readonly Finding[] => {
  const waiting = records - redriven;
  if (waiting <= 0) return [];
  const found = `${waiting} ${waiting === 1 ? 'record' : 'records'} in ${files} ${files === 1 ? 'object' : 'objects'}`;
  return [{ severity: 'notice', kind: 'quarantine', where: 'quarantine', found, advice: 'run "tidemark redrive --dry-run" to see by sender why, and what the store would take now' }];
};
