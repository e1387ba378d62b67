import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeHistogram, encodeHistogram, isCanonicalHistogram } from '../../shared/histograms/histogram-bytes.ts';
import { FrameError } from '../../shared/wire/frame-error.ts';
import { anyHistogram } from '../support/any-histogram.ts';

describe('the bytes of a histogram', () => {
  it('give back every number of it, and are its only ones', () => {
    fc.assert(
      fc.property(anyHistogram, (histogram) => {
        const bytes = encodeHistogram(histogram);
        expect(decodeHistogram(bytes)).toEqual(histogram);
        expect(isCanonicalHistogram(bytes)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('that are cut, changed or made up are a histogram or a FrameError', () => {
    const hostile = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.tuple(anyHistogram, fc.nat(), fc.nat({ max: 255 })).map(([histogram, at, byte]) => {
        const bytes = encodeHistogram(histogram).slice();
        bytes[at % bytes.length] = byte;
        return bytes;
      }),
      fc.tuple(anyHistogram, fc.nat()).map(([histogram, at]) => encodeHistogram(histogram).subarray(0, at % 40)),
    );
    fc.assert(
      fc.property(hostile, (bytes) => {
        try {
          const histogram = decodeHistogram(bytes);
          expect(decodeHistogram(encodeHistogram(histogram))).toEqual(histogram);
        } catch (error) {
          expect(error).toBeInstanceOf(FrameError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
