import { makeKinesisPut } from '../../shared/aws/stream-kinesis.ts';
import { Alerts } from './alerting/alerts.ts';
import { openClientSender } from './client-sender.ts';
import { Content } from './content.ts';
import { openDirectSender } from './direct-sender.ts';
import { Faults } from './faults.ts';
import { IngestHost } from './ingest-host.ts';
import { Invariants } from './invariants.ts';
import { openLineSender } from './line-sender.ts';
import { never, SimProcess } from './process.ts';
import type { Pace } from './pace.ts';
import { openReader, type Read, type ReaderParts, runReader } from './reader.ts';
import { runRoadWalker } from './road-walker.ts';
import { type Scenario, type SenderPlan, START_MS } from './scenario.ts';
import { Scheduler } from './scheduler.ts';
import { runSender, type SenderSession } from './sender.ts';
import { SimItems } from './sim-items.ts';
import { simKinesis } from './sim-kinesis.ts';
import { SimMapping } from './sim-mapping.ts';
import { SimObjects } from './sim-objects.ts';
import { SimStream } from './sim-stream.ts';
import { Storage } from './storage.ts';
import { StoreHost } from './store-host.ts';
import { type ArrivedRecord, Truth, Violation } from './truth.ts';

/** From the last fault to the watermark past it: a minute to list the shards, some ticks, slow calls and back-offs before. */
const DRAIN_MS = 240_000;
const DRAIN_TICKS = 3;
const READ_PAUSE_MS = 12_000;
/** Where evaluators read all the time. */
const SELDOM_MS = 90_000;

/** A whole installation in memory, and the people around it. */
export class World {
  readonly scheduler: Scheduler;
  readonly truth = new Truth();
  private readonly scenario: Scenario;
  private readonly faults: Faults;
  private readonly stream: SimStream;
  private readonly objects = new SimObjects();
  private readonly items = new SimItems();
  private readonly mapping: SimMapping;
  private readonly invariants: Invariants;
  private readonly readerParts: ReaderParts;
  private readonly storage: Storage | undefined;
  private readonly alerts: Alerts | undefined;
  private readonly pace: Pace;
  private sending = 0;

  constructor(scenario: Scenario, keepLines = false) {
    const { seed, calls, outages, shards, mapping, oneProcess } = scenario;
    this.scenario = scenario;
    this.scheduler = new Scheduler(seed, START_MS, keepLines);
    this.faults = new Faults(this.scheduler, calls, outages);
    this.stream = new SimStream(shards, this.scheduler.random, this.scheduler.nowMs);
    this.stream.onAppend = (shard, record) => {
      this.truth.arrive(shard.shardId, record);
      this.alerts?.arrived(this.truth.arrived.at(-1) as ArrivedRecord);
    };
    const { faults, objects, items, truth } = this;
    this.mapping = new SimMapping(this.stream, new StoreHost({ faults, objects, items, truth, oneProcess }), faults, mapping);
    this.invariants = new Invariants(truth, objects, items, () => this.scheduler.events);
    const { compaction, tickMs } = scenario;
    this.pace = { tickMs, readPauseMs: compaction?.readPauseMs ?? (scenario.alerts === undefined ? READ_PAUSE_MS : SELDOM_MS), compactMs: compaction?.everyMs ?? 0, working: never };
    const { pace } = this;
    this.readerParts = { faults, objects, items, truth, pace, check: (read) => this.invariants.checkRead(read) };
    this.alerts = scenario.alerts === undefined ? undefined : new Alerts({ faults, stream: this.stream, objects, items, truth, partialPut: scenario.partialPut }, scenario.alerts);
    this.storage = compaction === undefined ? undefined : new Storage({ faults, objects, items, truth, pace }, compaction);
  }

