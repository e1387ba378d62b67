import type { Publish } from '../../shared/alerting/publish.ts';
import type { AlertmanagerConfig } from '../../shared/alerting/receivers.ts';
import type { ItemTable } from '../../shared/catalog/item-table.ts';
import type { SelectSeries } from '../../shared/promql/series-source.ts';
import type { RuleSet } from '../../shared/rules/rule-group.ts';
import type { ListShards, PutRecords } from '../../shared/wire/record-stream.ts';

export interface EvaluatePorts {
  /** Lease, cursors, alerts and outbox. */
  readonly alerts: ItemTable;
  /** The watermarks of the shards. */
  readonly catalog: ItemTable;
  readonly select: SelectSeries;
  /**
   * The rules that hold now. Rejects while the files are wrong or cannot be read: an empty set instead would resolve every alert.
   */
  readonly rules: () => Promise<RuleSet>;
  readonly alertmanager: () => Promise<AlertmanagerConfig>;
  readonly putRecords: PutRecords;
  readonly listShards: ListShards;
  readonly publish: Publish;
  /** The wall clock, which ends rules that compute for too long; slots and states follow the tick's own time alone. */
  readonly clockMs: () => number;
  /** Where people reach this installation, without a slash at the end; '' when unknown. */
  readonly externalUrl: string;
  /** Default: 15 s (slots.ts). */
  readonly latenessMs?: number;
  /** Default: 60 s (slots.ts). */
  readonly capMs?: number;
}
