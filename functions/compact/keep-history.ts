import { type HistoryPorts, type HistoryReport, type HistoryRun, writeHistory } from '../../shared/history/write-history.ts';
import { HISTORY_KINDS } from '../../shared/sql/history-tables.ts';
import { attempt } from './attempt.ts';

/** Every kind of history, each by itself: one that fails stops no other. */
export const keepHistory = async (ports: HistoryPorts, run: HistoryRun, errors: unknown[]): Promise<HistoryReport> => {
  const report = { rows: 0, files: 0 };
  for (const kind of HISTORY_KINDS) {
    const written = await attempt(errors, `write history of ${kind}`, () => writeHistory(ports, kind, run));
    report.rows += written?.rows ?? 0;
    report.files += written?.files ?? 0;
  }
  return report;
};
