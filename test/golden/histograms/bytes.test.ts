import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { CounterResetHint, Histogram } from '../../../shared/histograms/histogram.ts';
import { decodeHistogram, encodeHistogram } from '../../../shared/histograms/histogram-bytes.ts';

interface SideVector {
  readonly indices: readonly number[];
  readonly counts: readonly number[];
}

interface Vector {
  readonly name: string;
  readonly hex: string;
  readonly histogram: {
    readonly schema: number;
    readonly counterResetHint: CounterResetHint;
    readonly count: number;
    readonly sum: number | 'NaN';
    readonly zeroThreshold: number;
    readonly zeroCount: number;
    readonly positive: SideVector;
    readonly negative: SideVector;
    readonly customBounds?: readonly number[];
  };
}

const vectors = JSON.parse(readFileSync(new URL('./bytes.json', import.meta.url), 'utf8')) as readonly Vector[];

const sideOf = ({ indices, counts }: SideVector) => ({ indices: Int32Array.from(indices), counts: Float64Array.from(counts) });

const histogramOf = ({ histogram }: Vector): Histogram => {
  const { sum, positive, negative, customBounds, ...rest } = histogram;
  return { ...rest, sum: Number(sum), positive: sideOf(positive), negative: sideOf(negative), customBounds: customBounds && Float64Array.from(customBounds) };
};

describe.each(vectors)('the bytes of a histogram: $name', (vector) => {
  it('are those that stand beside it, both ways', () => {
    expect(Buffer.from(encodeHistogram(histogramOf(vector))).toString('hex')).toBe(vector.hex);
    expect(decodeHistogram(Buffer.from(vector.hex, 'hex'))).toEqual(histogramOf(vector));
  });
});
