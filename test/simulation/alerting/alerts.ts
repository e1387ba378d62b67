import type { PublishedNotification } from '../../../shared/alerting/publish.ts';
import { makeKinesisPut } from '../../../shared/aws/stream-kinesis.ts';
import type { ItemWrite } from '../../../shared/catalog/item-table.ts';
import type { Faults } from '../faults.ts';
import type { SimProcess } from '../process.ts';
import { SimItems } from '../sim-items.ts';
import { simKinesis } from '../sim-kinesis.ts';
import type { SimObjects } from '../sim-objects.ts';
import type { SimStream } from '../sim-stream.ts';
import { type ArrivedRecord, type Truth, Violation } from '../truth.ts';
import { escalates, hearsEnds, integrationsFor, LEADS_HOOK } from './alert-files.ts';
import type { AlertPlan } from './alert-plan.ts';
import { DeliveryInvariants } from './delivery-invariants.ts';
import { EvaluatorHost } from './evaluator-host.ts';
import { expectedAlerts } from './expected-alerts.ts';
import { FlushInvariants } from './flush-invariants.ts';
import { HistoryInvariants } from './history-invariants.ts';
import { MadeSeries } from './made-series.ts';
import { Mutes } from './mutes.ts';
import { makeNotifyHost } from './notify-host.ts';
import { OwnInvariants } from './own-invariants.ts';
import { runPerson, runTaker } from './person.ts';
import { SimReceivers } from './sim-receivers.ts';
import { SimTopic } from './sim-topic.ts';
import { type KnownAlert, StateInvariants } from './state-invariants.ts';
import { Takes } from './takes.ts';
import { runTarget } from './target-sender.ts';
import { TargetTruth } from './target-truth.ts';

export interface AlertsParts {
  readonly faults: Faults;
  readonly stream: SimStream;
  readonly objects: SimObjects;
  readonly items: SimItems;
  readonly truth: Truth;
  readonly partialPut: number;
}

/** Retries wait for as long as an outage was, at most; two schedules, and what slots and groups wait for. */
const REST_MS = 900_000;
const LOOK_MS = 10_000;
/** Long enough for what comes late, and for the beginning of a repetition. */
const QUIET_LOOKS = 4;
/** A cursor is at most so far behind the clock when nothing is wrong. */
const CURSOR_LAG_MS = 60_000;

/** Targets, rules, evaluators, the fan-out and its receivers, and all that is held against them. */
export class Alerts {
  private readonly parts: AlertsParts;
  private readonly plan: AlertPlan;
  private readonly table = new SimItems();
  private readonly targets = new TargetTruth();
  private readonly states: StateInvariants;
  private readonly mutes: Mutes;
  private readonly flushes: FlushInvariants;
  private readonly deliveries: DeliveryInvariants;
  private readonly made: MadeSeries;
  private readonly takes = new Takes();
  private readonly history = new HistoryInvariants();
  private readonly own: OwnInvariants;
  private readonly evaluators: EvaluatorHost;
  private readonly topic: SimTopic;
  private isOver = false;

  constructor(parts: AlertsParts, plan: AlertPlan) {
    const { faults, truth, items } = parts;
    const { nowMs } = faults.scheduler;
    const { targets, skewMs } = plan;
    this.parts = parts;
    this.plan = plan;
    this.made = new MadeSeries(truth, this.targets, targets);
    const done = new Set<number>();
    this.states = new StateInvariants({
      truth,
      expected: expectedAlerts(targets, this.targets, done),
      nowMs,
      skewMs,
      failedReads: () => this.evaluators.failedReads,
      slotDone: (group, slotMs, isSure) => {
        if (!isSure) return;
        if (group === 'load') done.add(slotMs);
        this.made.slotDone(group, slotMs, [...this.states.alerts.values()]);
      },
    });
    const { alerts } = this.states;
    this.mutes = new Mutes(alerts);
    this.flushes = new FlushInvariants({ truth, alerts, mutes: this.mutes, takes: this.takes, nowMs, skewMs });
    this.own = new OwnInvariants({ truth, alerts, nowMs, skewMs, watermarkAgeMs: () => watermarkAgeMs(items, nowMs()) });
    this.deliveries = new DeliveryInvariants({ truth, notifications: this.flushes.byId, nowMs });
    const receivers = new SimReceivers(faults, plan.answers, this.deliveries);
    this.topic = new SimTopic(faults, plan, makeNotifyHost({ faults, alerts: this.table, receivers, watch: this.deliveries, skewMs }));
    const publish = (notification: PublishedNotification): void => {
      this.deliveries.handedOver(notification.id, JSON.stringify(notification));
      this.topic.accept(notification);
    };
    this.evaluators = new EvaluatorHost({ ...parts, alerts: this.table, plan, publish, onTick: (report) => report?.held !== false && this.flushes.ticked(report?.errors.length === 0) });
    this.table.watchers.push((writes, process) => this.written(writes, process));
    items.watchers.push((writes) => {
      for (const write of writes) if ('put' in write && write.put.pk === 'gaps') this.targets.gaps.add(write.put.sk);
    });
  }

