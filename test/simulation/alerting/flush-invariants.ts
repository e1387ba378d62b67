import type { Item, ItemWrite } from '../../../shared/catalog/item-table.ts';
import { type Truth, Violation } from '../truth.ts';
import { escalates, FLUSH_TIMES, hearsEnds, integrationsFor, LEADS_HOOK } from './alert-files.ts';
import { EscalationInvariants } from './escalation-invariants.ts';
import { type Mutes, phasesIn } from './mutes.ts';
import { type SeenNotification, seenNotification } from './notification.ts';
import type { KnownAlert } from './state-invariants.ts';
import type { Takes } from './takes.ts';

/** One tick of the holder is at most so long behind the one before, while all is well. */
const TICK_GAP_MS = 15_000;
const TICK_MS = 5000;

export interface FlushWatchOptions {
  readonly truth: Truth;
  readonly alerts: ReadonlyMap<string, KnownAlert>;
  readonly mutes: Mutes;
  readonly takes: Takes;
  readonly nowMs: () => number;
  readonly skewMs: number;
}

/** When the tick began that makes a flush: on the wall, and by its own clock. */
export interface TickBegin {
  readonly wallMs: number;
  readonly clockMs: number;
}

/** What goes into the outbox, and what has to: nothing that is muted, nothing twice, nothing but what is so, and all that is due. */
export class FlushInvariants {
  readonly byId = new Map<string, SeenNotification>();
  /** Not surely handed to the fan-out. */
  readonly unmarked = new Set<string>();
  private readonly byGroup = new Map<string, SeenNotification[]>();
  /** By integration and alert: what notifications say of it, the newest last. */
  private readonly told = new Map<string, { readonly status: 'firing' | 'resolved'; readonly seen: SeenNotification }[]>();
  private readonly escalations: EscalationInvariants;
  private readonly dueSinceMs = new Map<string, number>();
  private lastGoodTickMs = -Infinity;
  private readonly options: FlushWatchOptions;

  constructor(options: FlushWatchOptions) {
    this.options = options;
    this.escalations = new EscalationInvariants(options);
  }

  /** `tick`: that of the process that wrote; undefined when nobody knows it. */
  written(writes: readonly ItemWrite[], tick: TickBegin | undefined): void {
    for (const write of writes) {
      if ('put' in write && write.put.pk.startsWith('outbox#unpublished')) this.enqueued(write.put, tick);
      if ('remove' in write && write.remove.pk.startsWith('outbox#unpublished')) this.unmarked.delete(write.remove.sk.split('#')[1] as string);
    }
  }

  /** Whether the last that was told of an alert is that it fires, and was refused for good, perhaps after it had arrived: nobody tells of its end. */
  isRefused(integration: string, key: string): boolean {
    const last = this.told.get(`${integration} ${key}`)?.at(-1);
    return last?.status === 'firing' && last.seen.state === 'failed';
  }

  /** When it was last told that an alert fires; undefined: never. */
  toldFiringAtMs(integration: string, key: string): number | undefined {
    return this.told.get(`${integration} ${key}`)?.findLast(({ status }) => status === 'firing')?.seen.madeAtMs;
  }

  /** What was told last of an alert, but for what was refused: who has refused an end believes what was told before. */
  private lastTold(integration: string, key: string): 'firing' | 'resolved' | undefined {
    return this.told.get(`${integration} ${key}`)?.findLast(({ status, seen }) => status === 'firing' || seen.state !== 'failed')?.status;
  }

  /** A tick of the holder has ended; `isGood`: nothing went wrong in it. */
  ticked(isGood: boolean): void {
    const nowMs = this.options.nowMs();
    const isGap = !isGood || nowMs - this.lastGoodTickMs > TICK_GAP_MS;
    if (isGap) this.dueSinceMs.clear();
    if (!isGood) return;
    this.lastGoodTickMs = nowMs;
    this.escalations.ticked(nowMs, TICK_GAP_MS, isGap);
    for (const alert of this.options.alerts.values()) for (const integration of integrationsFor(alert.expected.labels)) this.lookForDue(alert, integration, nowMs);
  }

  private lookForDue(alert: KnownAlert, integration: string, nowMs: number): void {
    const place = `${integration} ${alert.key}`;
    const { skewMs, mutes } = this.options;
    const isDue = alert.state?.phase === 'firing' && this.lastTold(integration, alert.key) !== 'firing' && !mutes.mayBeMuted(alert, { fromMs: nowMs - skewMs - TICK_GAP_MS, toMs: nowMs + skewMs });
    if (!isDue) return void this.dueSinceMs.delete(place);
    const sinceMs = this.dueSinceMs.get(place) ?? nowMs;
    this.dueSinceMs.set(place, sinceMs);
    const limitMs = FLUSH_TIMES.groupWaitMs + FLUSH_TIMES.groupIntervalMs + 2 * TICK_MS + 4 * skewMs;
    if (nowMs - sinceMs > limitMs) this.violate('every due alert is told of', `${alert.key} fires since ${alert.state?.firedAtMs}, ${integration} was told nothing for ${nowMs - sinceMs} ms of good ticks`);
  }

