import type { PublishView } from '../compaction/open-hours.ts';
import type { ViewTable } from '../sql/presto-view.ts';
import { samplesViewTable } from '../sql/views.ts';
import type { GlueCall } from './glue-call.ts';

/** Athena's view `samples` as the deployment makes it, with another boundary. No version of the table is kept: one an hour adds up. */
export const makeGlueView =
  (call: GlueCall, { database, promotedLabels }: { readonly database: string; readonly promotedLabels: readonly string[] }): PublishView =>
  async (openFrom) =>
    call('UpdateTable', { DatabaseName: database, TableInput: tableInput(samplesViewTable(database, promotedLabels, openFrom)), SkipArchive: true });

const tableInput = ({ name, tableType, parameters, viewOriginalText, viewExpandedText, storageDescriptor: { columns, serdeInfo } }: ViewTable) => ({
  Name: name,
  TableType: tableType,
  Parameters: parameters,
  ViewOriginalText: viewOriginalText,
  ViewExpandedText: viewExpandedText,
  StorageDescriptor: {
    Columns: columns.map((column) => ({ Name: column.name, Type: column.type })),
    SerdeInfo: { Name: serdeInfo.name, SerializationLibrary: serdeInfo.serializationLibrary },
  },
});
