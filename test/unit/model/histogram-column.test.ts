import { describe, expect, it } from 'vitest';
import { bytesOfHistograms, cutHistograms, histogramAt, type HistogramColumn, HistogramList } from '../../../shared/model/histogram-column.ts';

const one = (byte: number): Uint8Array => Uint8Array.of(byte);
const COLUMN: HistogramColumn = { places: Uint32Array.of(2, 5, 6), bytes: [one(2), one(5), one(6)] };

describe('a column of histograms', () => {
  it('tells what stands at a place', () => {
    expect([1, 2, 3, 6, 7].map((place) => histogramAt(COLUMN, place)?.[0])).toEqual([undefined, 2, undefined, 6, undefined]);
    expect(histogramAt(undefined, 0)).toBeUndefined();
  });

  it('is cut to a range, its places counted from there', () => {
    expect(cutHistograms(COLUMN, 2, 6)).toEqual({ places: Uint32Array.of(0, 3), bytes: [one(2), one(5)] });
    expect(cutHistograms(COLUMN, 5, 7, 100)).toEqual({ places: Uint32Array.of(100, 101), bytes: [one(5), one(6)] });
    expect(cutHistograms(COLUMN, 3, 5)).toBeUndefined();
  });

  it('takes memory for each of its histograms', () => {
    expect(bytesOfHistograms(COLUMN)).toBeGreaterThan(3 * 100);
    expect(bytesOfHistograms(undefined)).toBe(0);
  });
});

describe('a list of histograms', () => {
  it('gives and takes off its end from a place on', () => {
    const list = new HistogramList();
    list.addRange(COLUMN, 0, 7, 10);
    expect(list.from(13)).toEqual({ places: Uint32Array.of(15, 16), bytes: [one(5), one(6)] });
    expect(list.from(17)).toBeUndefined();
    expect([...list.takeFrom(15)]).toEqual([[15, one(5)], [16, one(6)]]);
    expect(list.build()).toEqual({ places: Uint32Array.of(12), bytes: [one(2)] });
    list.clear();
    expect([list.build(), list.count]).toEqual([undefined, 0]);
  });
});
