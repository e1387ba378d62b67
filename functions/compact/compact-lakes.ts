import type { ItemTable } from '../../shared/catalog/item-table.ts';
import type { CompactPorts } from '../../shared/compaction/commit-attempt.ts';
import type { SamplesView } from '../../shared/compaction/open-hours.ts';
import { messageOf } from '../../shared/errors.ts';
import type { HistoryReport } from '../../shared/history/write-history.ts';
import { classPrefix } from '../../shared/lakes/class-prefix.ts';
import { type ClassRow, currentClasses } from '../../shared/lakes/class-rows.ts';
import { classPorts } from '../../shared/lakes/lakes.ts';
import { compactMinute, type MinuteOptions, type MinuteReport } from './compact.ts';
import { keepHistory } from './keep-history.ts';

export interface LakesOptions extends MinuteOptions {
  /** Where history waits to become files; without it none is written. */
  readonly alerts?: ItemTable;
  /** Those of the settings. A class that is there no longer is kept by the retention that it had. */
  readonly classes?: readonly ClassRow[];
  /** The view of a class by its name, where SQL goes by views. */
  readonly viewOf?: (name: string) => SamplesView | undefined;
}

export interface LakesReport extends MinuteReport {
  /** Of this minute: an hour's rows come at once. */
  readonly history: HistoryReport;
}

/** One minute of every lake, that of the default class first, then of history. What fails in one stops no other; then the call rejects when all is done. */
export const compactLakes = async (ports: CompactPorts, { classes = [], view, viewOf, alerts, ...options }: LakesOptions): Promise<LakesReport> => {
  const reports: MinuteReport[] = [];
  const errors: unknown[] = [];
  const run = async (compact: () => Promise<MinuteReport>): Promise<void> => {
    try {
      reports.push(await compact());
    } catch (error) {
      errors.push(error);
    }
  };
  await run(() => compactMinute(ports, { ...options, ...(view === undefined ? {} : { view }) }));
  for (const { name, retention } of await currentClasses(ports.catalog, classes)) {
    const ofClass = viewOf?.(name);
    const addressOf = (key: string): string => options.addressOf(classPrefix(name) + key);
    await run(() => compactMinute(classPorts(ports, name), { ...options, retention, addressOf, ...(ofClass === undefined ? {} : { view: ofClass }) }));
  }
  const { nowMs, hasTime = () => true } = options;
  const history = alerts === undefined ? NO_HISTORY : await keepHistory({ ...ports, alerts }, { nowMs, hasTime }, errors);
  if (errors.length === 1) throw errors[0];
  if (errors.length > 0) throw new AggregateError(errors, errors.map(messageOf).join('; '));
  return { ...sumOf(reports), history };
};

const NO_HISTORY: HistoryReport = { rows: 0, files: 0 };

const sumOf = (reports: readonly MinuteReport[]): MinuteReport => {
  const sum = (numberOf: (report: MinuteReport) => number): number => reports.reduce((total, report) => total + numberOf(report), 0);
  return {
    outcomes: reports.flatMap(({ outcomes }) => outcomes),
    expired: sum(({ expired }) => expired),
    lists: sum(({ lists }) => lists),
    garbage: { removed: sum(({ garbage }) => garbage.removed), held: sum(({ garbage }) => garbage.held) },
    oldestHotAgeMs: reports.reduce((oldest, { oldestHotAgeMs }) => Math.max(oldest, oldestHotAgeMs), 0),
    left: sum(({ left }) => left),
  };
};
