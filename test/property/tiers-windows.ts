import { bitsOf, isStaleAt } from '../../shared/model/stale.ts';
import { OVER_TIME_KERNELS } from '../../shared/promql/over-time-kernels.ts';
import { RATE_KERNELS } from '../../shared/promql/rate-kernels.ts';
import { slide, WindowBounds, type Windows } from '../../shared/promql/windows.ts';
import type { SampleColumns } from '../../shared/storage/hot-read.ts';
import type { BucketRows } from '../../shared/tiers/bucket.ts';
import { slideBuckets, type TierKernel, type TierWindows } from '../../shared/tiers/window.ts';

/** Windows of one length that end at firstTMs + s * stepMs (exclusive). */
export interface EvenWindows {
  readonly tier: BucketRows;
  readonly rangeMs: number;
  readonly firstTMs: number;
  readonly stepMs: number;
  readonly steps: number;
}

/** The windows of buckets over the samples that these were made of. */
export interface RawWindows extends Omit<EvenWindows, 'tier'> {
  readonly samples: SampleColumns;
}

export const windowsOf = ({ tier, rangeMs, firstTMs, stepMs, steps }: EvenWindows): TierWindows => {
  const endMs = Float64Array.from({ length: steps }, (_, step) => firstTMs + step * stepMs);
  return { tier, fromMs: endMs.map((tMs) => tMs - rangeMs), endMs, isAsked: new Uint8Array(steps).fill(1) };
};

/** One a step; undefined where there is none. */
export type Answers = readonly (number | undefined)[];

/** Of one series. */
export const overBuckets = (given: EvenWindows, kernel: TierKernel): Answers => {
  const values = new Float64Array(given.steps);
  const present = new Uint8Array(given.steps);
  slideBuckets(windowsOf(given), 0, kernel, { values, present, at: 0, work: () => undefined });
  return Array.from(values, (value, i) => (present[i] === 1 ? value : undefined));
};

/** Of one series, by the engine's own functions, 1 ms earlier. */
export const overSamples = (given: RawWindows, name: string): Answers => {
  const { samples, rangeMs, stepMs, steps } = given;
  const kept = Array.from(samples.tMs, (_, i) => i).filter((i) => !isStaleAt(bitsOf(samples.values), i));
  const windows: Windows = {
    labels: [[]],
    dropName: [false],
    offsets: Uint32Array.of(0, kept.length),
    tMs: Float64Array.from(kept, (i) => samples.tMs[i] as number),
    values: Float64Array.from(kept, (i) => samples.values[i] as number),
    rangeMs,
    firstEndMs: given.firstTMs - 1,
    stepMs,
    steps,
  };
  const values = new Float64Array(steps);
  const present = new Uint8Array(steps);
  const kernel = RATE_KERNELS[name] ?? (OVER_TIME_KERNELS[name] as (typeof OVER_TIME_KERNELS)[string]);
  slide(windows, 0, new WindowBounds(windows), kernel(windows, 0), { values, present, at: 0, work: () => undefined });
  return Array.from(values, (value, i) => (present[i] === 1 ? value : undefined));
};
