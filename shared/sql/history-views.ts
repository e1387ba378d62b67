import type { ColumnSpec } from '../parquet/schema.ts';
import { DIALECTS, quoted, type SqlDialect } from './dialect.ts';
import { HISTORY_TABLES, type HistoryKind } from './history-tables.ts';
import { prestoView, type ViewColumn, type ViewTable } from './presto-view.ts';

/** The table in Glue over the files of a kind; the view has the kind's own name. */
export const historyTableOf = (kind: HistoryKind): string => `${kind}_files`;

/**
 * The SELECT of the views `alert_events` and `notifications`: ts (ms), time, the other columns of the kind with times in ms, dt
 * (`YYYY-MM-DD`). `from` is what stands after FROM, with the columns of our files, and `dt`; undefined where there is no file yet.
 *
 * `alert_events`: rule_id, rule_group, alertname, labels, severity, from_state, to_state, value, active_ts, summary. One row per
 * transition of an alert; states are inactive, pending and firing, `ts` is the evaluation time.
 *
 * `notifications`: id, receiver, integration, channel, severity, status, subject, group_key, attempts, first_attempt_ts,
 * last_attempt_ts, last_answer, state. One row for each end of a delivery: sent, failed or superseded; `ts` is the time of the flush.
 * A notification that was delivered again by hand has another row under the same id.
 */
export const historyView = (dialect: SqlDialect, kind: HistoryKind, from: string | undefined): string => {
  if (from === undefined) return `SELECT ${columnsOf(kind).map(({ name, trino }) => `CAST(NULL AS ${name === 'time' ? 'TIMESTAMP' : trino}) AS ${quoted(name)}`).join(', ')} WHERE false`;
  const { ms, time } = DIALECTS[dialect];
  const [, ...rest] = HISTORY_TABLES[kind];
  const columns = rest.map(({ name, type }) => (type === 'timestamp' ? `${ms(name)} AS ${name}` : quoted(name)));
  return `SELECT ${[`${ms('ts')} AS ts`, `${time} AS "time"`, ...columns, 'dt'].join(', ')}\nFROM ${from}`;
};

/** The view in Glue. */
export const historyViewTable = (database: string, kind: HistoryKind): ViewTable =>
  prestoView(database, kind, historyView('trino', kind, `${quoted(database)}.${quoted(historyTableOf(kind))}`), columnsOf(kind));

const TYPES: Readonly<Record<ColumnSpec['type'], Omit<ViewColumn, 'name'>>> = {
  text: { trino: 'varchar', hive: 'string' },
  timestamp: { trino: 'bigint', hive: 'bigint' },
  integer: { trino: 'bigint', hive: 'bigint' },
  double: { trino: 'double', hive: 'double' },
  blob: { trino: 'varbinary', hive: 'binary' },
};

const columnsOf = (kind: HistoryKind): readonly ViewColumn[] => {
  const [ts, ...rest] = HISTORY_TABLES[kind].map(({ name, type }): ViewColumn => ({ name, ...TYPES[type] }));
  return [ts as ViewColumn, { name: 'time', trino: 'timestamp(3)', hive: 'timestamp' }, ...rest, { name: 'dt', ...TYPES.text }];
};
