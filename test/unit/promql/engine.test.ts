import { describe, expect, it } from 'vitest';
import { evaluateInstant, evaluateRange } from '../../../shared/promql/engine.ts';
import { PromqlLimitError, PromqlParseError } from '../../../shared/promql/errors.ts';
import type { SelectRequest } from '../../../shared/promql/series-source.ts';
import { instantVector } from '../../../shared/promql/query-result.ts';
import { lines, load, MemorySeries } from './load.ts';

const MINUTE = 60_000;

const memory = load(
  '1m',
  `
  up{job="a"} 1 1 0 stale _ 1
  up{job="b"} 1 _ _ _ _ _ _ _
  cpu_total{job="a"} 0+60x10
  cpu_total{job="b"} 0+120x10
  `,
);

const at = async (query: string, tMs: number): Promise<string[]> => lines(await evaluateInstant(memory.select, query, tMs));
const over = async (query: string, endMs: number, stepMs = MINUTE): Promise<string[]> =>
  lines(await evaluateRange(memory.select, query, { startMs: 0, endMs, stepMs }));

describe('instant selectors', () => {
  it('give the newest sample of the last five minutes, the oldest edge excluded', async () => {
    expect(await at('up{job="b"}', 5 * MINUTE - 1)).toEqual(['up{job="b"} 1']);
    expect(await at('up{job="b"}', 5 * MINUTE)).toEqual([]);
  });

  it('give nothing after a stale marker until the next sample', async () => {
    expect(await over('up{job="a"}', 6 * MINUTE)).toEqual(['up{job="a"} 1@0 1@60000 0@120000 1@300000 1@360000']);
  });

  it('move by offset and stand still by @', async () => {
    expect(await at('cpu_total{job="a"} offset 2m', 5 * MINUTE)).toEqual(['cpu_total{job="a"} 180']);
    expect(await at('cpu_total{job="a"} offset -2m', 5 * MINUTE)).toEqual(['cpu_total{job="a"} 420']);
    expect(await over('cpu_total{job="a"} @ 120', 2 * MINUTE)).toEqual(['cpu_total{job="a"} 120@0 120@60000 120@120000']);
    expect(await over('cpu_total{job="a"} @ end() offset 1m', MINUTE)).toEqual(['cpu_total{job="a"} 0@0 0@60000']);
  });

  it('take another lookback', async () => {
    const result = await evaluateInstant(memory.select, 'up{job="b"}', 5 * MINUTE, { lookbackMs: 6 * MINUTE });
    expect(instantVector(result)).toEqual([{ labels: [['__name__', 'up'], ['job', 'b']], value: 1 }]);
  });
});

describe('range vectors', () => {
  it('leave out their left edge and stale markers', async () => {
    expect(await at('up{job="a"}[5m]', 5 * MINUTE)).toEqual(['up{job="a"} 1@60000 0@120000 1@300000']);
  });

  it('of a subquery stand at multiples of its step', async () => {
    expect(await at('time()[1m:20s]', 0).catch((error: Error) => [error.name])).toEqual(['PromqlParseError']);
    expect(await at('vector(time())[1m:20s]', 130_000)).toEqual(['{} 80@80000 100@100000 120@120000']);
    expect(await at('vector(time())[2m:]', 130_000)).toEqual(['{} 60@60000 120@120000']);
  });

  it('feed rate, which extrapolates to the edges of the window', async () => {
    expect(await at('rate(cpu_total[5m])', 10 * MINUTE)).toEqual(['{job="a"} 1', '{job="b"} 2']);
    expect(await at('increase(cpu_total{job="a"}[90s])', 10 * MINUTE)).toEqual(['{job="a"} 90']);
  });

  it('of one sample have no rate', async () => {
    expect(await at('rate(cpu_total[1m])', 10 * MINUTE)).toEqual([]);
  });
});

describe('names', () => {
  it('fall at the end, so that label functions and grouping still see them', async () => {
    expect(await at('sum by (__name__, job) (rate(cpu_total{job="a"}[5m]))', 10 * MINUTE)).toEqual(['{job="a"} 1']);
    expect(await at('label_replace(rate(cpu_total{job="a"}[5m]), "__name__", "$1:rate", "__name__", "(.*)")', 10 * MINUTE)).toEqual(['cpu_total:rate{job="a"} 1']);
    expect(await at('last_over_time(cpu_total{job="a"}[5m])', MINUTE)).toEqual(['cpu_total{job="a"} 60']);
  });

  it('whose fall makes two series equal are an error', async () => {
    await expect(at('-{job="a"}', MINUTE)).rejects.toThrow('vector cannot contain metrics with the same labelset');
  });
});

