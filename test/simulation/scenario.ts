import { type AlertPlan, drawAlertOutages, drawAlerts } from './alerting/alert-plan.ts';
import { CALL_FAULTS, type CallFault, type Outage, PARTS } from './faults.ts';
import { Random } from './random.ts';
import type { MappingPlan } from './sim-mapping.ts';

export const SENDER_KINDS = ['client', 'lines', 'direct'] as const;
export type SenderKind = (typeof SENDER_KINDS)[number];

export interface SenderPlan {
  readonly kind: SenderKind;
  readonly flushes: number;
  readonly samples: number;
  readonly intervalMs: number;
  /** How far its clock is ahead. */
  readonly skewMs: number;
}

/** Probabilities per sample or record. */
export interface ContentRates {
  /** Hours or days old. */
  readonly late: number;
  /** On the edge of what is taken, or beyond. */
  readonly edge: number;
  /** Of a series and time that others write too. */
  readonly conflict: number;
  /** The times of such samples are multiples of this. */
  readonly sharedMs: number;
  /** A record that does not decode; one that ends the process that decodes it. Direct senders alone. */
  readonly poison: number;
  readonly killer: number;
}

/** The compactor, and how long the world goes on for it. */
export interface CompactionPlan {
  readonly compactors: number;
  /** Until the next run at most, while senders send. */
  readonly everyMs: number;
  readonly buckets: number;
  readonly openHotFiles: number;
  readonly maxRows: number;
  /** Probability per call that the process stands still for about a grace, and then goes on. */
  readonly stall: number;
  readonly sqlReaders: number;
  /** Whether SQL goes by a view with a boundary between sealed and open hours, as on AWS; else it plans each statement. */
  readonly view: boolean;
  readonly readPauseMs: number;
  /** In the end days pass: days are rolled up, and tiers expire one after the other. */
  readonly daysPass: boolean;
}

/** Everything that a run is made of; plain JSON, so that a shrunken one can be replayed. */
export interface Scenario {
  /** Of the schedule: who goes first, how long each call takes, which call goes wrong. */
  readonly seed: number;
  readonly shards: number;
  readonly reshards: number;
  readonly activeMs: number;
  readonly tickMs: number;
  readonly readers: number;
  readonly senders: readonly SenderPlan[];
  readonly content: ContentRates;
  readonly mapping: MappingPlan;
  readonly oneProcess: boolean;
  readonly partialPut: number;
  readonly calls: Readonly<Record<CallFault, number>>;
  readonly outages: readonly Outage[];
  /** Undefined where the road ends with the store. */
  readonly compaction?: CompactionPlan | undefined;
  /** Undefined where nobody evaluates rules. */
  readonly alerts?: AlertPlan | undefined;
}

export const START_MS = Date.UTC(2026, 2, 1, 10, 59, 30);

/** What a seed stands for. Each kind of fault is missing from many scenarios, so that none hides behind another. */
export const drawScenario = (seed: number): Scenario => {
  const road = drawRoad(seed);
  const random = new Random(seed ^ 0xc0de);
  if (random.chance(COMPACTION_SHARE)) return withCompaction(road, random);
  return random.chance(ALERTS_SHARE) ? withAlerts(road, random) : road;
};

/** They take several times as long as the others. */
const COMPACTION_SHARE = 0.25;
/** Of the others. Minutes of rules take several times as long as a minute of the road. */
const ALERTS_SHARE = 0.18;
const HOUR_MS = 3_600_000;

