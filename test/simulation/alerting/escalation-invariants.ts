import { type Truth, Violation } from '../truth.ts';
import { escalates, FLUSH_TIMES, LEADS_HOOK, PAGER_HOOK } from './alert-files.ts';
import type { TickBegin } from './flush-invariants.ts';
import type { Mutes } from './mutes.ts';
import type { SeenNotification } from './notification.ts';
import type { KnownAlert } from './state-invariants.ts';
import type { Takes } from './takes.ts';

const TICK_MS = 5000;

export interface EscalationWatchOptions {
  readonly truth: Truth;
  readonly alerts: ReadonlyMap<string, KnownAlert>;
  readonly mutes: Mutes;
  readonly takes: Takes;
  readonly skewMs: number;
}

/** Who is second hears of an alert once the first have been told for as long as the route says, and nobody has taken it on. */
export class EscalationInvariants {
  /** By alert: when the first were told of it, by the clocks of the ticks that did. */
  private readonly toldMs = new Map<string, number[]>();
  /** By alert: what the second was told last. */
  private readonly toldSecond = new Map<string, 'firing' | 'resolved'>();
  private readonly dueSinceMs = new Map<string, number>();
  private readonly options: EscalationWatchOptions;

  constructor(options: EscalationWatchOptions) {
    this.options = options;
  }

  enqueued({ id, integration, alerts }: SeenNotification, tick: TickBegin): void {
    for (const { key, status } of alerts) {
      if (integration === PAGER_HOOK && status === 'firing') this.toldMs.set(key, [...(this.toldMs.get(key) ?? []), tick.clockMs]);
      if (integration !== LEADS_HOOK) continue;
      if (status === 'firing' && this.toldSecond.get(key) !== 'firing') this.checkEscalates(id, key, tick);
      this.toldSecond.set(key, status);
    }
  }

  /** `windowMs`: since when ticks may have seen what was so. */
  ticked(nowMs: number, windowMs: number, isGap: boolean): void {
    if (isGap) this.dueSinceMs.clear();
    for (const alert of this.options.alerts.values()) if (escalates(alert.expected.labels)) this.lookForDue(alert, nowMs, windowMs);
  }

  private lookForDue(alert: KnownAlert, nowMs: number, windowMs: number): void {
    const { mutes, takes, skewMs, truth } = this.options;
    const { key, state } = alert;
    const firedAtMs = state?.phase === 'firing' ? (state.firedAtMs ?? 0) : Infinity;
    const toldMs = Math.min(...(this.toldMs.get(key) ?? []).filter((each) => each + skewMs >= firedAtMs));
    const isDue = nowMs - skewMs >= toldMs + FLUSH_TIMES.escalateAfterMs && this.toldSecond.get(key) !== 'firing' && !takes.mayBeTaken(alert) && !mutes.mayBeMuted(alert, { fromMs: nowMs - skewMs - windowMs, toMs: nowMs + skewMs });
    if (!isDue) return void this.dueSinceMs.delete(key);
    const sinceMs = this.dueSinceMs.get(key) ?? nowMs;
    this.dueSinceMs.set(key, sinceMs);
    // One that was muted at its time is looked at again when its group is flushed.
    const limitMs = FLUSH_TIMES.groupWaitMs + FLUSH_TIMES.groupIntervalMs + 2 * TICK_MS + 4 * skewMs;
    if (nowMs - sinceMs > limitMs) truth.violate(new Violation('what nobody takes on escalates', `${key} fires since ${firedAtMs}, the first were told at ${toldMs}, the second was told nothing for ${nowMs - sinceMs} ms of good ticks`));
    return undefined;
  }

  private checkEscalates(id: string, key: string, tick: TickBegin): void {
    const { alerts, takes, skewMs, truth } = this.options;
    const alert = alerts.get(key);
    if (alert === undefined) return;
    if (takes.isTaken(alert, tick)) truth.violate(new Violation('what somebody has taken on does not escalate', `${id} tells ${LEADS_HOOK} of ${key}`));
    const waitedMs = tick.clockMs - Math.max(Math.min(...(this.toldMs.get(key) ?? [])), alert.state?.firedAtMs ?? 0);
    if (waitedMs < FLUSH_TIMES.escalateAfterMs - 2 * skewMs) truth.violate(new Violation('nothing escalates before its time', `${id} tells ${LEADS_HOOK} of ${key} ${waitedMs} ms after the first were told`));
  }
}
