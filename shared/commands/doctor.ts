import { ageText, type Finding, inClass } from '../doctor/finding.ts';
import type { PartitionReport } from '../doctor/partition.ts';
import type { QuarantinePage } from '../doctor/quarantine.ts';
import type { RoadReport } from '../doctor/road.ts';
import { lateDelayMs } from '../compaction/plan.ts';
import { HOUR_MS } from '../model/hour.ts';
import { type Api, callApi } from './api.ts';
import type { CheckReport } from './check.ts';
import { partitionPath } from './partition-path.ts';
import { counted, progressBar } from './progress.ts';
import { toTable } from './table.ts';

export interface DoctorOptions {
  readonly json: boolean;
  /** Told behind each partition. */
  readonly progress: (text: string) => void;
}

/** The planner merges late samples after 6 hours at the latest, and an hour closes at most two after a sample of it arrived. */
const UNMERGED_MS = lateDelayMs(Infinity) + 2 * HOUR_MS;

/** Compares catalog, manifests, objects and SQL lists of an installation; not ok when something is wrong. */
export const doctor = async (api: Api, { json, progress }: DoctorOptions): Promise<CheckReport> => {
  const road = JSON.parse(await callApi(api, '/api/v1/admin/doctor')) as RoadReport;
  const sums: Sums = { hotFiles: 0, hotBytes: 0, files: 0, bytes: 0, rows: 0, partitions: road.partitions.length };
  const findings = [...road.findings, ...(await examineAllQuarantine(api, road.quarantine.files, progress))];
  const oldest = new Map<string | undefined, number>();
  for (const [i, partition] of road.partitions.entries()) {
    const report = JSON.parse(await callApi(api, `/api/v1/admin/doctor${partitionPath(partition)}`)) as PartitionReport;
    for (const name of ['hotFiles', 'hotBytes', 'files', 'bytes', 'rows'] as const) sums[name] += report[name];
    if (report.oldestUnmergedMs !== undefined) oldest.set(partition.class, Math.min(report.oldestUnmergedMs, oldest.get(partition.class) ?? Infinity));
    findings.push(...inClass(report.findings, partition.class));
    progress(progressBar(i + 1, road.partitions.length, 'partitions', counted(findings.length, 'finding')));
  }
  for (const [ofClass, oldestMs] of oldest) findings.push(...inClass(unmergedFindings(road.nowMs, oldestMs), ofClass));
  const oldestMs = oldest.size === 0 ? undefined : Math.min(...oldest.values());
  const ok = findings.every(({ severity }) => severity !== 'wrong');
  // Of the partitions the number alone: it is in the sums.
  if (json) return { ok, lines: [JSON.stringify({ ok, ...road, ...sums, ...(oldestMs === undefined ? {} : { oldestUnmergedMs: oldestMs }), findings })] };
  return { ok, lines: [factTable(road, sums, oldestMs), '', shardTable(road), '', ...findings.sort(byWeight).flatMap(linesOf), verdictOf(findings)] };
};

const examineAllQuarantine = async (api: Api, total: number, progress: DoctorOptions['progress']): Promise<readonly Finding[]> => {
  const findings: Finding[] = [];
  let files = 0;
  for (let after: string | undefined = ''; after !== undefined; ) {
    const query = after === '' ? '' : `?after=${encodeURIComponent(after)}`;
    const page = JSON.parse(await callApi(api, `/api/v1/admin/doctor/quarantine${query}`)) as QuarantinePage;
    findings.push(...page.findings);
    files += page.files;
    if (files > 0) progress(progressBar(files, total, 'quarantine objects', counted(findings.length, 'finding')));
    after = page.next;
  }
  return findings;
};

type Sums = Record<'hotFiles' | 'hotBytes' | 'files' | 'bytes' | 'rows' | 'partitions', number>;

const unmergedFindings = (nowMs: number, oldestMs: number): readonly Finding[] => {
  if (nowMs - oldestMs <= UNMERGED_MS) return [];
  const found = `the oldest arrived ${ageText(nowMs - oldestMs)} ago, ${ageText(UNMERGED_MS)} are normal at most`;
  const advice = 'the compactor does not get on: look at its errors, and at what is wrong with this hour above';
  return [{ severity: 'wrong', kind: 'hot files not merged', where: 'raw', found, advice }];
};

const factTable = ({ nowMs, watermarkMs, gaps, quarantine }: RoadReport, sums: Sums, oldestMs: number | undefined): string =>
  toTable(
    ['what', 'found'],
    [
      ['watermark', watermarkMs === undefined ? 'unknown' : `${ageText(nowMs - watermarkMs)} ago`],
      ['partitions', String(sums.partitions)],
      ['compacted files', `${sums.files}, ${sums.rows} rows, ${sums.bytes} bytes`],
      ['hot files', `${sums.hotFiles}, ${sums.hotBytes} bytes`],
      ['oldest unmerged hot file', oldestMs === undefined ? 'none' : `arrived ${ageText(nowMs - oldestMs)} ago`],
      ['gaps', String(gaps)],
      ['records in quarantine', `${quarantine.records}, ${quarantine.redriven} of them redriven`],
    ],
  );

const shardTable = ({ nowMs, shards }: RoadReport): string =>
  toTable(
    ['shard', 'stored up to', 'ago', 'has delivered'],
    shards.map(({ shardId, watermarkMs, delivered }) => [
      shardId,
      watermarkMs > 0 ? new Date(watermarkMs).toISOString() : 'nothing',
      watermarkMs > 0 ? ageText(nowMs - watermarkMs) : '',
      delivered ? 'yes' : 'no',
    ]),
  );

const byWeight = (a: Finding, b: Finding): number => Number(b.severity === 'wrong') - Number(a.severity === 'wrong');

const linesOf = ({ severity, kind, where, found, advice }: Finding): readonly string[] => [`${severity}: ${kind} (${where}): ${found}`, `  ${advice}`];

const verdictOf = (findings: readonly Finding[]): string => {
  const wrong = findings.filter(({ severity }) => severity === 'wrong').length;
  return wrong === 0 ? 'nothing is wrong' : `${wrong} ${wrong === 1 ? 'thing is' : 'things are'} wrong`;
};
