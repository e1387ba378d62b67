import type { EvaluatePorts } from '../../functions/evaluate/evaluate-ports.ts';
import { flushGroups } from '../../functions/evaluate/flush-groups.ts';
import { loadAlertMemory } from '../../functions/evaluate/memory.ts';
import { RunningStatements } from '../../functions/evaluate/statements.ts';
import type { TickScope } from '../../functions/evaluate/tick-scope.ts';
import { emptyReport } from '../../functions/evaluate/tick-report.ts';
import { endLog } from '../../shared/alerting/dispatch/notification-log.ts';
import { takeLease } from '../../shared/alerting/lease.ts';
import type { NotificationBody } from '../../shared/alerting/notification-body.ts';
import type { OutboxEntry } from '../../shared/alerting/outbox.ts';
import type { AlertmanagerConfig } from '../../shared/alerting/receivers.ts';
import type { Page, Pager } from '../../shared/backtest/backtest-ports.ts';
import { openItemTables } from '../../shared/embedded/item-sqlite.ts';
import { labelsToJson, makeLabels } from '../../shared/model/labels.ts';

export interface VirtualPager extends Pager {
  close(): Promise<void>;
}

const neverAsked = async (): Promise<never> => {
  throw new Error('backtest: found the pipeline at work on what is stored');
};

/**
 * The evaluator's own pipeline, over tables in memory and without silences: what it makes is delivered at once, and nobody
 * acknowledges.
 */
export const openVirtualPager = async (config: AlertmanagerConfig): Promise<VirtualPager> => {
  let clockMs = 0;
  const tables = await openItemTables(':memory:', ['alerts'], { nowMs: () => clockMs });
  const alerts = tables.table('alerts');
  const lease = await takeLease(alerts, 'backtest', 0, 'successor');
  if (lease === undefined) throw new Error('backtest: found its own tables taken');
  const rules = { version: '', groups: [] };
  const ports: EvaluatePorts = {
    alerts,
    catalog: alerts,
    objects: { putIfAbsent: neverAsked, get: neverAsked },
    openSelect: () => neverAsked,
    rules: async () => rules,
    alertmanager: async () => config,
    putRecords: neverAsked,
    listShards: neverAsked,
    publish: neverAsked,
    clockMs: () => clockMs,
    externalUrl: '',
  };
  const memory = await loadAlertMemory(alerts);
  const statements = new RunningStatements();
  return {
    close: () => tables.close(),
    flush: async (byRule, nowMs) => {
      clockMs = nowMs;
      memory.alerts.clear();
      for (const [ruleId, of] of byRule) memory.alerts.set(ruleId, of);
      memory.unpublished = [];
      const scope: TickScope = { ports, lease, memory, statements, reads: { select: neverAsked }, report: emptyReport() };
      await flushGroups(scope, config, rules, nowMs);
      for (const entry of memory.unpublished) await endLog(alerts, { integration: entry.integration, groupId: bodyOf(entry).groupId }, entry.sequence, 'sent', nowMs);
      return { pages: pagesOf(memory.unpublished), nextFlushMs: scope.report.nextFlushMs };
    },
  };
};

const bodyOf = (entry: OutboxEntry): NotificationBody => JSON.parse(entry.body) as NotificationBody;

/** A receiver with several integrations is told once. */
const pagesOf = (entries: readonly OutboxEntry[]): readonly Page[] => {
  const pages = new Map<string, Page>();
  for (const entry of entries) {
    const { groupId, message } = bodyOf(entry);
    const firing = message.alerts.filter(({ status }) => status === 'firing').map(({ labels }) => labelsToJson(makeLabels(Object.entries(labels))));
    const before = pages.get(groupId);
    // An integration that is told of beginnings alone may have less to say.
    if (before === undefined || before.status === 'resolved') pages.set(groupId, { receiver: entry.receiver, status: message.status, firing });
  }
  return [...pages.values()];
};
