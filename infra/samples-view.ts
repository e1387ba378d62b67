import { samplesView } from '../shared/sql/views.ts';

interface ViewColumn {
  readonly name: string;
  readonly trino: string;
  readonly hive: string;
}

const column = (name: string, trino: string, hive: string): ViewColumn => ({ name, trino, hive });

const columnsOf = (promotedLabels: readonly string[]): readonly ViewColumn[] => [
  ...['metric', 'labels', ...promotedLabels].map((name) => column(name, 'varchar', 'string')),
  column('ts', 'bigint', 'bigint'),
  column('time', 'timestamp(3)', 'timestamp'),
  column('value', 'double', 'double'),
  column('dt', 'varchar', 'string'),
];

/** Athena asks for some SerDe of a view too, and reads nothing of it; an empty one would be left out of the template. */
const PLACEHOLDER = { name: '-', serializationLibrary: '-' };

/**
 * A view as Athena keeps it in Glue: its text and column types as base64 of JSON in a comment ("Presto View"), and the columns in
 * Hive's types beside it. `database` must be no token: it is encoded.
 */
export const samplesViewInput = (database: string, promotedLabels: readonly string[]) => {
  const columns = columnsOf(promotedLabels);
  const definition = {
    originalSql: samplesView('trino', { open: `"${database}"."hot"`, promotedLabels }),
    catalog: 'awsdatacatalog',
    schema: database,
    columns: columns.map(({ name, trino }) => ({ name, type: trino })),
  };
  return {
    name: 'samples',
    tableType: 'VIRTUAL_VIEW',
    parameters: { presto_view: 'true', comment: 'Presto View' },
    viewOriginalText: `/* Presto View: ${Buffer.from(JSON.stringify(definition)).toString('base64')} */`,
    viewExpandedText: '/* Presto View */',
    storageDescriptor: { columns: columns.map(({ name, hive }) => ({ name, type: hive })), serdeInfo: PLACEHOLDER },
  };
};
