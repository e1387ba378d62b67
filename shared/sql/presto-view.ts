/** A column in the words of Trino, and of Hive, whose types Glue keeps. */
export interface ViewColumn {
  readonly name: string;
  readonly trino: string;
  readonly hive: string;
}

/** A Glue table that is a view, as `TableInput` of the Glue API takes it, but for the capitals of the names. */
export interface ViewTable {
  readonly name: string;
  readonly tableType: 'VIRTUAL_VIEW';
  readonly parameters: Readonly<Record<string, string>>;
  readonly viewOriginalText: string;
  readonly viewExpandedText: string;
  readonly storageDescriptor: {
    readonly columns: readonly { readonly name: string; readonly type: string }[];
    readonly serdeInfo: { readonly name: string; readonly serializationLibrary: string };
  };
}

/** Athena asks for some SerDe of a view too, and reads nothing of it; CloudFormation leaves an empty one out. */
const PLACEHOLDER = { name: '-', serializationLibrary: '-' };

export const textColumn = (name: string): ViewColumn => ({ name, trino: 'varchar', hive: 'string' });

/**
 * A view as Athena keeps it in Glue: its text and column types as base64 of JSON in a comment ("Presto View"), and the columns in
 * Hive's types beside it. `database` is part of what is encoded.
 */
export const prestoView = (database: string, name: string, sql: string, columns: readonly ViewColumn[]): ViewTable => {
  const definition = { originalSql: sql, catalog: 'awsdatacatalog', schema: database, columns: columns.map((column) => ({ name: column.name, type: column.trino })) };
  return {
    name,
    tableType: 'VIRTUAL_VIEW',
    parameters: { presto_view: 'true', comment: 'Presto View' },
    viewOriginalText: `/* Presto View: ${Buffer.from(JSON.stringify(definition)).toString('base64')} */`,
    viewExpandedText: '/* Presto View */',
    storageDescriptor: { columns: columns.map((column) => ({ name: column.name, type: column.hive })), serdeInfo: PLACEHOLDER },
  };
};