/** The same road in hours instead of a minute, so that hours close and grace is over while things still happen. */
const withCompaction = (road: Scenario, random: Random): Scenario => {
  const activeMs = random.pick([1, 2, 3]) * HOUR_MS;
  const intervals = [10_000, 300_000, activeMs / 5];
  return {
    ...road,
    activeMs,
    tickMs: random.pick([300_000, 600_000]),
    readers: 1,
    shards: Math.min(road.shards, 2),
    content: { ...road.content, sharedMs: random.pick([20_000, 1_200_000]) },
    senders: road.senders.map((plan) => ({ ...plan, intervalMs: random.pick(intervals) })),
    outages: road.outages.map((outage): Outage => {
      const fromMs = START_MS + random.int(0, activeMs);
      return { ...outage, fromMs, untilMs: fromMs + random.int(60_000, 1_200_000) };
    }),
    compaction: {
      compactors: random.pick([1, 1, 2]),
      everyMs: random.pick([300_000, 600_000, 1_200_000]),
      buckets: random.int(1, 3),
      openHotFiles: random.pick([1, 2, 4, 60]),
      maxRows: random.pick([2, 1_000_000]),
      stall: random.chance(0.25) ? random.pick([0.003, 0.02]) : 0,
      sqlReaders: random.int(0, 1),
      view: random.chance(0.5),
      readPauseMs: random.pick([300_000, 1_500_000]),
      daysPass: random.chance(0.15),
    },
  };
};

/** The same road for some minutes, with few samples of others beside those of the targets. */
const withAlerts = (road: Scenario, random: Random): Scenario => {
  const activeMs = random.int(2, 4) * 60_000;
  // Rates are per call, and there are many more calls.
  const calls = Object.fromEntries(CALL_FAULTS.map((fault) => [fault, road.calls[fault] / random.pick([1, 2, 5])])) as Record<CallFault, number>;
  const calm = CALL_FAULTS.every((fault) => road.calls[fault] === 0);
  return {
    ...road,
    activeMs,
    readers: 1,
    shards: Math.min(road.shards, 2),
    reshards: Math.min(road.reshards, 1),
    content: { ...road.content, poison: 0, killer: 0 },
    // One record at a time would never catch up with the heartbeats of several evaluators.
    mapping: { ...road.mapping, batchRecords: Math.max(road.mapping.batchRecords, 20) },
    senders: road.senders.slice(0, random.int(0, 1)).map((plan) => ({ ...plan, flushes: Math.min(plan.flushes, 2) })),
    calls,
    outages: drawAlertOutages(random, START_MS, activeMs),
    alerts: drawAlerts(random, START_MS, activeMs, calm),
  };
};

const drawRoad = (seed: number): Scenario => {
  const random = new Random(seed ^ 0x5eed);
  const some = (share: number, low: number, high: number): number => (random.chance(share) ? low + random.next() * (high - low) : 0);
  const activeMs = random.int(10, 60) * 1000;
  const calm = random.chance(0.1);
  const rate = (share: number, high: number): number => (calm ? 0 : some(share, high / 10, high));
  return {
    seed,
    shards: random.int(1, 3),
    reshards: random.chance(0.4) ? random.int(1, 3) : 0,
    activeMs,
    tickMs: random.pick([5000, 10_000, 20_000, 20_000]),
    readers: random.int(1, 2),
    senders: Array.from({ length: random.int(1, 3) }, (): SenderPlan => ({
      kind: random.pick(SENDER_KINDS),
      flushes: random.int(1, 5),
      samples: random.int(1, 6),
      intervalMs: random.pick([1000, 5000, 10_000]),
      skewMs: random.chance(0.3) ? random.int(-600_000, 600_000) : 0,
    })),
    content: { late: some(0.5, 0.05, 0.5), edge: some(0.3, 0.05, 0.5), conflict: some(0.5, 0.1, 0.6), sharedMs: 20_000, poison: some(0.3, 0.05, 0.4), killer: some(0.2, 0.05, 0.3) },
    mapping: { batchRecords: random.pick([1, 3, 10, 100]), windowMs: random.pick([10, 1000, 5000]), timeOut: rate(0.3, 0.3), loseOutcome: rate(0.3, 0.3), again: rate(0.4, 0.4) },
    oneProcess: random.chance(0.4),
    partialPut: rate(0.4, 0.4),
    calls: Object.fromEntries(CALL_FAULTS.map((fault) => [fault, rate(0.4, 0.05)])) as Record<CallFault, number>,
    outages: PARTS.filter(() => !calm && random.chance(0.15)).map((part): Outage => {
      const fromMs = START_MS + random.int(0, activeMs);
      return { part, fromMs, untilMs: fromMs + random.int(1000, 30_000) };
    }),
  };
};
