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
  /** A record that does not decode; one that ends the process that decodes it. Direct senders alone. */
  readonly poison: number;
  readonly killer: number;
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
}

export const START_MS = Date.UTC(2026, 2, 1, 10, 59, 30);

/** What a seed stands for. Each kind of fault is missing from many scenarios, so that none hides behind another. */
export const drawScenario = (seed: number): Scenario => {
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
    content: { late: some(0.5, 0.05, 0.5), edge: some(0.3, 0.05, 0.5), conflict: some(0.5, 0.1, 0.6), poison: some(0.3, 0.05, 0.4), killer: some(0.2, 0.05, 0.3) },
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