  /** Lives through the scenario, and stops at the first violation. */
  async run(): Promise<Violation | undefined> {
    const { scheduler, scenario, truth } = this;
    this.startActors();
    const violated = (): boolean => truth.violation !== undefined;
    await scheduler.run(violated, START_MS + scenario.activeMs);
    this.faults.stop();
    if (!violated()) await this.alerts?.comeToRest();
    const calmMs = scheduler.nowMs();
    if (!violated()) {
      const drainMs = DRAIN_MS + DRAIN_TICKS * scenario.tickMs;
      const end = await scheduler.run(() => violated() || this.drained(calmMs), calmMs + drainMs);
      if (end !== 'reached') truth.violate(new Violation('the road drains', `${drainMs / 1000} s after the last fault ${this.describeRest(calmMs)}`));
    }
    // Rules go on making samples while this is read.
    const delivered = [...truth.arrived];
    const check = (read: Read): void => {
      this.invariants.checkEnd(read, delivered);
      this.alerts?.checkEnd();
    };
    if (!violated()) await this.readLast(check);
    if (this.storage !== undefined) await this.restAfter(this.storage);
    return truth.violation;
  }

  private startActors(): void {
    const { scenario, faults, stream, items, scheduler } = this;
    const { partialPut, readers, reshards, activeMs, senders } = scenario;
    const ingest = new IngestHost({ faults, stream, partialPut });
    this.watch(this.mapping.run());
    // Evaluators walk the road themselves.
    if (this.alerts === undefined) this.watch(runRoadWalker({ faults, stream, items, partialPut, pace: this.pace }));
    for (const actor of this.alerts?.actors() ?? []) this.watch(actor);
    for (let i = 0; i < readers; i++) this.watch(runReader(this.readerParts, `reader-${i}`));
    for (const actor of this.storage?.actors() ?? []) this.watch(actor);
    for (let i = 0; i < reshards; i++) scheduler.after(scheduler.random.int(1, activeMs), 'reshard', () => stream.reshard());
    senders.forEach((plan, i) => {
      this.sending++;
      this.watch(this.runSender(plan, `host${i}`, ingest).then(() => this.sending--));
    });
  }

  private runSender(plan: SenderPlan, host: string, ingest: IngestHost): Promise<void> {
    const { faults, stream, scheduler, truth, scenario } = this;
    const { partialPut, content: rates } = scenario;
    const parts = { scheduler, truth, content: new Content(scheduler.random, rates) };
    const open = (process: SimProcess): SenderSession => {
      if (plan.kind === 'client') return openClientSender(parts, ingest, process, plan.skewMs);
      if (plan.kind === 'lines') return openLineSender(parts, ingest, process);
      const pacing = { sleep: scheduler.sleep, random: () => scheduler.random.next() };
      return openDirectSender(parts, makeKinesisPut(simKinesis(stream, { faults, process, partialPut }), 'stream', pacing), process, rates);
    };
    return runSender(parts, plan, host, open);
  }

  private drained(calmMs: number): boolean {
    return this.sending === 0 && this.mapping.idle && this.invariants.watermarkPassed(calmMs);
  }

  private describeRest(calmMs: number): string {
    const marks = this.items.query('watermark').map(({ sk, attributes }) => `${sk} ${(Number(attributes['watermarkMs']) - calmMs) / 1000} s`);
    return `${this.sending} senders have samples, the mapping is ${this.mapping.idle ? '' : 'not '}idle, watermarks against then: ${marks.join(', ')}`;
  }

  private async readLast(check: (read: Read) => void): Promise<void> {
    await this.finish(openReader({ ...this.readerParts, check }, new SimProcess('last-reader'))(undefined));
  }

  /** The compactor comes to rest; then PromQL and SQL answer alike, once more after each tier that expires. */
  private async restAfter(storage: Storage): Promise<void> {
    const look = async (): Promise<void> => {
      let last: Read | undefined;
      await this.readLast((read) => {
        this.invariants.checkEnd(read);
        last = read;
      });
      if (last !== undefined) await this.finish(storage.look(last));
    };
    const violated = (): boolean => this.truth.violation !== undefined;
    if (!violated()) await storage.comeToRest();
    if (!violated()) await look();
    if (!violated()) await storage.passDays(look);
  }

  private async finish(work: Promise<unknown>): Promise<void> {
    const { scheduler, truth } = this;
    let over = false;
    this.watch(work.then(() => (over = true)));
    await scheduler.run(() => over || truth.violation !== undefined, Number.POSITIVE_INFINITY);
  }

  /** What an actor throws is a violation: each is to get over everything that the simulation does to it. */
  private watch(actor: Promise<unknown>): void {
    actor.catch((error: unknown) => this.truth.violate(error instanceof Violation ? error : new Violation('actors never reject', String((error as Error).stack))));
  }
}
