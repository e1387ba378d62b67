import { describe, expect, it } from 'vitest';
import { evaluateInstant, evaluateRange } from '../../../shared/promql/engine.ts';
import { resultJson } from '../../../shared/promql/result-json.ts';
import { load } from './load.ts';

const memory = load('500ms', 'm{a="q\\"é"} 1 1e-7\nm{b="2"} -0 NaN\nsame 1 Inf');

const instant = async (query: string, tMs = 0): Promise<string> => [...resultJson(await evaluateInstant(memory.select, query, tMs))].join('');

describe('the data of a query answer', () => {
  it.each([
    ['1+1', '{"resultType":"scalar","result":[0,"2"]}'],
    ['"a\\"b"', '{"resultType":"string","result":[0,"a\\"b"]}'],
    ['m', '{"resultType":"vector","result":[{"metric":{"__name__":"m","a":"q\\"é"},"value":[0,"1"]},{"metric":{"__name__":"m","b":"2"},"value":[0,"-0"]}]}'],
    ['missing', '{"resultType":"vector","result":[]}'],
    ['missing[5m]', '{"resultType":"matrix","result":[]}'],
  ])('%s', async (query, json) => {
    expect(await instant(query)).toBe(json);
  });

  it('of a range holds values as texts and times with three decimals or none', async () => {
    const result = await evaluateRange(memory.select, '{a!=""}', { startMs: 0, endMs: 500, stepMs: 500 });
    expect([...resultJson(result)].join('')).toBe('{"resultType":"matrix","result":[{"metric":{"__name__":"m","a":"q\\"é"},"values":[[0,"1"],[0.500,"1e-07"]]}]}');
  });

  it('comes in pieces, however long one series is', () => {
    for (const count of [0, 1, 999, 1000, 1001, 2000, 20_500]) {
      const tMs = Float64Array.from({ length: count }, (_, i) => i * 1000);
      const series = { labels: [['a', 'b']], tMs, values: tMs } as const;
      const pieces = [...resultJson({ type: 'matrix', series: [series, series] })];
      const values = Array.from(tMs, (t) => [t / 1000, String(t)]);
      const expected = { metric: { a: 'b' }, values };
      expect(JSON.parse(pieces.join(''))).toEqual({ resultType: 'matrix', result: [expected, expected] });
      expect(Math.max(...pieces.map((piece) => piece.length))).toBeLessThan(25_000);
    }
  });

  it('writes infinities and NaN', async () => {
    expect(await instant('same', 500)).toContain('[0.500,"+Inf"]');
    expect(await instant('m{b="2"}', 500)).toContain('[0.500,"NaN"]');
  });
});

describe('histograms in a query answer', () => {
  const histograms = load('1m', 'h 1 {{count:6 sum:1e-7 z_bucket:1 z_bucket_w:0.5 buckets:[0 2] n_buckets:[1 2]}}\nc {{schema:-53 count:3 sum:NaN custom_values:[5] buckets:[1 2]}} {{count:0}}');

  it('have populated buckets with the code of their ends', async () => {
    const json = [...resultJson(await evaluateInstant(histograms.select, 'h', 60_000))].join('');
    expect(JSON.parse(json)).toEqual({
      resultType: 'vector',
      result: [{
        metric: { __name__: 'h' },
        histogram: [60, { count: '6', sum: '1e-07', buckets: [[1, '-2', '-1', '2'], [1, '-1', '-0.5', '1'], [3, '-0.5', '0.5', '1'], [0, '1', '2', '2']] }],
      }],
    });
  });

  it('of a range stand beside the values', async () => {
    const json = [...resultJson(await evaluateRange(histograms.select, '{__name__=~"c|h"}', { startMs: 0, endMs: 60_000, stepMs: 60_000 }))].join('');
    expect(JSON.parse(json)).toMatchObject({
      result: [
        { metric: { __name__: 'c' }, histograms: [[0, { count: '3', sum: 'NaN', buckets: [[3, '-Inf', '5', '1'], [0, '5', '+Inf', '2']] }], [60, { count: '0', sum: '0' }]] },
        { metric: { __name__: 'h' }, values: [[0, '1']], histograms: [[60, { count: '6' }]] },
      ],
    });
    expect(json).not.toContain('"c"},"values"');
  });
});
