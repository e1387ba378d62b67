import type { Acknowledgement } from '../../shared/alerting/acknowledgements.ts';
import { readGroups } from '../../shared/alerting/dispatch/alert-group.ts';
import type { GroupPlace, GroupState } from '../../shared/alerting/dispatch/alert-group.ts';
import type { ExternalAlert } from '../../shared/alerting/external-alerts.ts';
import type { AlertmanagerConfig } from '../../shared/alerting/receivers.ts';
import type { FailedDelivery } from '../../shared/alerting/failed-deliveries.ts';
import type { Silence } from '../../shared/alerting/silences/silence.ts';
import { readCursors } from '../../shared/alerting/cursors.ts';
import type { Cursor } from '../../shared/alerting/cursors.ts';
import type { Lease } from '../../shared/alerting/lease.ts';
import { readRetirements } from '../../shared/alerting/retirements.ts';
import type { Retirement } from '../../shared/alerting/retirements.ts';
import type { StoredRoster } from '../../shared/alerting/roster-items.ts';
import type { Roster } from '../../shared/alerting/roster.ts';
import { readUnsent } from '../../shared/alerting/unsent.ts';
import { readUnpublished } from '../../shared/alerting/outbox.ts';
import type { OutboxEntry } from '../../shared/alerting/outbox.ts';
import { knownRules, readAlerts } from '../../shared/alerting/state-items.ts';
import type { AlertsByLabels, KnownRule } from '../../shared/alerting/state-items.ts';
import type { ItemTable } from '../../shared/catalog/item-table.ts';
import type { Sender } from '../../shared/catalog/senders.ts';
import type { GroupSeries } from '../../shared/rules/group-series.ts';
import type { Shard } from '../../shared/wire/record-stream.ts';
import { RunningStatements } from './statements.ts';

/** What does not change about an alert: its hash, and its groups under one configuration. */
export interface RoutedAlert {
  readonly hash: string;
  places: readonly GroupPlace[] | undefined;
}

/** What the holder of the lease knows of the alerts table: nobody else writes to it while the lease holds, but for what has a revision. */
export interface AlertMemory {
  /** By rule id. */
  readonly alerts: Map<string, AlertsByLabels>;
  /** Rules that the table lists, by id. */
  readonly known: Map<string, KnownRule>;
  /** How far each group has come, by group id. */
  readonly cursors: Map<string, Cursor>;
  /** What each group's rules have made, by group id; read where it is not here. */
  readonly series: Map<string, GroupSeries>;
  /** Keys of slots whose series the stream has not taken. */
  readonly unsent: Set<string>;
  unpublished: readonly OutboxEntry[];
  /** Groups of alerts, by id. */
  readonly groups: Map<string, GroupState>;
  silences: readonly Silence[];
  retirements: readonly Retirement[];
  /** What each rule with `no_data: alert` expects, by rule id, and as the table has it. */
  readonly rosters: Map<string, { readonly roster: Roster; readonly stored: StoredRoster | undefined }>;
  external: readonly ExternalAlert[];
  acknowledgements: readonly Acknowledgement[];
  /** Last notifications of integrations that were given up, for up to a day and longer. */
  failures: readonly FailedDelivery[];
  /** With which what others change was read. */
  revisions: ReadonlyMap<string, string>;
  /** By canonical labels JSON. */
  readonly routed: Map<string, RoutedAlert>;
  /** The configuration whose groups these are. */
  routedBy: AlertmanagerConfig | undefined;
}

/** Lives as long as the process or the invocation. */
export interface EvaluateMemory {
  /** Unique among all evaluators that ever run: 16 hex digits of a random number. */
  readonly holder: string;
  lease: Lease | undefined;
  /** Whether a lease was lost: the next one is taken only when it is free. */
  overtaken: boolean;
  alerts: AlertMemory | undefined;
  /** Of rules with `sql`. */
  readonly statements: RunningStatements;
  shards: readonly Shard[];
  shardsListedAtMs: number | undefined;
  /** Counts heartbeats and samples of the road, for their record ids. */
  beats: number;
  /** Times of our own samples that have come back: the newest, and the newest that rules have counted. */
  readonly road: { newestMs: number | undefined; countedMs: number | undefined };
  senders: { readonly readAtMs: number; readonly list: readonly Sender[] } | undefined;
}

export const createEvaluateMemory = (holder: string): EvaluateMemory => {
  if (!/^[0-9a-f]{16}$/.test(holder)) throw new Error(`create evaluate memory: found the holder ${JSON.stringify(holder)}, 16 hex digits are needed`);
  return { holder, lease: undefined, overtaken: false, alerts: undefined, statements: new RunningStatements(), shards: [], shardsListedAtMs: undefined, beats: 0, road: { newestMs: undefined, countedMs: undefined }, senders: undefined };
};

export const loadAlertMemory = async (items: ItemTable): Promise<AlertMemory> => {
  const known = await knownRules(items);
  const [alerts, cursors, unpublished, groups, unsent, retirements] = await Promise.all([
    readAlerts(
      items,
      known.map((rule) => rule.ruleId),
    ),
    readCursors(items),
    readUnpublished(items),
    readGroups(items),
    readUnsent(items),
    readRetirements(items),
  ]);
  return {
    alerts,
    known: new Map(known.map((rule) => [rule.ruleId, rule])),
    cursors: new Map(cursors),
    series: new Map(),
    unsent: new Set(unsent),
    unpublished,
    groups,
    silences: [],
    // With the alerts: without them the first tick would page for what is gone on purpose.
    retirements,
    rosters: new Map(),
    external: [],
    acknowledgements: [],
    failures: [],
    revisions: new Map(),
    routed: new Map(),
    routedBy: undefined,
  };
};
