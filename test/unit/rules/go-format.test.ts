import { describe, expect, it } from 'vitest';
import { formatExponent, formatFixed, formatGeneral, formatShortest, formatShortestExponent } from '../../../shared/rules/go-format.ts';

/** Printed by Go with `%v %.4g %.2f %e`. */
const GO: readonly (readonly [value: number, v: string, g4: string, f2: string, e: string])[] = [
  [0, '0', '0', '0.00', '0.000000e+00'],
  [-0, '-0', '-0', '-0.00', '-0.000000e+00'],
  [1, '1', '1', '1.00', '1.000000e+00'],
  [0.1, '0.1', '0.1', '0.10', '1.000000e-01'],
  [1e6, '1e+06', '1e+06', '1000000.00', '1.000000e+06'],
  [123456, '123456', '1.235e+05', '123456.00', '1.234560e+05'],
  [1234567, '1.234567e+06', '1.235e+06', '1234567.00', '1.234567e+06'],
  [1e20, '1e+20', '1e+20', '100000000000000000000.00', '1.000000e+20'],
  [1e21, '1e+21', '1e+21', '1000000000000000000000.00', '1.000000e+21'],
  [1e-5, '1e-05', '1e-05', '0.00', '1.000000e-05'],
  [0.0001, '0.0001', '0.0001', '0.00', '1.000000e-04'],
  [-2.5e-7, '-2.5e-07', '-2.5e-07', '-0.00', '-2.500000e-07'],
  [1234.5678, '1234.5678', '1235', '1234.57', '1.234568e+03'],
  [999.96, '999.96', '1000', '999.96', '9.999600e+02'],
  [99995, '99995', '1e+05', '99995.00', '9.999500e+04'],
  [0.00012345, '0.00012345', '0.0001234', '0.00', '1.234500e-04'],
];

describe('numbers as Go prints them', () => {
  it.each(GO)('%d', (value, v, g4, f2, e) => {
    expect([formatShortest(value), formatGeneral(value, 4), formatFixed(value, 2), formatExponent(value, 6)]).toEqual([v, g4, f2, e]);
  });

  it.each([
    [NaN, 'NaN'],
    [Infinity, '+Inf'],
    [-Infinity, '-Inf'],
  ])('%d', (value, text) => {
    for (const print of [formatShortest, (x: number) => formatGeneral(x, 4), (x: number) => formatFixed(x, 1), formatShortestExponent]) expect(print(value)).toBe(text);
  });

  it('gives the value of an alert with an exponent, always', () => {
    expect([1, 0, 12.5, 1e100].map(formatShortestExponent)).toEqual(['1e+00', '0e+00', '1.25e+01', '1e+100']);
  });
});
