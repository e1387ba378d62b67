import { describe, expect, it } from 'vitest';
import { glueColumns, tierTable } from '../../../shared/parquet/schema.ts';
import { newBuckets, type BucketColumns } from '../../../shared/tiers/bucket.ts';
import { rollUp } from '../../../shared/tiers/rollup.ts';
import { KERNEL_COLUMNS, LATEST_COLUMNS, latestKernel, slideBuckets, TIER_KERNELS, type TierKernel } from '../../../shared/tiers/window.ts';
import { type EvenWindows, windowsOf } from '../../property/tiers-windows.ts';

const values = Float64Array.of(3, 9, 1, 4, 4, 2, 8, 8, 5, 7);
const tier = rollUp({ metrics: ['m'], labels: ['{}'], offsets: Uint32Array.of(0, 10), tMs: values.map((_, i) => i * 7000), values }, 20_000);
const windows: EvenWindows = { tier, rangeMs: 40_000, firstTMs: 20_000, stepMs: 20_000, steps: 4 };

const answers = (over: EvenWindows, kernel: TierKernel): readonly number[] => {
  const target = { values: new Float64Array(over.steps), present: new Uint8Array(over.steps), at: 0, work: () => undefined };
  slideBuckets(windowsOf(over), 0, kernel, target);
  return Array.from(target.values, (value, i) => (target.present[i] === 1 ? value : -Infinity));
};

describe('functions over buckets', () => {
  it.each([...Object.entries(KERNEL_COLUMNS), ['an instant selector', LATEST_COLUMNS] as const])('%s reads only the columns it names', (name, columns) => {
    const kernel = TIER_KERNELS[name] ?? latestKernel(30_000);
    const unread = (Object.keys(newBuckets(0)) as (keyof BucketColumns)[]).filter((column) => !columns.includes(column));
    const part = { ...tier, ...Object.fromEntries(unread.map((column) => [column, newBuckets(0)[column]])) };
    const all = answers(windows, kernel);
    expect(all.some((value) => value !== -Infinity)).toBe(true);
    expect(answers({ ...windows, tier: part }, kernel)).toEqual(all);
  });

  it('count the rows a window holds as work', () => {
    const held: number[] = [];
    slideBuckets(windowsOf(windows), 0, () => () => 0, { values: new Float64Array(4), present: new Uint8Array(4), at: 0, work: (rows) => held.push(rows) });
    expect(held).toEqual([1, 2, 2, 2]);
  });

  it('ask nothing at steps that are not theirs, and take the length of each window', () => {
    const over = { ...windowsOf(windows), isAsked: Uint8Array.of(0, 1, 0, 1), fromMs: Float64Array.of(0, 0, 0, 60_000) };
    const target = { values: new Float64Array(4), present: new Uint8Array(4), at: 0, work: () => undefined };
    slideBuckets(over, 0, ({ rangeMs }) => () => rangeMs, target);
    expect([[...target.values], [...target.present]]).toEqual([[0, 40_000, 0, 20_000], [0, 1, 0, 1]]);
  });

  it('take the mean of finite sums whose total is not', () => {
    const big = rollUp({ metrics: ['m'], labels: ['{}'], offsets: Uint32Array.of(0, 2), tMs: Float64Array.of(0, 20_000), values: Float64Array.of(1.6e308, 1.2e308) }, 20_000);
    expect(answers({ ...windows, tier: big, firstTMs: 40_000, steps: 1 }, TIER_KERNELS['avg_over_time'] as TierKernel)).toEqual([1.6e308 / 2 + 1.2e308 / 2]);
  });
});

describe('the table of buckets', () => {
  it('has a column for Glue for each that is written', () => {
    expect(glueColumns(tierTable(['host'])).map(({ name, type }) => `${name} ${type}`).join(', ')).toBe(
      'metric string, labels string, host string, ts bigint, count bigint, sum double, sum_off bigint, min double, min_off bigint, max double, max_off bigint, ' +
        'first_ts bigint, first double, first_off bigint, last_ts bigint, last double, last_off bigint, corr double, corr_off bigint, ' +
        'resets bigint, changes bigint, stale_end bigint, vbase bigint, vmul bigint, vdiv double',
    );
  });

  it.each(['sum', 'first_ts', 'voff', 'ts', 'dt'])('has no room for a label named %s', (label) => {
    expect(() => tierTable([label])).toThrow(RangeError);
  });
});
