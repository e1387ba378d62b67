import { describe, expect, it } from 'vitest';
import { evaluateInstant, evaluateRange } from '../../../shared/promql/engine.ts';
import { parseQuery } from '../../../shared/promql/parser.ts';
import { printExpr } from '../../../shared/promql/printer.ts';
import { lines, load } from './load.ts';

const memory = load('1s', 'x 0+1x100');
const at = async (query: string, seconds: number): Promise<string[]> => lines(await evaluateInstant(memory.select, query, seconds * 1000));
const over = async (query: string, start: number, end: number, step: number): Promise<string[]> =>
  lines(await evaluateRange(memory.select, query, { startMs: start * 1000, endMs: end * 1000, stepMs: step * 1000 }));

const problem = (query: string): string => {
  try {
    parseQuery(query);
  } catch (error) {
    return (error as Error).message;
  }
  return 'valid';
};

describe('arithmetic of durations', () => {
  it.each([
    ['count_over_time(x[5+5])', '{} 10'],
    ['count_over_time(x[2*(3s+2)])', '{} 10'],
    ['count_over_time(x[2^3^0s])', '{} 2'],
    ['count_over_time(x[-5s+15s])', '{} 10'],
    ['count_over_time(x[17%10s])', '{} 7'],
    ['count_over_time(x[1m/6])', '{} 10'],
    ['count_over_time(x[min_of(10, 1m)])', '{} 10'],
    ['count_over_time(x[max_of(-1h, 10s)])', '{} 10'],
    ['count_over_time(x[10s+10s:1s+1s])', '{} 10'],
    ['x offset (2*5)', 'x 40'],
    ['x offset -(5+5)', 'x 60'],
    ['x offset (5) + 5', 'x 40'],
    ['x offset 5 + 5', '{} 50'],
    ['x offset 5 ^ 2', '{} 2025'],
    ['x offset max_of(5, 1) * 2', '{} 90'],
    ['x offset (0.1 + 0.2)', 'x 49'],
  ])('%s is %s', async (query, line) => {
    expect(await at(query, 50)).toEqual([line]);
  });

  it('step() and range() are those of the query', async () => {
    expect(await over('count_over_time(x[step()])', 50, 60, 5)).toEqual(['{} 5@50000 5@55000 5@60000']);
    expect(await over('count_over_time(x[range()/2])', 50, 60, 5)).toEqual(['{} 5@50000 5@55000 5@60000']);
    expect(await over('x offset -step()', 50, 60, 10)).toEqual(['x 60@50000 70@60000']);
    expect(await at('x offset range()', 50)).toEqual(['x 50']);
  });

  it('range() reaches to the end that was asked for, not to the last step', async () => {
    expect(await over('x offset range()', 50, 57, 5)).toEqual(['x 43@50000 48@55000']);
    expect(await over('x @ end()', 50, 57, 5)).toEqual(['x 57@50000 57@55000']);
    expect(await over('end() - start()', 50, 57, 5)).toEqual(['{} 7@50000 7@55000']);
    expect(await over('step() + 10 * range()', 50, 57, 5)).toEqual(['{} 75@50000 75@55000']);
  });

  it.each([
    ['x[0s]', '1:3: parse error: duration must be greater than 0'],
    ['x[-5m]', '1:3: parse error: duration must be greater than 0'],
    ['x[5m/0]', '1:5: parse error: division by zero'],
    ['x[5m%0s]', '1:5: parse error: modulo by zero'],
    ['x[300000000000]', '1:3: parse error: duration out of range'],
    ['x[5m+]', '1:6: parse error: unexpected "]" in subquery or range selector, expected number, duration, step(), or range()'],
    ['x[5m:+]', '1:7: parse error: unexpected "]" in subquery selector, expected number, duration, step(), or range()'],
    ['x[5m:y]', '1:6: parse error: unexpected identifier "y" in subquery selector, expected number, duration, step(), range(), or "]"'],
    ['x[min_of(1)]', '1:11: parse error: unexpected ")" in subquery or range selector, expected ","'],
    ['x offset step', '1:10: parse error: unexpected <step> in offset, expected number, duration, step(), or range()'],
  ])('%s: %s', (query, message) => {
    expect(problem(query)).toBe(message);
  });

  it('what only the query decides is refused with byte positions', async () => {
    await expect(at('x[1s - 2s]', 50)).rejects.toThrow(/^2:9: duration must be greater than 0$/);
    await expect(at('x[step()]', 50)).rejects.toThrow(/^2:8: duration must be greater than 0$/);
    await expect(at('x[5/(1-1)]', 50)).rejects.toThrow(/^2:8: division by zero$/);
    await expect(at('x offset (10^12)', 50)).rejects.toThrow('duration is out of range');
  });

  it.each([
    ['x[1m+2*step()]', 'x[1m + 2 * step()]'],
    ['x[(1m+2)*3:range()]', 'x[(1m + 2) * 3:range()]'],
    ['x offset -min_of(1,step())', 'x offset -min_of(1, step())'],
    ['x[5m] anchored offset -(1m+1)', 'x[5m] anchored offset -(1m + 1)'],
    ['x @ 1 smoothed', 'x smoothed @ 1.000'],
  ])('%s prints as %s', (query, printed) => {
    expect(printExpr(parseQuery(query))).toBe(printed);
    expect(printExpr(parseQuery(printed))).toBe(printed);
  });

  it('the words stay names of metrics and labels', () => {
    expect(problem('step + range + min_of + smoothed{step="1", fill="2"} + fill + sum by (fill_left, anchored) (anchored)')).toBe('valid');
  });
});
