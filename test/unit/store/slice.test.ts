import { describe, expect, it } from 'vitest';
import { type Slice, slices } from '../../../functions/store/slice.ts';
import { StoreTally } from '../../../functions/store/store-report.ts';
import { ARRIVAL_MARGIN_MS, DEFAULT_SAMPLE_LIMITS } from '../../../shared/protocols/limits.ts';
import { DEFAULT_FRAME_CAPS } from '../../../shared/wire/frame.ts';
import { ARRIVAL_MS, deliveryOf, frameOf } from './store-road.ts';

const OPTIONS = { limits: DEFAULT_SAMPLE_LIMITS, caps: DEFAULT_FRAME_CAPS };

const slicesOf = (frames: readonly Uint8Array[]): Slice[] => [...slices(deliveryOf(frames), OPTIONS, new StoreTally())];

/** 500 series, each with labels of 14,000 characters of its own that compress to almost nothing. */
const longLabels = (id: number): Uint8Array => {
  const filler = Array.from({ length: 7 }, (_, i) => `"k${i}":"${'x'.repeat(2000)}"`).join(',');
  return frameOf(id, Array.from({ length: 500 }, (_, i) => ({ metric: 'm', labels: `{"a":"${i}",${filler}}`, tMs: ARRIVAL_MS, value: i })));
};

const descriptions = (id: number): Uint8Array =>
  frameOf(id, [], 'agent', Array.from({ length: 300_000 }, (_, i) => ({ metric: `m${i % 10}`, type: 'gauge', help: '', unit: '' })));

describe('slices', () => {
  it('are closed by the text of their labels, not by their samples alone', () => {
    const frames = Array.from({ length: 20 }, (_, i) => longLabels(i));
    expect(frames.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(1_000_000);
    const cut = slicesOf(frames);
    expect(cut.length).toBeGreaterThan(1);
    expect(Math.max(...cut.map(({ batches }) => batches.length))).toBeLessThanOrEqual(10);
    expect(cut.flatMap(({ recordIds }) => recordIds)).toHaveLength(20);
  });

  it('are closed by their descriptions too', () => {
    const frames = Array.from({ length: 6 }, (_, i) => descriptions(i));
    expect(frames.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(1_000_000);
    expect(slicesOf(frames).length).toBeGreaterThan(1);
  });

  it('hold what the twin of a record brings by its own, later arrival', () => {
    // Past the limit and its margin by a millisecond when the record arrives first, within them a millisecond later.
    const tMs = ARRIVAL_MS + DEFAULT_SAMPLE_LIMITS.futureMs + ARRIVAL_MARGIN_MS + 1;
    const frame = frameOf(1, [{ metric: 'up', tMs, value: 1 }, { metric: 'up', tMs: ARRIVAL_MS, value: 1 }]);
    const samples = slicesOf([frame, frame, frame]).flatMap(({ batches }) => batches.map((batch) => batch.tMs.length));
    expect(samples).toEqual([1, 2]);
  });

  it('hold many small records together', () => {
    const frames = Array.from({ length: 300 }, (_, i) => frameOf(i, [{ metric: 'up', tMs: ARRIVAL_MS, value: 1 }]));
    expect(slicesOf(frames)).toHaveLength(1);
  });
});
