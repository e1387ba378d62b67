import type { Publish } from '../../shared/alerting/publish.ts';
import type { AlertmanagerConfig } from '../../shared/alerting/receivers.ts';
import type { ItemTable } from '../../shared/catalog/item-table.ts';
import type { Labels } from '../../shared/model/labels.ts';
import type { SelectSeries } from '../../shared/promql/series-source.ts';
import type { SelectTiers } from '../../shared/promql/tier-source.ts';
import type { RuleSet } from '../../shared/rules/rule-group.ts';
import type { RunSql } from '../../shared/sql/run-sql.ts';
import type { ObjectStore, ObjectSweep } from '../../shared/storage/object-store.ts';
import type { ListShards, PutRecords } from '../../shared/wire/record-stream.ts';

/** Of one statement of a rule: the least interval of such rules. */
export const SQL_TIMEOUT_MS = 60_000;

/** How rules with `sql` are answered. */
export interface RuleSql {
  /** Ends within SQL_TIMEOUT_MS, and gives at most MAX_SQL_ROWS rows. */
  readonly run: RunSql;
  /** What the engine charges for a scan; nothing on one's own machine. */
  readonly dollars: (bytesScanned: number) => number;
  /** How long after a sample is stored statements see it: slots with statements wait for so much longer. */
  readonly behindMs: number;
}

export interface EvaluatePorts {
  /** What rules make waits here for the stream. */
  readonly objects: ObjectStore;
  /** Removes objects, where no lifecycle of the bucket does. */
  readonly removeObjects?: ObjectSweep['remove'];
  /** Lease, cursors, alerts and outbox. */
  readonly alerts: ItemTable;
  /** The watermarks of the shards. */
  readonly catalog: ItemTable;
  /** What the rules of one tick read over: it may remember what it has seen of the catalog. */
  readonly openSelect: () => SelectSeries;
  /** The same where samples are no longer there: over `select`, which gives those that are. Left out: rules see samples alone. */
  readonly openTiers?: (select: SelectSeries) => SelectTiers;
  /** Absent: rules with `sql` end in an error. */
  readonly sql?: RuleSql;
  /**
   * The rules that hold now. Rejects while the files are wrong or cannot be read: an empty set instead would resolve every alert.
   */
  readonly rules: () => Promise<RuleSet>;
  readonly alertmanager: () => Promise<AlertmanagerConfig>;
  readonly putRecords: PutRecords;
  readonly listShards: ListShards;
  readonly publish: Publish;
  /** The wall clock, which ends rules that compute for too long and says when series were sent; slots and states follow the tick's own time alone. */
  readonly clockMs: () => number;
  /** Where people reach this installation, without a slash at the end; '' when unknown. */
  readonly externalUrl: string;
  /** Of this installation, for templates: `$externalLabels`. None where left out. */
  readonly externalLabels?: Labels;
  /** Default: 15 s (slots.ts). */
  readonly latenessMs?: number;
  /** Default: 60 s (slots.ts). */
  readonly capMs?: number;
}
