import { describe, expect, it } from 'vitest';
import { makePieceCache } from '../../../shared/storage/piece-cache.ts';
import { samplesAtOnce } from '../../../shared/storage/select-batches.ts';

const MIB = 1024 * 1024;
const portsOf = (cacheBytes: number, maxSamples: number): Parameters<typeof samplesAtOnce>[0] => ({ cache: makePieceCache(cacheBytes), limits: { maxSamples } });

describe('samples that are read at once', () => {
  it('are as many as a quarter of the cache keeps, so that the next query finds them', () => {
    expect(samplesAtOnce(portsOf(256 * MIB, 50_000_000))).toBe(4 * MIB);
  });

  it('are an eighth of the limit where that is less', () => {
    expect(samplesAtOnce(portsOf(256 * MIB, 16_000_000))).toBe(2_000_000);
  });

  it('are a batch at least', () => {
    expect([samplesAtOnce(portsOf(1, 50_000_000)), samplesAtOnce(portsOf(256 * MIB, 1))]).toEqual([1_000_000, 1_000_000]);
  });
});