  arrived({ within, arrivalMs, shardId, sequence }: ArrivedRecord): void {
    for (const [identity, bits] of within) if (/^(?:up|load)\{/.test(identity)) this.targets.arrived(identity, bits, arrivalMs, `${shardId}/${sequence}`);
  }

  actors(): readonly Promise<unknown>[] {
    const { faults, stream, truth, partialPut } = this.parts;
    const { scheduler } = faults;
    const pacing = { sleep: scheduler.sleep, random: () => scheduler.random.next() };
    const openPut = (process: SimProcess) => makeKinesisPut(simKinesis(stream, { faults, process, partialPut }), 'stream', pacing);
    const { targets, scrapeMs, silences, takes } = this.plan;
    return [
      this.evaluators.run(),
      ...targets.map((target) => runTarget({ scheduler, truth, scrapeMs, openPut, isOver: () => this.isOver }, target)),
      ...silences.map((silence) => runPerson(faults, this.table, silence)),
      ...takes.map((take) => runTaker(faults, this.table, take, this.states.alerts)),
    ];
  }

  /** After the last fault: everybody has come to know what is so. The targets go on until then. */
  async comeToRest(): Promise<void> {
    const { scheduler } = this.parts.faults;
    const { truth } = this.parts;
    const untilMs = scheduler.nowMs() + REST_MS;
    for (let quiet = 0; quiet < QUIET_LOOKS && truth.violation === undefined; ) {
      await this.pass(LOOK_MS);
      const left = this.workLeft();
      quiet = left === undefined ? quiet + 1 : 0;
      if (left !== undefined && scheduler.nowMs() > untilMs) truth.violate(new Violation('everybody comes to know what is so', left));
    }
    this.isOver = true;
  }

  /** Once everything that was sent is stored. @throws Violation */
  checkEnd(): void {
    this.made.check();
    this.history.check(this.table);
  }

  private async pass(ms: number): Promise<void> {
    const { faults, truth } = this.parts;
    let isPast = false;
    faults.scheduler.after(ms, 'time passes', () => (isPast = true));
    await faults.scheduler.run(() => isPast || truth.violation !== undefined, Infinity);
  }

  private written(writes: readonly ItemWrite[], process: SimProcess | undefined): void {
    this.states.written(writes);
    this.own.written(writes);
    this.history.written(writes);
    this.takes.written(writes, this.parts.faults.scheduler.nowMs());
    for (const write of writes) if ('put' in write && write.put.pk === 'silence') this.mutes.silenceWritten(write.put, this.parts.faults.scheduler.nowMs());
    this.flushes.written(writes, this.evaluators.tickOf(process));
    this.deliveries.written(writes);
  }

  /** Why this is not the end yet. */
  private workLeft(): string | undefined {
    const nowMs = this.parts.faults.scheduler.nowMs();
    if (this.flushes.unmarked.size > 0) return `${this.flushes.unmarked.size} notifications are in the outbox`;
    if (this.topic.waiting > 0) return `${this.topic.waiting} messages wait in queues`;
    for (const group of ['targets', 'load'] as const) {
      const cursor = this.states.cursorOf(group);
      if (cursor === undefined || nowMs - cursor > CURSOR_LAG_MS) return `the cursor of ${group} is at ${cursor}, now is ${nowMs}`;
    }
    return this.deliveries.unended() ?? this.unknown(nowMs);
  }

  /** An alert of which somebody believes what is not so. */
  private unknown(nowMs: number): string | undefined {
    for (const alert of this.states.alerts.values()) {
      const isFiring = alert.state?.phase === 'firing';
      // Who is second need not know what has begun, or was taken on; what is over it knows.
      const second = escalates(alert.expected.labels) && !isFiring ? [LEADS_HOOK] : [];
      for (const integration of [...integrationsFor(alert.expected.labels), ...second]) {
        const believed = this.deliveries.believed(integration, alert.key);
        if (isFiring === (believed === 'firing') || this.isExcused(alert, integration, nowMs)) continue;
        return `${alert.key} is ${alert.state?.phase ?? 'not there'}, ${integration} believes ${believed ?? 'nothing'}`;
      }
    }
    return undefined;
  }

  /** Who was mute when it changed is told nothing of it. */
  private isExcused(alert: KnownAlert, integration: string, nowMs: number): boolean {
    const isFiring = alert.state?.phase === 'firing';
    if (!isFiring && (!hearsEnds(integration) || this.flushes.isRefused(integration, alert.key))) return true;
    // It may have come back since, unseen by any flush.
    const toldAtMs = this.flushes.toldFiringAtMs(integration, alert.key) ?? 0;
    const changedMs = alert.history.find(({ sinceMs, phase }) => sinceMs > toldAtMs && phase !== 'firing')?.sinceMs ?? 0;
    return this.mutes.mayBeMuted(alert, { fromMs: (isFiring ? nowMs : changedMs) - LOOK_MS - this.plan.skewMs, toMs: nowMs });
  }
}

const watermarkAgeMs = (items: SimItems, nowMs: number): number | undefined => {
  const marks = items.query('watermark').flatMap(({ attributes }) => attributes['watermarkMs'] ?? []).map(Number);
  return marks.length === 0 ? undefined : nowMs - Math.min(...marks);
};
