import { fromAllClasses } from './class-tables.ts';
import { prestoView, textColumn, type ViewColumn, type ViewTable } from './presto-view.ts';
import { TIER_VIEW_COLUMNS, tierView } from './tier-views.ts';

type SqlType = (typeof TIER_VIEW_COLUMNS)[number][1];

const TYPES: Readonly<Record<SqlType, Omit<ViewColumn, 'name'>>> = {
  BIGINT: { trino: 'bigint', hive: 'bigint' },
  DOUBLE: { trino: 'double', hive: 'double' },
  TIMESTAMP: { trino: 'timestamp(3)', hive: 'timestamp' },
};

const column = (name: string, type: SqlType): ViewColumn => ({ name, ...TYPES[type] });

/**
 * The view `samples_1m` or `samples_1h` in Glue, of all retention classes. A partition of a tier holds a bucket once, so there is
 * nothing to be grouped.
 */
export const tierViewTable = (database: string, promotedLabels: readonly string[], tier: '1m' | '1h', classes: readonly string[] = []): ViewTable => {
  const sql = tierView('trino', { from: fromAllClasses(database, tier, classes), promotedLabels });
  const values = TIER_VIEW_COLUMNS.map(([name, type]) => column(name, type));
  const texts = ['metric', 'labels', ...promotedLabels].map(textColumn);
  return prestoView(database, `samples_${tier}`, sql, [...texts, ...values, column('increase', 'DOUBLE'), textColumn('dt')]);
};
