/** Digits below a millisecond. */
const DIGITS_BELOW_MS: Readonly<Record<string, number>> = { ns: 6, us: 3, ms: 0 };
const MS_PER: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 };

export type InfluxPrecision = 'ns' | 'us' | 'ms' | 's' | 'm' | 'h';

const PRECISIONS: ReadonlyMap<string, InfluxPrecision> = new Map([
  ['n', 'ns'],
  ['ns', 'ns'],
  ['u', 'us'],
  ['us', 'us'],
  ['ms', 'ms'],
  ['s', 's'],
  ['m', 'm'],
  ['h', 'h'],
]);

/** The precision of either write path: version 1 says `n` and `u` where version 2 says `ns` and `us`. Undefined for other text. */
export const influxPrecision = (text: string): InfluxPrecision | undefined => PRECISIONS.get(text);

const INTEGER = /^-?\d{1,20}$/;

/** Unix milliseconds, rounded down; undefined for text that is no whole number or no time a double can hold. */
export const influxTimeMs = (text: string, precision: InfluxPrecision): number | undefined => {
  if (!INTEGER.test(text)) return undefined;
  const msPer = MS_PER[precision];
  const tMs = msPer === undefined ? withoutDigits(text, DIGITS_BELOW_MS[precision] as number) : Number(text) * msPer;
  return Number.isSafeInteger(tMs) ? tMs : undefined;
};

/** Without the last digits, since nanoseconds do not fit a double. */
const withoutDigits = (text: string, digits: number): number => {
  const negative = text.startsWith('-');
  const magnitude = negative ? text.slice(1) : text;
  const whole = Number(magnitude.slice(0, Math.max(0, magnitude.length - digits)));
  if (!negative) return whole;
  const rest = magnitude.slice(Math.max(0, magnitude.length - digits));
  return /[1-9]/.test(rest) ? -whole - 1 : 0 - whole;
};
