import type { Lake } from './lake.ts';
import type { RecordStream } from './record-stream.ts';
import type { Settings } from './settings.ts';
import type { Tables } from './tables.ts';

/** What the steps share. */
export interface Parts {
  readonly settings: Settings;
  readonly records: RecordStream;
  readonly lake: Lake;
  readonly tables: Tables;
}