describe('range queries', () => {
  it('leave gaps where there is no value, never NaN', async () => {
    expect(await over('up{job="a"} > 0', 3 * MINUTE)).toEqual(['up{job="a"} 1@0 1@60000']);
  });

  it('turn a scalar into a series without labels', async () => {
    expect(await over('time() / 60', 2 * MINUTE)).toEqual(['{} 0@0 1@60000 2@120000']);
  });

  it('are sorted by labels, whatever the expression', async () => {
    expect(await over('sort_desc(cpu_total)', 0)).toEqual(['cpu_total{job="a"} 0@0', 'cpu_total{job="b"} 0@0']);
  });

  it('refuse strings and range vectors', async () => {
    await expect(over('up[5m]', MINUTE)).rejects.toThrow('invalid expression type "range vector" for range query, must be Scalar or instant Vector');
    await expect(over('"a"', MINUTE)).rejects.toBeInstanceOf(PromqlParseError);
  });

  it('evaluate predict_linear at their own steps even when its window is pinned', async () => {
    expect(await over('predict_linear(cpu_total{job="a"}[5m] @ 300, 0)', 2 * MINUTE)).toEqual(['{job="a"} 0@0 60@60000 120@120000']);
  });
});

describe('annotations', () => {
  it('say where a rate is taken of a gauge', async () => {
    const result = await evaluateInstant(memory.select, '1 + rate(up[5m])', 5 * MINUTE);
    expect(result.infos).toEqual(['PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "up" (1:10)']);
  });

  it('say what is no quantile', async () => {
    const { warnings } = await evaluateInstant(memory.select, 'quantile(1.5, up)', 0);
    expect(warnings).toEqual(['PromQL warning: quantile value should be between 0 and 1, got 1.5 (1:10)']);
  });
});

describe('what is asked of storage', () => {
  const requests = async (query: string, endMs = 10 * MINUTE): Promise<SelectRequest[]> => {
    const seen: SelectRequest[] = [];
    const store = new MemorySeries();
    await evaluateRange((request) => (seen.push(request), store.select(request)), query, { startMs: 10 * MINUTE, endMs, stepMs: MINUTE });
    return seen;
  };
  const spans = async (query: string): Promise<number[][]> => (await requests(query, 20 * MINUTE)).map(({ fromMs, toMs }) => [fromMs, toMs]);

  it('is the time range its windows cover', async () => {
    expect(await spans('up')).toEqual([[5 * MINUTE + 1, 20 * MINUTE]]);
    expect(await spans('rate(up[2m])')).toEqual([[8 * MINUTE + 1, 20 * MINUTE]]);
    expect(await spans('rate(up[2m] offset 1m)')).toEqual([[7 * MINUTE + 1, 19 * MINUTE]]);
    expect(await spans('rate(up[2m] @ 60)')).toEqual([[-MINUTE + 1, MINUTE]]);
    expect(await spans('max_over_time(rate(up[2m])[3m:1m])')).toEqual([[6 * MINUTE + 1, 20 * MINUTE]]);
  });

  it('is asked once for equal selectors', async () => {
    expect(await requests('up + up')).toHaveLength(1);
    expect(await requests('up + up offset 1m')).toHaveLength(2);
  });

  it('carries the matchers', async () => {
    expect((await requests('up{a="b"}'))[0]?.matchers).toEqual([{ name: 'a', op: '=', value: 'b' }, { name: '__name__', op: '=', value: 'up' }]);
  });
});

describe('limits', () => {
  it('count the samples that are read', async () => {
    expect((await evaluateInstant(memory.select, 'sum(cpu_total)', 4 * MINUTE)).samplesRead).toBe(10);
    const query = evaluateInstant(memory.select, 'cpu_total', 4 * MINUTE, { maxSamples: 9 });
    await expect(query).rejects.toThrow('query processing would load too many samples into memory in query execution');
    await expect(query).rejects.toBeInstanceOf(PromqlLimitError);
  });

  it('refuse a subquery of a century in milliseconds before it takes memory', async () => {
    await expect(at('sum_over_time(vector(1)[100y:1ms])', 0)).rejects.toBeInstanceOf(PromqlLimitError);
  });

  it('ask the deadline while they work', async () => {
    let calls = 0;
    const check = (): void => {
      if (++calls > 4) throw new Error('query timed out');
    };
    const query = evaluateRange(memory.select, 'max_over_time(vector(1)[10m:1s])', { startMs: 0, endMs: 4_000_000_000, stepMs: MINUTE }, { check });
    await expect(query).rejects.toThrow('query timed out');
  });

  it('ask the deadline inside of one series with long windows', async () => {
    let calls = 0;
    const check = (): void => {
      calls++;
    };
    const dense = new MemorySeries();
    const tMs = Float64Array.from({ length: 20_000 }, (_, i) => i);
    dense.add([['__name__', 'x']], { tMs, values: tMs });
    await evaluateRange(dense.select, 'sum_over_time(x[20s])', { startMs: 0, endMs: 20_000, stepMs: 50 }, { check });
    // Four million additions: without the account of windows only the two calls around loading would come.
    expect(calls).toBeGreaterThan(8);
  });

  it('let a failure of storage through', async () => {
    await expect(evaluateInstant(() => Promise.reject(new Error('storage is away')), 'up + down', 0)).rejects.toThrow('storage is away');
  });
});
