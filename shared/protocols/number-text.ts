/**
 * A decimal number as people and agents write it; `Number` alone would take `0x10` and the empty text. No two parts next to
 * each other can both take a digit, so a long run of digits is tried once.
 */
const DECIMAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

const SPECIAL: ReadonlyMap<string, number> = new Map([
  ['nan', Number.NaN],
  ['inf', Infinity],
  ['+inf', Infinity],
  ['-inf', -Infinity],
]);

/** A finite decimal, or undefined. Above 1.8e308 it is infinite, as every float parser has it. */
export const parseDecimal = (text: string): number | undefined => (DECIMAL.test(text) ? Number(text) : undefined);

/** A sample's value in text: a decimal, `NaN`, `+Inf`, `-Inf` or `Inf` in any case. */
export const parseValue = (text: string): number | undefined => SPECIAL.get(text.toLowerCase()) ?? parseDecimal(text);

/** Shortest digits without an exponent, as Prometheus writes `le` and `quantile` of OTLP bounds (Go's `'f', -1`): `0.0000001`, `+Inf`. */
export const formatDecimal = (value: number): string => {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (Object.is(value, -0)) return '-0';
  const [mantissa = '', exponentText] = String(value).split('e');
  if (exponentText === undefined) return mantissa;
  const sign = mantissa.startsWith('-') ? '-' : '';
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.');
  const exponent = Number(exponentText);
  // JavaScript turns to exponents from 1e21 up and below 1e-6, so there is one digit before the point.
  return exponent > 0 ? `${sign}${whole}${fraction.padEnd(exponent, '0')}` : `${sign}0.${'0'.repeat(-exponent - 1)}${whole}${fraction}`;
};
