import type { ColumnSpec } from '../parquet/schema.ts';

/** What becomes a table of history. */
export type HistoryKind = 'alert_events' | 'notifications';

export const HISTORY_KINDS: readonly HistoryKind[] = ['alert_events', 'notifications'];

/** History is kept as long as the coarsest tier by default. */
export const HISTORY_DAYS = 365;

/** The partition of the alerts table that tells which hours are closed: all that the compactor writes there. */
export const HISTORY_FENCES = 'history-closed';

/** Below it lie the folders `dt=YYYY-MM-DD`, the day of the rows. */
export const historyPrefix = (kind: HistoryKind): string => `history/${kind}/`;

const text = (name: string): ColumnSpec => ({ name, type: 'text', isOptional: false, encoding: 'runs' });
const time = (name: string): ColumnSpec => ({ name, type: 'timestamp', isOptional: false, encoding: 'delta' });

/** A file's rows ascend by it. */
export const HISTORY_SORTED_BY: readonly string[] = ['ts'];

/**
 * The columns of each kind of history. `ts` is a row's own time: of an event its evaluation time, of a notification that of its
 * flush. What whoever shelves a row calls its attributes are these names.
 */
export const HISTORY_TABLES: Readonly<Record<HistoryKind, readonly ColumnSpec[]>> = {
  alert_events: [
    time('ts'),
    text('rule_id'),
    text('rule_group'),
    text('alertname'),
    text('labels'),
    text('severity'),
    text('from_state'),
    text('to_state'),
    { name: 'value', type: 'double', isOptional: false, encoding: 'plain' },
    time('active_ts'),
    text('summary'),
  ],
  notifications: [
    time('ts'),
    ...['id', 'receiver', 'integration', 'channel', 'severity', 'status', 'subject', 'group_key'].map(text),
    { name: 'attempts', type: 'integer', isOptional: false, encoding: 'delta' },
    time('first_attempt_ts'),
    time('last_attempt_ts'),
    text('last_answer'),
    text('state'),
  ],
};
