import { STALE_HIGH, STALE_LOW } from '../model/stale.ts';
import type { NumberRuns, Numbers } from './column-values.ts';
import { NumberIds } from './number-ids.ts';
import { RunsBuilder } from './runs.ts';

/**
 * Values as `value = (vbase + vmul * voff) / vdiv`, with vbase, vmul and vdiv constant over a series, or as raw doubles.
 *
 * Bounds, so that no engine's int64 overflows and every step is exact in doubles (no integer beyond 2^53 can occur):
 * mantissas lie within ±2^51 and those of one series within 2^50 of each other; a series' voff starts within ±2^50 / vmul.
 * Hence |vmul * voff| <= 2^51, |vbase| < 2^52, and voff lies within ±2^51 as DELTA_BINARY_PACKED wants it.
 */
export interface ScaledColumns {
  readonly value: Numbers;
  readonly voff: Numbers;
  readonly vbase: NumberRuns;
  readonly vmul: NumberRuns;
  readonly vdiv: NumberRuns;
}

export const MANTISSA_MAX = 2 ** 51;
export const SPREAD_MAX = 2 ** 50;
/** Doubles of this size are the integers, so adding and subtracting it rounds what lies within ±2^51 to the nearest. */
const ROUNDER = 1.5 * 2 ** 52;
/** Division by 10^0..10^6: more decimals do not come in measurements, and the search costs a pass each. */
export const DIVISORS: readonly number[] = [1, 10, 100, 1e3, 1e4, 1e5, 1e6];
/** Twice this is the greatest power of two that a shift of 32 bits gives as a positive number. */
const GRID_MAX = 2 ** 29;
/** Up to here a series' own vbase costs more bytes than the jump it saves in voff (measured: 1 to 3 points). */
const SHORT_SERIES = 3;

/** Collects the values of a row group series by series, in the order of the rows. */
export class ScaledValuesBuilder {
  private readonly raw: Float64Array;
  private readonly rawBits: Uint32Array;
  private rawCount = 0;
  private readonly voff: Float64Array;
  private voffCount = 0;
  private readonly rawRows = new RunsBuilder(64);
  private readonly voffRows = new RunsBuilder(64);
  private readonly bases = new ConstantRuns();
  private readonly factors = new ConstantRuns();
  private readonly divisors = new ConstantRuns();
  private lastOffset = 0;

  constructor(rows: number) {
    this.raw = new Float64Array(rows);
    this.rawBits = new Uint32Array(this.raw.buffer);
    this.voff = new Float64Array(rows);
  }

  /** The samples `from` to `to` (exclusive) of one series; `bits` are the values' halves over the same memory. */
  series(values: Float64Array, bits: Uint32Array, from: number, to: number): void {
    const rows = to - from;
    if (rows === 0) return;
    const start = this.voffCount;
    const divisor = this.takeMantissas(values, from, to);
    const count = this.voffCount - start;
    if (count === rows) {
      this.voffRows.add(1, rows);
      this.rawRows.add(0, rows);
    } else this.placeRows(values, bits, from, to, count > 0);
    const { base, factor } = this.rebase(start);
    this.bases.add(base, rows);
    this.factors.add(factor, rows);
    this.divisors.add(divisor, rows);
  }

  build(): ScaledColumns {
    return {
      value: { kind: 'numbers', values: this.raw.subarray(0, this.rawCount), present: this.rawRows.build() },
      voff: { kind: 'numbers', values: this.voff.subarray(0, this.voffCount), present: this.voffRows.build() },
      vbase: this.bases.build(),
      vmul: this.factors.build(),
      vdiv: this.divisors.build(),
    };
  }

  /**
   * Appends the mantissas of the series' scalable values for the first divisor that gives back all of them, and returns it;
   * none where there is no such divisor. What a divisor gives back, every greater one does, so a miss moves on to the next.
   */
  private takeMantissas(values: Float64Array, from: number, to: number): number {
    const { voff, voffCount: start } = this;
    let at = start;
    let scale = 0;
    let divisor = 1;
    let isWide = false;
    for (let i = from; i < to; i++) {
      const value = values[i] as number;
      const mantissa = value * divisor + ROUNDER - ROUNDER;
      if (mantissa / divisor === value && mantissa <= MANTISSA_MAX && mantissa >= -MANTISSA_MAX && (mantissa !== 0 || 1 / value > 0)) {
        if (mantissa > SPREAD_MAX / 2 || mantissa < -SPREAD_MAX / 2) isWide = true;
        voff[at++] = mantissa;
      } else if (!isRawAlways(value)) {
        if (++scale === DIVISORS.length) return 1;
        divisor = DIVISORS[scale] as number;
        at = start;
        isWide = false;
        i = from - 1;
      }
    }
    if (at === start || (isWide && spreadOf(voff, start, at) > SPREAD_MAX)) return 1;
    this.voffCount = at;
    return divisor;
  }

