import { beforeAll, describe, expect, it } from 'vitest';
import { HISTORY_KINDS } from '../../shared/sql/history-tables.ts';
import { historyViewTable } from '../../shared/sql/history-views.ts';
import { ofType, synthesise, type Synthesised } from './synthesised.ts';

interface TableInput {
  readonly Name: string;
  readonly TableType: string;
  readonly Parameters: Readonly<Record<string, unknown>>;
  readonly PartitionKeys: unknown;
  readonly ViewOriginalText?: string;
  readonly StorageDescriptor: { readonly Location?: unknown; readonly InputFormat?: string; readonly Columns: readonly { readonly Name: string; readonly Type: string }[] };
}

let stack: Synthesised;
beforeAll(() => {
  stack = synthesise();
});

const tableOf = (name: string): TableInput => {
  const found = ofType(stack, 'AWS::Glue::Table').map(([, { Properties }]) => Properties['TableInput'] as TableInput);
  return found.find((table) => table.Name === name) as TableInput;
};

describe.each(HISTORY_KINDS)('the history of %s in Glue', (kind) => {
  it('is a table over the files themselves, a day a folder, as far back as they are kept', () => {
    const { TableType, Parameters, PartitionKeys, StorageDescriptor } = tableOf(`${kind}_files`);
    expect([TableType, PartitionKeys]).toEqual(['EXTERNAL_TABLE', [{ Name: 'dt', Type: 'string' }]]);
    expect(Parameters).toMatchObject({ 'projection.dt.format': 'yyyy-MM-dd', 'projection.dt.interval.unit': 'DAYS', 'projection.dt.range': 'NOW-365DAYS,NOW+1DAYS' });
    expect(JSON.stringify(Parameters['storage.location.template'])).toContain(`/history/${kind}/dt=\${dt}/`);
    expect(JSON.stringify(StorageDescriptor.Location)).toContain(`/history/${kind}/`);
    expect(StorageDescriptor.InputFormat).toBe('org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat');
    expect(StorageDescriptor.Columns).toContainEqual({ Name: 'ts', Type: 'bigint' });
  });

  it('is a view with the columns that one machine has', () => {
    const { TableType, ViewOriginalText, StorageDescriptor } = tableOf(kind);
    const expected = historyViewTable('tidemark', kind);
    expect([TableType, ViewOriginalText]).toEqual(['VIRTUAL_VIEW', expected.viewOriginalText]);
    expect(StorageDescriptor.Columns.map(({ Name }) => Name)).toEqual(expected.storageDescriptor.columns.map(({ name }) => name));
  });
});
