const DECIMAL = /^[+-]?(\d[\d_]*\.?[\d_]*|\.\d[\d_]*)([eE][+-]?\d[\d_]*)?$/;
const HEX_FLOAT = /^([+-]?)0[xX]_?([0-9a-fA-F_]*)(?:\.([0-9a-fA-F_]*))?(?:[pP]([+-]?\d+))?$/;

/** Underscores must stand between digits (Go specification, "Integer literals"). */
const badUnderscore = (text: string): boolean => /__|_$|_\.|\._|^[+-]?_|_[eEpP]|[eEpP][+-]?_/.test(text);

const hexFloat = (sign: string, whole: string, fraction: string | undefined, exponent: string | undefined): number | undefined => {
  const digits = (whole + (fraction ?? '')).replaceAll('_', '');
  // strconv.ParseFloat wants the `p` exponent on every hexadecimal number.
  if (digits === '' || exponent === undefined) return undefined;
  const value = Number(BigInt(`0x${digits}`)) * 2 ** (Number(exponent) - 4 * (fraction ?? '').replaceAll('_', '').length);
  return sign === '-' ? -value : value;
};

/**
 * A number as Go's strconv.ParseFloat reads it: decimals, hexadecimal floats, `Inf`, `infinity`, `NaN` in any case.
 * Undefined for other text and for numbers out of range.
 */
export const parseFloatText = (text: string): number | undefined => {
  const special = /^([+-]?)(inf|infinity|nan)$/i.exec(text);
  if (special !== null) {
    if ((special[2] as string).toLowerCase() === 'nan') return special[1] === '' ? NaN : undefined;
    return special[1] === '-' ? -Infinity : Infinity;
  }
  if (badUnderscore(text)) return undefined;
  if (DECIMAL.test(text)) {
    const value = Number(text.replaceAll('_', ''));
    return Number.isFinite(value) ? value : undefined;
  }
  const hex = HEX_FLOAT.exec(text);
  return hex === null ? undefined : hexFloat(hex[1] as string, hex[2] as string, hex[3], hex[4]);
};

/**
 * A number literal: first as a Go integer literal (`0x1F`, `0b1`, `0o17`, `017` = 15, `1_000`), then as a float (so `08` is 8).
 * Undefined when it is neither.
 */
export const parseNumberLiteral = (text: string): number | undefined => {
  if (/^0[xX]_?[0-9a-fA-F][0-9a-fA-F_]*$|^0[bB]_?[01][01_]*$|^0[oO]_?[0-7][0-7_]*$|^0[0-7_]+$/.test(text)) {
    if (badUnderscore(text)) return undefined;
    const digits = text.replaceAll('_', '');
    const integer = BigInt(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits.toLowerCase());
    // Beyond int64 Go falls back to ParseFloat, which reads leading zeros as decimal and refuses the other prefixes.
    if (integer <= 0x7fffffffffffffffn) return Number(integer);
  }
  return parseFloatText(text);
};

/** Shortest digits without an exponent, as strconv.FormatFloat(value, 'f', -1, 64) prints them. */
export const formatDecimal = (value: number): string => {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const text = Object.is(value, -0) ? '-0' : String(value);
  const match = /^(-?)(\d+)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (match === null) return text;
  const [, sign, whole, fraction = '', exponentText] = match as unknown as [string, string, string, string | undefined, string];
  const exponent = Number(exponentText);
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${whole}${fraction}`;
  return `${sign}${whole}${fraction.padEnd(exponent, '0')}`;
};

/**
 * A sample value in the HTTP API: decimal, but with an exponent of at least two digits below 1e-6 and from 1e21 on
 * (Prometheus' jsonutil.MarshalFloat; JavaScript switches at the same bounds).
 */
export const formatValue = (value: number): string => {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (Object.is(value, -0)) return '-0';
  const text = String(value);
  return text.includes('e') ? text.replace(/e([+-])(\d)$/, 'e$10$2') : text;
};

/** Go's `%g` / `%v` of a float64: shortest digits, with an exponent below 1e-4 and from 1e6 on (strconv, format 'g'). */
export const formatGeneral = (value: number): string => {
  const abs = Math.abs(value);
  if (!Number.isFinite(value) || value === 0 || (abs >= 1e-4 && abs < 1e6)) return formatValue(value);
  return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
};

/** A float as OpenMetrics writes it: general, with `.0` after whole numbers. */
export const formatOpenMetrics = (value: number): string => {
  const text = formatGeneral(value);
  return Number.isFinite(value) && !/[e.]/.test(text) ? `${text}.0` : text;
};

/** Seconds with three decimals where there is a fraction, the API's form of a time in milliseconds. */
export const formatSeconds = (tMs: number): string => {
  const abs = Math.abs(tMs);
  const rest = abs % 1000;
  const whole = `${tMs < 0 ? '-' : ''}${Math.trunc(abs / 1000)}`;
  return rest === 0 ? whole : `${whole}.${String(rest).padStart(3, '0')}`;
};
