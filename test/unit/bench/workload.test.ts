import { describe, expect, it } from 'vitest';
import { cutScrapes, makeHostBatches, WORKLOAD_START_MS } from '../../../scripts/bench/workload.ts';

const shape = { hosts: 3, pointsPerSeries: 360, stepMs: 10_000, hasJitter: true };

describe('the workload of the benches', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(makeHostBatches(shape)).toEqual(makeHostBatches(shape));
    expect(makeHostBatches(shape, 2)[0]?.values).not.toEqual(makeHostBatches(shape, 1)[0]?.values);
  });

  it('has 100 series a host, whose scrapes share their times and each lie within their step', () => {
    for (const { metrics, labels, offsets, tMs } of makeHostBatches(shape)) {
      expect(new Set(metrics).size).toBe(100);
      expect(new Set(labels).size).toBe(1);
      const times = tMs.subarray(0, 360);
      times.forEach((each, i) => expect(Math.floor((each - WORKLOAD_START_MS) / 10_000)).toBe(i));
      for (const k of metrics.keys()) expect(tMs.subarray(offsets[k], offsets[k + 1])).toEqual(times);
    }
  });

  it('has scrapes exactly on the step where there is no jitter', () => {
    const [batch] = makeHostBatches({ ...shape, hasJitter: false });
    batch?.tMs.slice(0, 360).forEach((each, i) => expect(each).toBe(WORKLOAD_START_MS + i * 10_000));
  });

  it('can be cut by scrapes', () => {
    const [batch] = makeHostBatches(shape);
    if (batch === undefined) throw new Error('no batch');
    const cut = cutScrapes(batch, 360, 6, 12);
    expect(cut.offsets[100]).toBe(600);
    expect(cut.tMs.subarray(0, 6)).toEqual(batch.tMs.subarray(6, 12));
    expect(cut.values.subarray(594)).toEqual(batch.values.subarray(99 * 360 + 6, 99 * 360 + 12));
  });
});
