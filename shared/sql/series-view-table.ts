import { fromAllClasses } from './class-tables.ts';
import { prestoView, textColumn, type ViewTable } from './presto-view.ts';
import { seriesView } from './series-view.ts';

/** The view `series` in Glue, of all retention classes: of the hours that raw still holds, since it is grouped out of their labels and times. */
export const seriesViewTable = (database: string, promotedLabels: readonly string[], classes: readonly string[] = []): ViewTable => {
  const sql = seriesView('trino', { samples: fromAllClasses(database, 'raw', classes), promotedLabels });
  const times = ['first_ts', 'last_ts'].map((name) => ({ name, trino: 'bigint', hive: 'bigint' }));
  return prestoView(database, 'series', sql, [...['metric', 'labels', ...promotedLabels].map(textColumn), ...times, textColumn('dt')]);
};
