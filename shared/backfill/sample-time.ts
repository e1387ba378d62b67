import { parseDecimal } from '../protocols/number-text.ts';

/** Unix seconds of the year 5138, and milliseconds of March 1973: no number of samples worth keeping means both. */
const SECONDS_BELOW = 1e11;
/** Microseconds and nanoseconds, which no file of ours or of Prometheus has, would be the year 5138 and later. */
const MS_BELOW = 1e14;

/** RFC 3339 with a date, a time to the second or finer, and its zone. */
const RFC3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)$/;

/** Unix seconds (with a fraction or without) or milliseconds, told by their size, or RFC 3339; in whole milliseconds. */
export const parseTime = (text: string): number | undefined => {
  const number = parseDecimal(text);
  if (number !== undefined) return timeFrom(number);
  const tMs = RFC3339.test(text) ? Date.parse(text.replace(' ', 'T').toUpperCase()) : Number.NaN;
  return Number.isNaN(tMs) ? undefined : tMs;
};

export const timeFrom = (number: number): number | undefined => {
  const magnitude = Math.abs(number);
  if (magnitude < SECONDS_BELOW) return Math.round(number * 1000);
  return magnitude < MS_BELOW ? Math.round(number) : undefined;
};

export const TIMES_ALLOWED = 'Unix seconds, milliseconds or RFC 3339 allowed';
