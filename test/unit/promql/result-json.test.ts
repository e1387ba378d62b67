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

  it('writes infinities and NaN', async () => {
    expect(await instant('same', 500)).toContain('[0.500,"+Inf"]');
    expect(await instant('m{b="2"}', 500)).toContain('[0.500,"NaN"]');
  });
});
