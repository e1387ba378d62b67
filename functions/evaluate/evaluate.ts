import { StaleLeaseError, keepLease, takeLease } from '../../shared/alerting/lease.ts';
import type { Lease } from '../../shared/alerting/lease.ts';
import { OWN_RULE_ID } from '../../shared/alerting/own-alerts.ts';
import { publishAll } from '../../shared/alerting/outbox.ts';
import { DEFAULT_CAP_MS, DEFAULT_LATENESS_MS } from '../../shared/alerting/slots.ts';
import { messageOf } from '../../shared/errors.ts';
import { shareMetrics } from '../../shared/rules/share-metrics.ts';
import { evaluateGroup } from './evaluate-group.ts';
import { evaluateOwn } from './evaluate-own.ts';
import type { EvaluatePorts } from './evaluate-ports.ts';
import { flushGroups } from './flush-groups.ts';
import type { RuleReads } from './instant-query.ts';
import { loadAlertMemory } from './memory.ts';
import type { AlertMemory, EvaluateMemory } from './memory.ts';
import { readOutside } from './read-outside.ts';
import { sendUnsent } from './record-slot.ts';
import { retireRules } from './retire-rules.ts';
import { readRoad, sendRoadSample } from './road-sample.ts';
import { walkRoad } from './road.ts';
import { emptyReport } from './tick-report.ts';
import type { TickReport } from './tick-report.ts';

export type { EvaluatePorts } from './evaluate-ports.ts';
export { createEvaluateMemory } from './memory.ts';
export type { EvaluateMemory } from './memory.ts';
export type { TickReport } from './tick-report.ts';

/**
 * One tick: keeps the lease and the road, evaluates every slot that is due, publishes what waits. May be called again after
 * any failure; what was done is not done twice. Rejects only when the lease, the alerts table, the catalog or the rules cannot
 * be read; what goes wrong later stands in the report, and the memory of alerts is read anew before the next tick.
 */
export const evaluateTick = async (ports: EvaluatePorts, memory: EvaluateMemory, { nowMs }: { readonly nowMs: number }): Promise<TickReport> => {
  const report = emptyReport();
  const lease = await holdLease(ports, memory, nowMs);
  if (lease === undefined) return report;
  report.held = true;
  memory.alerts ??= await loadAlertMemory(ports.alerts);
  const { alerts } = memory;
  try {
    await walkRoad(ports, memory, nowMs, report);
    await sendRoadSample(ports, memory, nowMs, report);
    await evaluateAll(ports, memory, { lease, alerts, nowMs, report });
  } catch (error) {
    if (!(error instanceof StaleLeaseError)) throw error;
    forgetLease(memory);
    report.held = false;
  } finally {
    await publishWaiting(ports, memory.alerts ?? alerts, nowMs, report);
  }
  countAlerts(alerts, report);
  return report;
};

const holdLease = async (ports: EvaluatePorts, memory: EvaluateMemory, nowMs: number): Promise<Lease | undefined> => {
  if (memory.lease !== undefined) {
    if (await keepLease(ports.alerts, memory.lease, nowMs)) return memory.lease;
    forgetLease(memory);
    return undefined;
  }
  memory.lease = await takeLease(ports.alerts, memory.holder, nowMs, memory.overtaken ? 'when-free' : 'successor');
  return memory.lease;
};

const forgetLease = (memory: EvaluateMemory): void => {
  memory.lease = undefined;
  memory.alerts = undefined;
  memory.overtaken = true;
};

interface Tick {
  readonly lease: Lease;
  readonly alerts: AlertMemory;
  readonly nowMs: number;
  readonly report: TickReport;
}

/** A group that fails does not stop the others; only a lost lease does. */
const evaluateAll = async (ports: EvaluatePorts, memory: EvaluateMemory, { lease, alerts, nowMs, report }: Tick): Promise<void> => {
  const [rules, alertmanager] = await Promise.all([ports.rules(), ports.alertmanager()]);
  const scope = { ports, lease, memory: alerts, statements: memory.statements, reads: openReads(ports), report };
  const clock = { nowMs, watermarkMs: report.watermarkMs, latenessMs: ports.latenessMs ?? DEFAULT_LATENESS_MS, capMs: ports.capMs ?? DEFAULT_CAP_MS };
  const part = async (name: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (error instanceof StaleLeaseError) throw error;
      report.errors.push(`${name}: ${messageOf(error)}`);
      memory.alerts = undefined; // the effect of what failed is unknown: remember nothing
    }
  };
  await readRoad(scope, memory, clock);
  await sendUnsent(scope);
  await part('retire rules', () => retireRules(scope, rules, nowMs));
  for (const group of rules.groups) await part(`evaluate group ${group.id}`, () => evaluateGroup(scope, group, clock));
  // Behind a failure the memory may be wrong, and receivers would be told so; what is stored is right.
  const readAgain = async (): Promise<AlertMemory> => {
    const known = (memory.alerts ??= await loadAlertMemory(ports.alerts));
    await readOutside(ports.alerts, known);
    return known;
  };
  await part('evaluate own alerts', async () => evaluateOwn({ ...scope, memory: await readAgain() }, { rules, alertmanager, clock }, memory));
  await part('flush groups', async () => flushGroups({ ...scope, memory: memory.alerts ?? (await readAgain()) }, alertmanager, rules, nowMs));
};

const openReads = ({ openSelect, openTiers }: EvaluatePorts): RuleReads => {
  const select = shareMetrics(openSelect());
  return openTiers === undefined ? { select } : { select, tiers: openTiers(select) };
};

const publishWaiting = async (ports: EvaluatePorts, alerts: AlertMemory, nowMs: number, report: TickReport): Promise<void> => {
  const { published, left, errors } = await publishAll(ports.alerts, ports.publish, alerts.unpublished, nowMs);
  alerts.unpublished = left;
  report.published = published;
  report.unpublished = left.length;
  if (errors.length > 0) report.errors.push(`publish: ${errors.length} of ${published + left.length} notifications wait for the next tick: ${messageOf(errors[0])}`);
};

const countAlerts = (alerts: AlertMemory, report: TickReport): void => {
  for (const [ruleId, byLabels] of alerts.alerts) {
    if (ruleId === OWN_RULE_ID) continue;
    for (const { phase } of byLabels.values()) {
      if (phase === 'pending') report.pending++;
      if (phase === 'firing') report.firing++;
    }
  }
};
