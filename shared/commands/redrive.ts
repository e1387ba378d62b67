import { type Api, callApi } from './api.ts';
import { addCount, type RedriveCount, type RedriveFate, type RedrivePage } from './redrive-page.ts';
import { counted } from './progress.ts';
import { toTable } from './table.ts';

export interface RedriveOptions {
  readonly dryRun: boolean;
  readonly json: boolean;
  /** Told behind each step. */
  readonly progress: (text: string) => void;
}

/** What a step of a run answers: the page, and when the run began. */
export interface RedriveStep extends RedrivePage {
  readonly untilMs: number;
}

/** A step through the batches that Lambda gave up; on one machine there are none. */
export interface FailedBatchPage {
  readonly batches: number;
  readonly records: number;
  /** Objects that are no such batches. */
  readonly unread: readonly string[];
  /** Where the next page begins; absent behind the last. */
  readonly next?: string;
}

type FailedBatches = Omit<FailedBatchPage, 'next'>;

/** More rows than this say no more to a person; with --json all are there. */
const TABLE_ROWS = 100;

/** Puts quarantined records, and those of batches that Lambda gave up, back into the stream, step by step, and gives what to print. To interrupt it and to run it again is fine. */
export const redrive = async (api: Api, { dryRun, json, progress }: RedriveOptions): Promise<string> => {
  const failed = await takeFailed(api, dryRun, progress);
  const records: Record<RedriveFate, number> = { sent: 0, refused: 0, before: 0, returned: 0, lost: 0 };
  const counts = new Map<string, RedriveCount>();
  const form = new URLSearchParams({ dryRun: String(dryRun) });
  let files = 0;
  for (let isMore = true; isMore; ) {
    const step = JSON.parse(await callApi(api, `/api/v1/admin/redrive?${form.toString()}`, { method: 'POST' })) as RedriveStep;
    files += step.files;
    for (const fate of Object.keys(records) as RedriveFate[]) records[fate] += step.records[fate];
    for (const count of step.counts) addCount(counts, count);
    progress(`${files} quarantine objects, ${records.sent} records ${dryRun ? 'would be sent' : 'sent'}`);
    isMore = step.next !== undefined;
    form.set('untilMs', String(step.untilMs));
    form.set('after', step.next ?? '');
  }
  const rows = [...counts.values()].sort((a, b) => b.records - a.records);
  if (json) return JSON.stringify({ dryRun, files, records, counts: rows, failed });
  const quarantined = files === 0 ? ['nothing is in quarantine'] : [table(rows, dryRun), '', ...summary(records, dryRun)];
  return [...failedLines(failed, dryRun), ...quarantined].join('\n');
};

const takeFailed = async (api: Api, dryRun: boolean, progress: RedriveOptions['progress']): Promise<FailedBatches> => {
  let [batches, records] = [0, 0];
  const unread: string[] = [];
  const form = new URLSearchParams({ dryRun: String(dryRun) });
  for (let isMore = true; isMore; ) {
    const page = JSON.parse(await callApi(api, `/api/v1/admin/redrive/failed-batches?${form.toString()}`, { method: 'POST' })) as FailedBatchPage;
    batches += page.batches;
    records += page.records;
    unread.push(...page.unread);
    if (batches > 0) progress(`${counted(records, 'record')} of batches that Lambda gave up`);
    isMore = page.next !== undefined;
    form.set('after', page.next ?? '');
  }
  return { batches, records, unread };
};

/** After a dry run their records are not among those in quarantine. */
const failedLines = ({ batches, records, unread }: FailedBatches, dryRun: boolean): readonly string[] => [
  ...(batches > 0 ? [`${counted(records, 'record')} of ${batches} ${batches === 1 ? 'batch' : 'batches'} that Lambda gave up ${dryRun ? 'would be taken' : 'taken'} into quarantine, and from there to the stream`, ''] : []),
  ...(unread.length > 0 ? [`${counted(unread.length, 'object')} where Lambda leaves its batches that are none: ${unread.slice(0, 3).join(', ')}`, ''] : []),
];

const WORDS: Readonly<Record<RedriveFate, string>> = {
  sent: 'sent',
  refused: 'would be refused again',
  before: 'sent before',
  returned: 'sent before, given up again',
  lost: 'lost',
};
const wordsOf = (fate: RedriveFate, dryRun: boolean): string => (fate === 'sent' && dryRun ? 'would be sent' : WORDS[fate]);

const table = (rows: readonly RedriveCount[], dryRun: boolean): string => {
  const shown = rows.slice(0, TABLE_ROWS).map(({ sender, reason, fate, records, samples }) => [sender === '' ? '(unknown)' : sender, reason, String(records), String(samples), wordsOf(fate, dryRun)]);
  const more = rows.length > TABLE_ROWS ? [`and ${rows.length - TABLE_ROWS} further rows, see them with --json`] : [];
  return [toTable(['sender', 'reason', 'records', 'samples', 'what becomes of them'], shown), ...more].join('\n');
};

const summary = (records: Readonly<Record<RedriveFate, number>>, dryRun: boolean): readonly string[] => [
  `${counted(records.sent, 'record')} ${dryRun ? 'would be sent' : 'sent'}`,
  ...(records.before > 0 ? [`${counted(records.before, 'record')} sent before, not again`] : []),
  ...(records.refused > 0 ? [`${counted(records.refused, 'record')} left in quarantine: the store would refuse the same samples for the same reason`] : []),
  ...(records.returned > 0 ? [`${counted(records.returned, 'record')} left in quarantine: the store gave up again after an earlier redrive`] : []),
  ...(records.lost > 0 ? [`${counted(records.lost, 'record')} lost: the quarantine object is gone`] : []),
];
