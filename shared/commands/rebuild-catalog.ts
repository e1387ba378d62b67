import type { RelistReport } from '../history/relist-history.ts';
import type { LakePartition } from '../lakes/lake-partition.ts';
import type { RestoreReport } from '../rebuild/restore-partition.ts';
import { type Api, callApi } from './api.ts';
import type { CheckReport } from './check.ts';
import { partitionPath } from './partition-path.ts';
import { counted, progressBar } from './progress.ts';

export interface RebuildCatalogOptions {
  /** Also partitions that the catalog knows. */
  readonly force: boolean;
  readonly json: boolean;
  readonly progress: (text: string) => void;
}

/** What a rebuild of the catalog goes through. */
export interface RebuildCatalogPlan {
  readonly partitions: readonly LakePartition[];
  /** Retention classes that lie in the bucket and stand in neither settings nor catalog: nobody can tell how long they are kept. */
  readonly unknownClasses: readonly string[];
}

type Outcome = RestoreReport['outcome'];

/** Rebuilds what the catalog says of the partitions from the objects, one after the other, then of the files of history. To interrupt it and to run it again is fine. */
export const rebuildCatalog = async (api: Api, { force, json, progress }: RebuildCatalogOptions): Promise<CheckReport> => {
  const { partitions, unknownClasses } = JSON.parse(await callApi(api, '/api/v1/admin/doctor/rebuild-catalog')) as RebuildCatalogPlan;
  const outcomes: Record<Outcome, number> = { restored: 0, hot: 0, kept: 0, moved: 0, none: 0 };
  const unread: string[] = [];
  let hotRows = 0;
  for (const [i, partition] of partitions.entries()) {
    const report = JSON.parse(await callApi(api, `/api/v1/admin/doctor/rebuild-catalog${partitionPath(partition, { force: String(force) })}`, { method: 'POST' })) as RestoreReport;
    outcomes[report.outcome]++;
    hotRows += report.hotRows;
    unread.push(...report.unread);
    progress(progressBar(i + 1, partitions.length, 'partitions', `${outcomes.restored} restored, ${counted(hotRows, 'hot row')}`));
  }
  const history = JSON.parse(await callApi(api, '/api/v1/admin/doctor/rebuild-catalog/history', { method: 'POST' })) as RelistReport;
  const ok = unread.length === 0 && outcomes.moved === 0 && unknownClasses.length === 0;
  if (json) return { ok, lines: [JSON.stringify({ ok, partitions: partitions.length, outcomes, hotRows, history, unread, unknownClasses })] };
  return { ok, lines: [`${counted(outcomes.restored, 'partition')} restored, ${counted(hotRows, 'hot row')} written, ${counted(history.listed, 'file')} of history listed`, ...unknownClasses.map(unknownText), ...remarksOf(outcomes, unread)] };
};

const unknownText = (name: string): string =>
  `retention class ${name} is left out: its objects do not tell how long it is kept; name it in the settings, with "match": [] where nothing new should come into it, and run it again`;

const remarksOf = ({ kept, moved }: Readonly<Record<Outcome, number>>, unread: readonly string[]): readonly string[] => [
  ...(kept > 0 ? [`${counted(kept, 'partition')} left: the catalog has an entry; --force adds what it may not know of`] : []),
  ...(moved > 0 ? [`${counted(moved, 'partition')} written by the compactor meanwhile: run it again with --force`] : []),
  ...unread.map((each) => `does not read: ${each}`),
  'the watermark comes back with the next records and heartbeats; the compactor writes the SQL lists within a minute',
];
