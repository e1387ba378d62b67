import { describe, expect, it } from 'vitest';
import { evaluateInstant, evaluateRange } from '../../../shared/promql/engine.ts';
import { hashFraction, xxHash64 } from '../../../shared/promql/label-hash.ts';
import { lines, load } from './load.ts';

const memory = load('1m', Array.from({ length: 200 }, (_, i) => `m{g="${i % 2}", i="${i}"} ${i}`).join('\n'));
const at = async (query: string): Promise<string[]> => lines(await evaluateInstant(memory.select, query, 0));

describe('xxHash64', () => {
  // Test vectors of the specification's reference implementation, seed 0.
  it.each([
    ['', 0xef46db3751d8e999n], ['a', 0xd24ec4f1a98c6e5bn], ['abc', 0x44bc2cf5ad770999n],
    ['Call me Ishmael. Some years ago--never mind how long precisely-', 0x02a2e85470d6fd96n],
  ])('%j', (text, hash) => {
    expect(xxHash64(Buffer.from(text))).toBe(hash);
  });

  it('label sets are spread evenly', () => {
    const places = Array.from({ length: 2000 }, (_, i) => hashFraction([['a', String(i)]]));
    for (let tenth = 0; tenth < 10; tenth++) expect(places.filter((place) => Math.floor(place * 10) === tenth).length).toBeGreaterThan(140);
    expect(hashFraction([['a', 'x'.repeat(300)]])).not.toBe(hashFraction([['a', 'x'.repeat(301)]]));
  });
});

describe('limitk', () => {
  it('keeps the first series of each group as they are', async () => {
    expect(await at('limitk(2, m)')).toEqual(['m{g="0", i="0"} 0', 'm{g="0", i="10"} 10']);
    expect(await at('limitk by (g) (1, m)')).toEqual(['m{g="0", i="0"} 0', 'm{g="1", i="1"} 1']);
    expect(await at('limitk(0, m)')).toEqual([]);
    expect(await at('limitk(-1, m)')).toEqual([]);
    expect(await at('limitk(1e3, m)')).toHaveLength(200);
  });

  it('counts per step what is there', async () => {
    const store = load('1m', 'x{i="1"} 1 stale\nx{i="2"} 2 2');
    const result = await evaluateRange(store.select, 'limitk(1, x)', { startMs: 0, endMs: 60_000, stepMs: 60_000 });
    expect(lines(result)).toEqual(['x{i="1"} 1@0', 'x{i="2"} 2@60000']);
  });

  it('refuses NaN', async () => {
    await expect(at('limitk(NaN, m)')).rejects.toThrow('Parameter value is NaN');
  });
});

describe('limit_ratio', () => {
  it('a ratio and its complement share the series out', async () => {
    const [some, others] = [await at('limit_ratio(0.3, m)'), await at('limit_ratio(-0.7, m)')];
    expect([...some, ...others].toSorted()).toEqual((await at('m')).toSorted());
    expect(some.length).toBeGreaterThan(40);
    expect(some.length).toBeLessThan(80);
  });

  it('0 keeps nothing, 1 and -1 everything', async () => {
    expect(await at('limit_ratio(0, m)')).toEqual([]);
    expect(await at('limit_ratio(1, m)')).toHaveLength(200);
    expect(await at('limit_ratio(-1, m)')).toHaveLength(200);
  });

  it('caps a ratio outside with a warning, and refuses NaN', async () => {
    const result = await evaluateInstant(memory.select, 'limit_ratio(1.5, m)', 0);
    expect(lines(result)).toHaveLength(200);
    expect(result.warnings).toEqual(['PromQL warning: ratio value should be between -1 and 1, got 1.5, capping to 1 (1:13)']);
    await expect(at('limit_ratio(NaN, m)')).rejects.toThrow('Ratio value is NaN');
  });
});
