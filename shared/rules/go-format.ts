/**
 * Numbers as Go prints them, since templates are written for Go's `text/template`. `%g` takes the exponent form when the
 * decimal exponent is below -4 or not below the precision, which counts as 6 when the shortest text is asked for
 * (strconv, ftoa.go; compared with Go's own output).
 */
const SHORTEST_PRECISION = 6;

const special = (value: number): string | undefined => {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Infinity) return '+Inf';
  return value === -Infinity ? '-Inf' : undefined;
};

/** `1e+7` as `1e+07`: Go writes at least two digits of exponent. */
const twoDigitExponent = (text: string): string => text.replace(/e([+-])(\d)$/, 'e$10$2');

const generalForm = (value: number, digits: string, exponentLimit: number): string => {
  const exponent = Number(digits.slice(digits.indexOf('e') + 1));
  if (exponent < -4 || exponent >= exponentLimit) return twoDigitExponent(digits);
  return plainDecimal(value, digits, exponent);
};

/** Decimal text of the significant digits in `digits` ("d.ddde±x"), without an exponent. */
const plainDecimal = (value: number, digits: string, exponent: number): string => {
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const significant = digits.slice(0, digits.indexOf('e')).replace('-', '').replace('.', '');
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${significant}`;
  const whole = significant.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  const fraction = significant.slice(exponent + 1);
  return `${sign}${whole}${fraction === '' ? '' : `.${fraction}`}`;
};

const withoutTrailingZeros = (digits: string): string => digits.replace(/\.?0*e/, 'e');

/** `%v` and `%g` of a float64: the shortest digits that name it. */
export const formatShortest = (value: number): string => special(value) ?? generalForm(value, signedExponential(value), SHORTEST_PRECISION);

/** `%.<precision>g`. */
export const formatGeneral = (value: number, precision: number): string =>
  special(value) ?? generalForm(value, withoutTrailingZeros(signedExponential(value, Math.max(precision, 1) - 1)), Math.max(precision, 1));

/** `%.<precision>f`. */
export const formatFixed = (value: number, precision: number): string => {
  const text = special(value);
  if (text !== undefined) return text;
  // toFixed turns to exponents from 1e21 on; such a number is an integer, which BigInt prints in full.
  if (Math.abs(value) >= 1e21) return `${BigInt(value)}${precision > 0 ? `.${'0'.repeat(precision)}` : ''}`;
  return Object.is(value, -0) ? `-${(0).toFixed(precision)}` : value.toFixed(precision);
};

/** `%.<precision>e`. */
export const formatExponent = (value: number, precision: number): string => special(value) ?? twoDigitExponent(signedExponential(value, precision));

/** `%e` with as many digits as name the value: what Prometheus' API gives as the value of an alert. */
export const formatShortestExponent = (value: number): string => special(value) ?? twoDigitExponent(signedExponential(value));

const signedExponential = (value: number, fractionDigits?: number): string =>
  `${Object.is(value, -0) ? '-' : ''}${value.toExponential(fractionDigits)}`;
