import { DEFAULT_LATENESS_MS } from '../alerting/slots.ts';
import type { AlertsByLabels } from '../alerting/state-items.ts';
import type { Page, Pager } from './backtest-ports.ts';
import type { ReceiverPages } from './report.ts';
import type { RuleLog } from './rule-log.ts';

/** Counts what the pipeline sends while alerts come and go. */
export class PageLog {
  /** Notifications of something that fires. */
  total = 0;
  private readonly byReceiver = new Map<string, { pages: number; resolved: number }>();
  private readonly pager: Pager;
  private readonly alerts: ReadonlyMap<string, AlertsByLabels>;
  private readonly logs: ReadonlyMap<string, RuleLog>;
  private nextFlushMs: number | undefined;

  constructor(pager: Pager, alerts: ReadonlyMap<string, AlertsByLabels>, logs: ReadonlyMap<string, RuleLog>) {
    this.pager = pager;
    this.alerts = alerts;
    this.logs = logs;
  }

  /** Groups whose timer runs out before the slots of `dueMs` are evaluated. */
  async timersUpTo(dueMs: number): Promise<void> {
    while (this.nextFlushMs !== undefined && this.nextFlushMs < dueMs + DEFAULT_LATENESS_MS) await this.flushAt(this.nextFlushMs);
  }

  /** Behind the slots of `dueMs`, which are evaluated once late samples are in. */
  async flush(dueMs: number): Promise<void> {
    const isQuiet = this.nextFlushMs === undefined && [...this.alerts.values()].every((alerts) => alerts.size === 0);
    if (!isQuiet) await this.flushAt(dueMs + DEFAULT_LATENESS_MS);
  }

  receivers(): readonly ReceiverPages[] {
    return [...this.byReceiver].map(([receiver, counts]) => ({ receiver, ...counts })).sort((a, b) => (a.receiver < b.receiver ? -1 : 1));
  }

  private async flushAt(nowMs: number): Promise<void> {
    const { pages, nextFlushMs } = await this.pager.flush(this.alerts, nowMs);
    // A timer that does not move would be asked for ever.
    this.nextFlushMs = nextFlushMs === undefined ? undefined : Math.max(nextFlushMs, nowMs + 1);
    for (const page of pages) this.count(page);
  }

  private count({ receiver, status, firing }: Page): void {
    const counts = this.byReceiver.get(receiver) ?? { pages: 0, resolved: 0 };
    this.byReceiver.set(receiver, counts);
    if (status === 'resolved') {
      counts.resolved++;
      return;
    }
    counts.pages++;
    this.total++;
    for (const [ruleId, alerts] of this.alerts) {
      const log = firing.some((key) => alerts.get(key)?.phase === 'firing') ? this.logs.get(ruleId) : undefined;
      if (log !== undefined) log.pages++;
    }
  }
}
