import { isStale, numberOf, type ValueBits } from '../sample.ts';

interface ArrivedSample {
  readonly tMs: number;
  /** Undefined is a stale marker. */
  readonly value: number | undefined;
  readonly arrivalMs: number;
  readonly record: string;
}

/** How late a sample may arrive and still count (design 7). */
const LATENESS_MS = 15_000;
const LOOKBACK_MS = 300_000;

/** Values that a series may show at a time; undefined stands for none. */
export type Possible = ReadonlySet<number | undefined>;

/** What arrived of the targets' series, and what an evaluation can have seen of it. */
export class TargetTruth {
  /** Records that were given up: nobody promises to store their samples. */
  readonly gaps = new Set<string>();
  private readonly series = new Map<string, ArrivedSample[]>();

  arrived(identity: string, bits: ValueBits, arrivalMs: number, record: string): void {
    const cut = identity.lastIndexOf(' ');
    const name = identity.slice(0, cut);
    const value = isStale(bits) ? undefined : numberOf(bits.low, bits.high);
    const samples = this.series.get(name) ?? [];
    this.series.set(name, samples);
    samples.push({ tMs: Number(identity.slice(cut + 1)), value, arrivalMs, record });
  }

  /**
   * What an instant selector of a slot may give at a time up to it. What arrived within the lateness of the slot is surely seen by
   * an evaluation that waits; what came later may be. `isPartial`: nothing is sure.
   */
  possible(name: string, slotMs: number, isPartial = false, atMs = slotMs): Possible {
    const within = (this.series.get(name) ?? []).filter(({ tMs }) => tMs <= atMs && tMs > atMs - LOOKBACK_MS);
    let sure: ArrivedSample | undefined;
    for (const sample of within) if (this.isSure(sample, slotMs, isPartial) && (sure === undefined || sample.tMs > sure.tMs)) sure = sample;
    const values = new Set<number | undefined>([sure?.value]);
    for (const sample of within) if (sure === undefined || sample.tMs > sure.tMs) values.add(sample.value);
    return values;
  }

  /** Whether a range of a slot surely holds a sample, and whether it may. */
  holds(name: string, slotMs: number, rangeMs: number, isPartial = false): { readonly surely: boolean; readonly maybe: boolean } {
    const within = (this.series.get(name) ?? []).filter(({ tMs, value }) => value !== undefined && tMs <= slotMs && tMs > slotMs - rangeMs);
    return { surely: within.some((sample) => this.isSure(sample, slotMs, isPartial)), maybe: within.length > 0 };
  }

  private isSure({ arrivalMs, record }: ArrivedSample, slotMs: number, isPartial: boolean): boolean {
    return !isPartial && arrivalMs <= slotMs + LATENESS_MS && !this.gaps.has(record);
  }
}
