import { createEvaluateMemory, evaluateTick, type EvaluatePorts, type TickReport } from '../../../functions/evaluate/evaluate.ts';
import { runMinute } from '../../../functions/evaluate/run-minute.ts';
import type { PublishedNotification } from '../../../shared/alerting/publish.ts';
import { makeKinesisListShards, makeKinesisPut } from '../../../shared/aws/stream-kinesis.ts';
import { readOnce } from '../../../shared/catalog/read-once.ts';
import type { SelectSeries } from '../../../shared/promql/series-source.ts';
import { makePieceCache } from '../../../shared/storage/piece-cache.ts';
import { makeSelectSeries } from '../../../shared/storage/select-series.ts';
import type { Faults } from '../faults.ts';
import { never, SimProcess } from '../process.ts';
import type { SimItems } from '../sim-items.ts';
import { simKinesis } from '../sim-kinesis.ts';
import type { SimObjects } from '../sim-objects.ts';
import type { SimStream } from '../sim-stream.ts';
import { alertmanager, ruleSet } from './alert-files.ts';
import type { AlertPlan } from './alert-plan.ts';
import type { TickBegin } from './flush-invariants.ts';

export interface EvaluatorParts {
  readonly faults: Faults;
  readonly stream: SimStream;
  readonly objects: SimObjects;
  readonly items: SimItems;
  readonly alerts: SimItems;
  readonly partialPut: number;
  readonly plan: AlertPlan;
  readonly publish: (notification: PublishedNotification) => void;
  /** Told of every tick that ended, with the process that had it; undefined when it failed. */
  readonly onTick: (report: TickReport | undefined, process: SimProcess) => void;
}

const MINUTE_MS = 60_000;
const CACHE_BYTES = 4_000_000;
/** An invocation's time is over. */
const TIME_OUT_MS = 180_000;
const RESIDENT_TICK_MS = 5000;
const RESTART_MS = 20_000;
/** A second invocation of a minute follows within this. */
const TWICE_MS = 40_000;

/** Runs the evaluator, by schedule or for ever, in processes that may die. */
export class EvaluatorHost {
  /** Reads of samples by evaluators that have failed. */
  failedReads = 0;
  private readonly parts: EvaluatorParts;
  private readonly begins = new Map<SimProcess, TickBegin>();
  private started = 0;

  constructor(parts: EvaluatorParts) {
    this.parts = parts;
  }

  /** When the tick began in which a process is, or was. */
  tickOf(process: SimProcess | undefined): TickBegin | undefined {
    return process === undefined ? undefined : this.begins.get(process);
  }

  run(): Promise<never> {
    return this.parts.plan.resident ? this.runResident() : this.runSchedule();
  }

  /** Anywhere in each minute, at least once as a rule. */
  private async runSchedule(): Promise<never> {
    const { faults, plan } = this.parts;
    const { random, sleep, nowMs } = faults.scheduler;
    for (;;) {
      const startMs = Math.floor(nowMs() / MINUTE_MS) * MINUTE_MS;
      await sleep(random.int(0, startMs + MINUTE_MS - nowMs() - 1), 'schedule');
      if (!faults.chance(plan.lost)) void this.invoke();
      if (faults.chance(plan.twice)) faults.scheduler.after(random.int(1, TWICE_MS), 'schedule again', () => void this.invoke());
      await sleep(Math.max(1, startMs + MINUTE_MS - nowMs()), 'schedule');
    }
  }

  private async invoke(): Promise<void> {
    const { faults, plan } = this.parts;
    const { scheduler } = faults;
    const process = this.start();
    const killedMs = faults.chance(plan.killed) ? scheduler.random.int(1, TIME_OUT_MS) : TIME_OUT_MS;
    scheduler.after(killedMs, `kill ${process.name}`, () => process.die());
    const clockMs = this.clockOf(process);
    const sleep = async (ms: number): Promise<void> => {
      await scheduler.sleep(ms, process.name);
      if (!process.alive) await never();
    };
    const ended = await process.run(() => runMinute(this.ports(process), createEvaluateMemory(this.holder()), { nowMs: clockMs, sleep, onTick: (report) => this.parts.onTick(report, process) }));
    if (ended.end === 'failed') this.parts.onTick(undefined, process);
  }

  private async runResident(): Promise<never> {
    const { faults, plan } = this.parts;
    const { scheduler } = faults;
    for (;;) {
      const process = this.start();
      const ports = this.ports(process);
      const memory = createEvaluateMemory(this.holder());
      const clockMs = this.clockOf(process);
      await process.run(async () => {
        for (;;) {
          await scheduler.sleep(RESIDENT_TICK_MS, process.name);
          if (faults.chance(plan.killed / 20)) process.die();
          if (!process.alive) await never();
          // A tick that fails is made good by the next one.
          this.parts.onTick(await evaluateTick(ports, memory, { nowMs: clockMs() }).catch(() => undefined), process);
        }
      });
      await scheduler.sleep(scheduler.random.int(1, RESTART_MS), 'restart');
    }
  }

  private start(): SimProcess {
    return new SimProcess(`evaluate-${this.started++}`);
  }

  private holder(): string {
    return Buffer.from(this.parts.faults.scheduler.random.bytes(8)).toString('hex');
  }

  /** The process' clock, which is looked at when a tick begins. */
  private clockOf(process: SimProcess): () => number {
    const { faults, plan } = this.parts;
    const { scheduler } = faults;
    const skewMs = scheduler.random.int(-plan.skewMs, plan.skewMs);
    return () => {
      const wallMs = scheduler.nowMs();
      this.begins.set(process, { wallMs, clockMs: wallMs + skewMs });
      return wallMs + skewMs;
    };
  }

  private ports(process: SimProcess): EvaluatePorts {
    const { faults, stream, partialPut, items, alerts, publish } = this.parts;
    const { scheduler } = faults;
    const client = simKinesis(stream, { faults, process, partialPut });
    const objects = this.parts.objects.through(faults, process);
    const catalog = items.through(faults, process);
    const cache = makePieceCache(CACHE_BYTES);
    return {
      objects,
      removeObjects: objects.remove,
      alerts: alerts.through(faults, process, 'alerts'),
      catalog,
      openSelect: () => this.counted(makeSelectSeries({ objects, catalog: readOnce(catalog), cache, limits: { maxSamples: 1_000_000 } })),
      rules: async () => ruleSet,
      alertmanager: async () => alertmanager,
      putRecords: makeKinesisPut(client, 'stream', { sleep: scheduler.sleep, random: () => scheduler.random.next() }),
      listShards: makeKinesisListShards(client, 'stream'),
      publish: (notification) => faults.call(process, 'topic', `publish ${notification.id}`, () => publish(notification)),
      clockMs: scheduler.nowMs,
      externalUrl: 'http://tidemark',
    };
  }

  private counted(select: SelectSeries): SelectSeries {
    return async (request) => {
      try {
        return await select(request);
      } catch (error) {
        this.failedReads++;
        throw error;
      }
    };
  }
}
