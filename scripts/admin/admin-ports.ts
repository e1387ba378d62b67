import type { ItemTable } from '../../shared/catalog/item-table.ts';
import type { AddressOf } from '../../shared/compaction/sql-list.ts';
import type { ObjectListing, ObjectStore, ObjectSweep } from '../../shared/storage/object-store.ts';
import type { Retention } from '../../shared/tiers/retention.ts';
import type { PutRecords } from '../../shared/wire/record-stream.ts';
import type { RetentionClass } from '../../shared/lakes/retention-class.ts';
import type { AnswerLakeCall } from './lake-calls.ts';

/** What the tools of an installation's keeper work on, on one machine and on AWS alike. */
export interface AdminPorts {
  readonly objects: ObjectStore & ObjectSweep & ObjectListing;
  readonly catalog: ItemTable;
  readonly putRecords: PutRecords;
  readonly clockMs: () => number;
  /** Letters and digits that no other call has given: names the files of an attempt. */
  readonly nextAttempt: () => string;
  /** As SQL names objects. */
  readonly addressOf: AddressOf;
  /** Labels with a column of their own. */
  readonly promotedLabels: readonly string[];
  /** Buckets of partitions that begin. */
  readonly buckets: number;
  readonly retention: Retention;
  /** Those of the settings. */
  readonly classes: readonly RetentionClass[];
  /** What reading objects costs per request; nothing on one's own machine. */
  readonly requestDollars?: (requests: number) => number;
  /** Does the heavy work elsewhere, say in a thread that keeps nobody waiting. Here where it is left out. */
  readonly answerCall?: AnswerLakeCall;
}
