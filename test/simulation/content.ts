import type { Random } from './random.ts';
import { bitsOfNumber, type SimSample, STALE, type ValueBits } from './sample.ts';
import type { ContentRates } from './scenario.ts';
import { ARRIVAL_MARGIN_MS, DEFAULT_SAMPLE_LIMITS } from '../../shared/protocols/limits.ts';

export const METRICS = ['w', 'x', 'y'] as const;

const HOUR_MS = 3_600_000;
const PLAIN_VALUES = [0, 1, 2.5, -3.25, 0.1, 1e21, 123_456_789, 5e-324, -1e308] as const;
const ODD_VALUES = [-0, Infinity, -Infinity, NaN] as const;
/** A NaN with a payload of its own. */
const ODD_NAN: ValueBits = { low: 0xdead, high: 0x7ff80001 };

export interface DrawnSample extends SimSample {
  /** Whether it may be refused for its time. */
  readonly risky: boolean;
}

/** Draws samples as senders have them. */
export class Content {
  private readonly random: Random;
  private readonly rates: ContentRates;

  constructor(random: Random, rates: ContentRates) {
    this.random = random;
    this.rates = rates;
  }

  /** `raw` senders write every bit pattern, the others numbers. */
  sample(host: string, nowMs: number, raw: boolean): DrawnSample {
    const { random, rates } = this;
    const shared = random.chance(rates.conflict);
    const { tMs, risky } = shared ? { tMs: Math.floor(nowMs / rates.sharedMs) * rates.sharedMs, risky: false } : this.time(nowMs);
    const labels: Record<string, string> = shared ? { host: 'shared' } : { host, i: String(random.int(0, 1)) };
    return { metric: random.pick(METRICS), labels, tMs, risky, ...this.value(raw) };
  }

  private time(nowMs: number): { readonly tMs: number; readonly risky: boolean } {
    const { random, rates } = this;
    if (random.chance(rates.edge)) {
      const { ageMs, futureMs } = DEFAULT_SAMPLE_LIMITS;
      const margin = random.pick([0, ARRIVAL_MARGIN_MS]);
      const edges = [
        nowMs - ageMs - margin + random.int(-2000, 20_000),
        nowMs + futureMs + margin + random.int(-2000, 2000),
        nowMs - ageMs - HOUR_MS,
        nowMs + futureMs + HOUR_MS,
      ];
      return { tMs: random.pick(edges), risky: true };
    }
    const ageMs = random.chance(rates.late) ? random.pick([HOUR_MS, 3 * HOUR_MS, 50 * HOUR_MS]) : 0;
    return { tMs: nowMs - ageMs - random.int(0, 10_000), risky: false };
  }

  private value(raw: boolean): ValueBits {
    const { random } = this;
    if (random.chance(0.5)) return bitsOfNumber(random.int(-1000, 1000));
    if (!raw || random.chance(0.5)) return bitsOfNumber(random.pick(PLAIN_VALUES));
    return random.chance(0.5) ? bitsOfNumber(random.pick(ODD_VALUES)) : random.pick([STALE, ODD_NAN]);
  }
}
