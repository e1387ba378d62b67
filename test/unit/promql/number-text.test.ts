import { describe, expect, it } from 'vitest';
import { formatDecimal, formatGeneral, formatSeconds, formatValue, parseFloatText } from '../../../shared/promql/number-text.ts';

describe('texts of numbers', () => {
  it.each([
    [1, '1', '1', '1'],
    [-0, '-0', '-0', '-0'],
    [0.1, '0.1', '0.1', '0.1'],
    [1e-7, '1e-07', '0.0000001', '1e-07'],
    [1.5e-9, '1.5e-09', '0.0000000015', '1.5e-09'],
    [0.00001, '0.00001', '0.00001', '1e-05'],
    [999999, '999999', '999999', '999999'],
    [1234567, '1234567', '1234567', '1.234567e+06'],
    [1e20, '100000000000000000000', '100000000000000000000', '1e+20'],
    [1.5e21, '1.5e+21', '1500000000000000000000', '1.5e+21'],
    [1e-300, '1e-300', `0.${'0'.repeat(299)}1`, '1e-300'],
    [Infinity, '+Inf', '+Inf', '+Inf'],
    [-Infinity, '-Inf', '-Inf', '-Inf'],
    [NaN, 'NaN', 'NaN', 'NaN'],
  ])('%d is %s in the API, %s as a label, %s in messages', (value, api, label, message) => {
    expect([formatValue(value), formatDecimal(value), formatGeneral(value)]).toEqual([api, label, message]);
  });

  it('times have three decimals or none', () => {
    expect([0, 1000, 1435781451780, 1005, -1500, -5].map(formatSeconds)).toEqual(['0', '1', '1435781451.780', '1.005', '-1.500', '-0.005']);
  });

  it.each([['+Inf', Infinity], ['-infinity', -Infinity], ['0x1.8p1', 3], ['1_0.5', 10.5], ['.5e1', 5]])('%s reads as %d', (text, value) => {
    expect(parseFloatText(text)).toBe(value);
  });

  it.each(['', 'x', '1e400', '0x1', '+NaN', '1_', '--1', '1 '])('%j is no number', (text) => {
    expect(parseFloatText(text)).toBeUndefined();
  });
});