  /** Tells for each row whether its value is scaled, raw, or missing as a stale marker's is, and takes the raw ones. */
  private placeRows(values: Float64Array, bits: Uint32Array, from: number, to: number, isScaled: boolean): void {
    for (let i = from; i < to; i++) {
      const low = bits[2 * i] as number;
      const high = bits[2 * i + 1] as number;
      const isStale = low === STALE_LOW && high === STALE_HIGH;
      const isVoff = isScaled && !isRawAlways(values[i] as number);
      this.voffRows.add(isVoff ? 1 : 0, 1);
      this.rawRows.add(isVoff || isStale ? 0 : 1, 1);
      if (isVoff || isStale) continue;
      this.rawBits[2 * this.rawCount] = low;
      this.rawBits[2 * this.rawCount + 1] = high;
      this.rawCount++;
    }
  }

  /** Turns the mantissas from `start` on into offsets that go on where the last series ended. */
  private rebase(start: number): { base: number; factor: number } {
    const { voff, voffCount: end } = this;
    const count = end - start;
    if (count <= SHORT_SERIES) {
      if (count > 0) this.lastOffset = voff[end - 1] as number;
      return { base: 0, factor: 1 };
    }
    const first = voff[start] as number;
    const factor = commonFactor(voff, start, end);
    // The first offset lies about one step of this series behind the last of the series before: the packed deltas see no jump
    // beyond their own spread, within which a round base is chosen (measured: 3 % fewer bytes at 10 points, 4.5 % at 6).
    const step = (voff[start + 1] as number) - first;
    const grid = gridWithin(spreadOfSteps(voff, start, end, step) / factor);
    const quotient = Math.floor(first / factor);
    let offset = quotient - grid * Math.round((quotient - this.lastOffset - step / factor) / grid);
    if (Math.abs(offset) * factor > SPREAD_MAX) offset = 0;
    if (factor === 1) for (let i = start; i < end; i++) voff[i] = (voff[i] as number) - (first - offset);
    else for (let i = start; i < end; i++) voff[i] = ((voff[i] as number) - first) / factor + offset;
    this.lastOffset = voff[end - 1] as number;
    return { base: first - offset * factor, factor };
  }
}

const spreadOf = (mantissas: Float64Array, start: number, end: number): number => {
  let min = Infinity;
  let max = -Infinity;
  for (let i = start; i < end; i++) {
    min = Math.min(min, mantissas[i] as number);
    max = Math.max(max, mantissas[i] as number);
  }
  return max - min;
};

/** How far the next few steps are from the first one, which tells as much of a series as all would. */
const spreadOfSteps = (mantissas: Float64Array, start: number, end: number, first: number): number => {
  let spread = 0;
  for (let i = start + 2, last = Math.min(end, start + 6); i < last; i++) {
    spread = Math.max(spread, Math.abs((mantissas[i] as number) - (mantissas[i - 1] as number) - first));
  }
  return spread;
};

/** The power of two above the spread, so that rounding to it moves by no more than the spread; 1 where there is none. */
const gridWithin = (spread: number): number => (spread < 1 ? 1 : 2 << (31 - Math.clz32(Math.min(spread, GRID_MAX))));

/** Values no scale can express: NaN, infinities and -0. */
export const isRawAlways = (value: number): boolean => value - value !== 0 || (value === 0 && 1 / value < 0);

/** The greatest common factor of all steps; 1 where there are none. */
const commonFactor = (mantissas: Float64Array, start: number, end: number): number => {
  let factor = 0;
  for (let i = start + 1; i < end && factor !== 1; i++) {
    const step = Math.abs((mantissas[i] as number) - (mantissas[i - 1] as number));
    if (step !== 0) factor = commonDivisor(step, factor);
  }
  return factor === 0 ? 1 : factor;
};

/** Of integers from 0. Those of 31 bits, which nearly all are, divide many times as fast as doubles do. */
const commonDivisor = (a: number, b: number): number => {
  let [greater, lesser] = [a, b];
  if (a <= 0x7fffffff && b <= 0x7fffffff) {
    while (lesser !== 0) [greater, lesser] = [lesser | 0, (greater | 0) % (lesser | 0)];
  } else {
    while (lesser !== 0) [greater, lesser] = [lesser, greater % lesser];
  }
  return greater;
};

/** A column that is constant over long runs, as a dictionary of the numbers it takes. */
export class ConstantRuns {
  private readonly ids = new NumberIds();
  private readonly runs = new RunsBuilder(64);
  private last = Number.NaN;
  private lastId = 0;

  add(value: number, rows: number): void {
    if (value !== this.last) {
      this.last = value;
      this.lastId = this.ids.idOf(value);
    }
    this.runs.add(this.lastId, rows);
  }

  build(): NumberRuns {
    return { kind: 'number-runs', dictionary: this.ids.build(), runs: this.runs.build() };
  }
}
