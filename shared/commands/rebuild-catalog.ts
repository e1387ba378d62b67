import type { PartitionName } from '../rebuild/listed-partitions.ts';
import type { RestoreReport } from '../rebuild/restore-partition.ts';
import { type Api, callApi } from './api.ts';
import type { CheckReport } from './check.ts';
import { counted, progressBar } from './progress.ts';

export interface RebuildCatalogOptions {
  /** Also partitions that the catalog knows. */
  readonly force: boolean;
  readonly json: boolean;
  readonly progress: (text: string) => void;
}

type Outcome = RestoreReport['outcome'];

/** Rebuilds what the catalog says of the partitions from the objects, one after the other. To interrupt it and to run it again is fine. */
export const rebuildCatalog = async (api: Api, { force, json, progress }: RebuildCatalogOptions): Promise<CheckReport> => {
  const names = JSON.parse(await callApi(api, '/api/v1/admin/doctor/rebuild-catalog')) as readonly PartitionName[];
  const outcomes: Record<Outcome, number> = { restored: 0, hot: 0, kept: 0, moved: 0, none: 0 };
  const unread: string[] = [];
  let hotRows = 0;
  for (const [i, { tier, dt }] of names.entries()) {
    const report = JSON.parse(await callApi(api, `/api/v1/admin/doctor/rebuild-catalog/${tier}/${dt}?force=${force}`, { method: 'POST' })) as RestoreReport;
    outcomes[report.outcome]++;
    hotRows += report.hotRows;
    unread.push(...report.unread);
    progress(progressBar(i + 1, names.length, 'partitions', `${outcomes.restored} restored, ${counted(hotRows, 'hot row')}`));
  }
  const ok = unread.length === 0 && outcomes.moved === 0;
  if (json) return { ok, lines: [JSON.stringify({ ok, partitions: names.length, outcomes, hotRows, unread })] };
  return { ok, lines: [`${counted(outcomes.restored, 'partition')} restored, ${counted(hotRows, 'hot row')} written`, ...remarksOf(outcomes, unread)] };
};

const remarksOf = ({ kept, moved }: Readonly<Record<Outcome, number>>, unread: readonly string[]): readonly string[] => [
  ...(kept > 0 ? [`${counted(kept, 'partition')} left: the catalog has an entry; --force adds what it may not know of`] : []),
  ...(moved > 0 ? [`${counted(moved, 'partition')} written by the compactor meanwhile: run it again with --force`] : []),
  ...unread.map((each) => `does not read: ${each}`),
  'the watermark comes back with the next records and heartbeats; the compactor writes the SQL lists within a minute',
];
