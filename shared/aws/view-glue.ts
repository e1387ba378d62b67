import type { PublishView } from '../compaction/open-hours.ts';
import type { ViewTable } from '../sql/presto-view.ts';
import { type SamplesViewOf, samplesViewTable } from '../sql/views.ts';
import type { GlueCall } from './glue-call.ts';

/** Athena's view `samples`, or that of a retention class, as the deployment makes it, with another boundary. No version of the table is kept: one an hour adds up. */
export const makeGlueView =
  (call: GlueCall, view: SamplesViewOf): PublishView =>
  async (openFrom) =>
    call('UpdateTable', { DatabaseName: view.database, TableInput: tableInput(samplesViewTable(view, openFrom)), SkipArchive: true });

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