  private enqueued(item: Item, tick: TickBegin | undefined): void {
    const seen = seenNotification(item, this.options.nowMs());
    this.unmarked.add(seen.id);
    const before = this.byId.get(seen.id);
    if (before !== undefined) {
      if (before.body !== seen.body) this.violate('one id, one body', `${seen.id} was made with two bodies: ${before.body} and ${seen.body}`);
      return;
    }
    this.byId.set(seen.id, seen);
    const place = `${seen.integration} ${seen.groupId}`;
    const earlier = this.byGroup.get(place) ?? [];
    this.byGroup.set(place, [...earlier, seen]);
    this.checkOrder(seen, earlier);
    for (const { key, status } of seen.alerts) this.checkAlert(seen, key, status, tick);
    for (const { key, status } of seen.alerts) this.told.set(`${seen.integration} ${key}`, [...(this.told.get(`${seen.integration} ${key}`) ?? []), { status, seen }]);
    if (tick === undefined) return;
    this.escalations.enqueued(seen, tick);
    this.checkRepeat(seen, earlier.at(-1), tick);
  }

  private checkOrder(seen: SeenNotification, earlier: readonly SeenNotification[]): void {
    const last = earlier.at(-1);
    if (last !== undefined && last.sequence >= seen.sequence) this.violate('sequences only grow', `${seen.id} has ${seen.sequence} after ${last.sequence}`);
    if (seen.status === 'resolved' && !earlier.some(({ status }) => status === 'firing')) this.violate('an end follows a beginning', `${seen.id} tells ${seen.integration} of an end alone: ${seen.body}`);
    if (!hearsEnds(seen.integration) && seen.alerts.some(({ status }) => status === 'resolved')) this.violate('ends go to those who want them', `${seen.id} to ${seen.integration}`);
  }

  private checkAlert(seen: SeenNotification, key: string, status: 'firing' | 'resolved', tick: TickBegin | undefined): void {
    const { alerts, mutes, nowMs } = this.options;
    const alert = alerts.get(key);
    if (alert === undefined || !mayHear(alert.expected.labels, seen.integration)) return this.violate('receivers are those of the route', `${seen.integration} is told of ${key}`);
    if (tick === undefined) return this.violate('only ticks make notifications', seen.id);
    const window = { fromMs: tick.wallMs, toMs: nowMs() };
    const isSo = phasesIn(alert, window).some((phase) => (phase === 'firing') === (status === 'firing'));
    if (!isSo) this.violate('notifications tell what is so', `${seen.id} says ${key} is ${status}, it is ${alert.state?.phase}`);
    if (mutes.isSilenced(alert, tick.clockMs, tick.wallMs)) this.violate('a silenced alert tells nobody', `${seen.id} tells ${seen.integration} that ${key} is ${status}`);
    if (mutes.isInhibited(alert, window)) this.violate('an inhibited alert tells nobody', `${seen.id} tells ${seen.integration} that ${key} is ${status}`);
    return undefined;
  }

  /** The same again is news only after the repeat interval, or when it was refused before. */
  private checkRepeat(seen: SeenNotification, last: SeenNotification | undefined, tick: TickBegin): void {
    // Who hears of no ends is told the same of the next beginning.
    if (last === undefined || last.state === 'failed' || last.state === 'superseded' || !hearsEnds(seen.integration)) return;
    const told = new Map(last.alerts.map(({ key, status }) => [key, status]));
    if (!seen.alerts.every(({ key, status }) => told.get(key) === status)) return;
    const isDue = last.sentAtMs !== undefined && tick.clockMs - last.sentAtMs >= FLUSH_TIMES.repeatIntervalMs;
    // A part of what was told before may be news: that the other part fires no more.
    const isLess = seen.status === 'resolved' && last.status === 'firing';
    const firing = seen.alerts.filter(({ status }) => status === 'firing').map(({ key }) => this.options.alerts.get(key));
    const isTaken = firing.every((alert) => alert !== undefined && this.options.takes.isTaken(alert, tick));
    if (isTaken && !isLess && seen.status === 'firing') this.violate('what somebody has taken on is not repeated', `${seen.id} tells ${seen.integration} the same as ${last.id}, ${last.state}`);
    if (!isDue && !isLess && seen.status === 'firing') this.violate('nothing is repeated before its time', `${seen.id} tells ${seen.integration} the same as ${last.id}, ${last.state}, at ${last.sentAtMs}, now ${tick.clockMs}`);
  }

  private violate(invariant: string, message: string): void {
    this.options.truth.violate(new Violation(invariant, message));
  }
}

const mayHear = (labels: Readonly<Record<string, string>>, integration: string): boolean => integrationsFor(labels).includes(integration) || (integration === LEADS_HOOK && escalates(labels));
