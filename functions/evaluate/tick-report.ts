/** What one tick did: the product's own metrics are made of it. Counts are 0 where nothing happened. */
export interface TickReport {
  /** False when somebody else holds the lease; nothing was evaluated then. */
  held: boolean;
  /** The installation's watermark; undefined when no shard is known. */
  watermarkMs: number | undefined;
  openShards: number;
  heartbeats: number;
  /** Since the newest of our own samples that has come back; undefined when none has. */
  roadAgeMs: number | undefined;
  /** From a sample's time to the tick whose rules count it; undefined when none has come so far. */
  detectionLatencyMs: number | undefined;
  /** Whether rules lack samples that are on their way. */
  behind: boolean;
  /** Seen within a day, and those of them whose samples come too late for rules. */
  senders: number;
  lateSenders: number;
  /** Integrations whose last notification was given up. */
  failedDeliveries: number;
  slots: number;
  incompleteSlots: number;
  skippedSlots: number;
  /** Groups whose next slot only waits for the watermark. */
  waitingGroups: number;
  /** Rules evaluated, over all slots, and those of them that ended in an error. */
  evaluations: number;
  ruleErrors: number;
  /** Of rules with `sql`: statements that gave an answer, what they scanned, and what that costs. */
  statements: number;
  scannedBytes: number;
  scanDollars: number;
  transitions: number;
  /** Samples that rules made: recorded results, ALERTS, and ends of series. */
  recordedSamples: number;
  /** Groups of alerts, and those of them whose timer was due. */
  groups: number;
  flushes: number;
  /** The next timer of a group; undefined when there is none. */
  nextFlushMs: number | undefined;
  /** Notifications made, handed to the fan-out, and left for the next tick. */
  notifications: number;
  published: number;
  unpublished: number;
  /** Alerts of rules. */
  pending: number;
  firing: number;
  /** Parts of the tick that did not work; the others went on. */
  readonly errors: string[];
}

export const emptyReport = (): TickReport => ({
  held: false,
  watermarkMs: undefined,
  openShards: 0,
  heartbeats: 0,
  roadAgeMs: undefined,
  detectionLatencyMs: undefined,
  behind: false,
  senders: 0,
  lateSenders: 0,
  failedDeliveries: 0,
  slots: 0,
  incompleteSlots: 0,
  skippedSlots: 0,
  waitingGroups: 0,
  evaluations: 0,
  ruleErrors: 0,
  statements: 0,
  scannedBytes: 0,
  scanDollars: 0,
  transitions: 0,
  recordedSamples: 0,
  groups: 0,
  flushes: 0,
  nextFlushMs: undefined,
  notifications: 0,
  published: 0,
  unpublished: 0,
  pending: 0,
  firing: 0,
  errors: [],
});
