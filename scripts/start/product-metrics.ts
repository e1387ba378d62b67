import type { MinuteReport } from '../../functions/compact/compact.ts';
import type { TickReport } from '../../functions/evaluate/tick-report.ts';
import type { IngestCount } from '../../functions/ingest/ingest.ts';
import type { StoreReport } from '../../functions/store/store-report.ts';
import { MetricRegistry } from '../../shared/client/metric-registry.ts';

/** What the product counts of itself, shown on `/metrics` and pushed with the host's own metrics. */
export interface ProductMetrics {
  readonly registry: MetricRegistry;
  ingested(count: IngestCount): void;
  stored(report: StoreReport): void;
  ticked(report: TickReport, nowMs: number): void;
  compacted(report: MinuteReport): void;
  notified(channel: string, outcome: string): void;
  failed(part: string): void;
}

const SERIES_PER_METRIC = 500;

export const makeProductMetrics = (): ProductMetrics => {
  // Reasons and senders come from outside.
  const registry = new MetricRegistry({}, SERIES_PER_METRIC);
  // Counters that a person looks for are there from the start, at 0.
  for (const [name, help] of STORE_COUNTERS) registry.counter(`tidemark_store_${name}_total`, {}, help);
  for (const [name, help] of COMPACT_COUNTERS) registry.counter(`tidemark_compact_${name}_total`, {}, help);
  return {
    registry,
    ingested: (count) => countIngest(registry, count),
    stored: (report) => countStore(registry, report),
    ticked: (report, nowMs) => countTick(registry, report, nowMs),
    compacted: (report) => countCompact(registry, report),
    notified: (channel, outcome) => registry.counter('tidemark_notify_attempts_total', { channel, outcome }, 'Attempts to deliver a notification.').add(),
    failed: (part) => registry.counter('tidemark_failures_total', { part }, 'Failures that were got over by trying again.').add(),
  };
};

const STORE_COUNTERS = [
  ['records', 'Records of the stream that were stored.'],
  ['samples', 'Samples in the records that were stored.'],
  ['rows', 'Rows written to hot objects.'],
  ['objects', 'Hot objects written.'],
  ['bytes', 'Bytes of hot objects written.'],
  ['quarantined', 'Records put into quarantine.'],
  ['duplicates', 'Records that came twice in one delivery.'],
] as const;

const countIngest = (registry: MetricRegistry, count: IngestCount): void => {
  const { protocol } = count;
  if ('accepted' in count) registry.counter('tidemark_ingest_samples_total', { protocol }, 'Samples acknowledged.').add(count.accepted);
  else if ('rejected' in count) registry.counter('tidemark_ingest_rejected_total', { protocol, reason: count.reason }, 'Samples refused.').add(count.rejected);
  else registry.counter('tidemark_ingest_refused_total', { protocol, status: String(count.status) }, 'Requests refused.').add(count.refused);
};

const countStore = (registry: MetricRegistry, report: StoreReport): void => {
  for (const [name] of STORE_COUNTERS) registry.counter(`tidemark_store_${name}_total`).add(report[name]);
  for (const { reason, samples } of report.rejected) registry.counter('tidemark_store_rejected_total', { reason }, 'Samples refused by the store.').add(samples);
  if (report.sendersProblem !== undefined) registry.counter('tidemark_failures_total', { part: 'senders' }).add();
  for (const { sender, latenessMs } of report.lateness) {
    registry.gauge('tidemark_sender_lateness_seconds', { sender }, 'Arrival of a record less its oldest sample: the greatest of the last batch.').set(latenessMs / 1000);
  }
};

const TICK_COUNTERS = [
  ['slots', 'slots'],
  ['incompleteSlots', 'incomplete_slots'],
  ['skippedSlots', 'skipped_slots'],
  ['evaluations', 'evaluations'],
  ['ruleErrors', 'rule_errors'],
  ['statements', 'statements'],
  ['scannedBytes', 'scanned_bytes'],
  ['transitions', 'transitions'],
  ['notifications', 'notifications'],
  ['published', 'published'],
] as const;

const countTick = (registry: MetricRegistry, report: TickReport, nowMs: number): void => {
  for (const [field, name] of TICK_COUNTERS) registry.counter(`tidemark_evaluate_${name}_total`).add(report[field]);
  for (const phase of ['pending', 'firing'] as const) registry.gauge('tidemark_alerts', { alertstate: phase }, 'Alerts now.').set(report[phase]);
  if (report.watermarkMs !== undefined && report.watermarkMs > 0) {
    registry.gauge('tidemark_watermark_age_seconds', {}, 'How long ago the time lies up to which everything is stored.').set((nowMs - report.watermarkMs) / 1000);
  }
  if (report.detectionLatencyMs !== undefined) {
    registry.gauge('tidemark_detection_latency_seconds', {}, 'How old the newest of our own samples was that rules counted.').set(report.detectionLatencyMs / 1000);
  }
  registry.gauge('tidemark_behind', {}, '1 while rules lack samples that are on their way.').set(report.behind ? 1 : 0);
  registry.gauge('tidemark_senders', {}, 'Senders of the last day.').set(report.senders);
  registry.gauge('tidemark_late_senders', {}, 'Those of them whose samples come too late for rules.').set(report.lateSenders);
  registry.gauge('tidemark_failed_deliveries', {}, 'Integrations whose last notification was given up.').set(report.failedDeliveries);
  if (report.errors.length > 0) registry.counter('tidemark_failures_total', { part: 'evaluate' }).add(report.errors.length);
};

const COMPACT_COUNTERS = [
  ['merges', 'Versions of hours that were committed.'],
  ['hot_files', 'Hot files merged into them.'],
  ['lost', 'Merges given up for a quicker one.'],
  ['expired', 'Partitions whose retention was over.'],
  ['removed_objects', 'Objects removed that nothing named any more.'],
] as const;

const countCompact = (registry: MetricRegistry, { outcomes, expired, garbage }: MinuteReport): void => {
  const merges = outcomes.filter((outcome) => outcome.kind === 'merged');
  const counts: Readonly<Record<(typeof COMPACT_COUNTERS)[number][0], number>> = {
    merges: merges.length,
    hot_files: merges.reduce((sum, { hotFiles }) => sum + hotFiles, 0),
    lost: outcomes.filter(({ kind }) => kind === 'lost').length,
    expired,
    removed_objects: garbage.removed,
  };
  for (const [name] of COMPACT_COUNTERS) registry.counter(`tidemark_compact_${name}_total`).add(counts[name]);
};
