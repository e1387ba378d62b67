import { TemplateError, goTypeOf } from './go-value.ts';
import type { GoStruct, GoValue } from './go-value.ts';

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];

/** Go's int64 nanoseconds end here. */
const MAX_NS = 2 ** 63;

const two = (value: number): string => String(value).padStart(2, '0');

const fractionText = (ms: number, digits: number, trims: boolean): string => {
  const all = `${String(ms).padStart(3, '0')}000000`.slice(0, digits);
  const kept = trims ? all.replace(/0+$/, '') : all;
  return kept === '' ? '' : `.${kept}`;
};

/** Words of a layout in the order in which Go tries them (time/format.go). */
const LAYOUT = /January|Jan|Monday|Mon|MST|2006|Z07:00|Z0700|-07:00|-0700|[.,]0+|[.,]9+|01|02|03|04|05|06|002|15|PM|pm|_2|1|2|3|4|5/g;

const layoutPart = (word: string, at: Date): string => {
  const hour12 = at.getUTCHours() % 12 === 0 ? 12 : at.getUTCHours() % 12;
  const parts: Readonly<Record<string, string>> = {
    January: MONTHS[at.getUTCMonth()] as string,
    Jan: (MONTHS[at.getUTCMonth()] as string).slice(0, 3),
    Monday: DAYS[at.getUTCDay()] as string,
    Mon: (DAYS[at.getUTCDay()] as string).slice(0, 3),
    MST: 'UTC',
    2006: String(at.getUTCFullYear()).padStart(4, '0'),
    'Z07:00': 'Z',
    Z0700: 'Z',
    '-07:00': '+00:00',
    '-0700': '+0000',
    '01': two(at.getUTCMonth() + 1),
    '02': two(at.getUTCDate()),
    '03': two(hour12),
    '04': two(at.getUTCMinutes()),
    '05': two(at.getUTCSeconds()),
    '06': two(at.getUTCFullYear() % 100),
    '002': String(yearDay(at)).padStart(3, '0'),
    15: two(at.getUTCHours()),
    PM: at.getUTCHours() < 12 ? 'AM' : 'PM',
    pm: at.getUTCHours() < 12 ? 'am' : 'pm',
    _2: String(at.getUTCDate()).padStart(2, ' '),
    1: String(at.getUTCMonth() + 1),
    2: String(at.getUTCDate()),
    3: String(hour12),
    4: String(at.getUTCMinutes()),
    5: String(at.getUTCSeconds()),
  };
  return parts[word] ?? fractionText(at.getUTCMilliseconds(), word.length - 1, word.endsWith('9'));
};

const yearDay = (at: Date): number => Math.floor((at.getTime() - Date.UTC(at.getUTCFullYear(), 0, 1)) / 86_400_000) + 1;

const PLAIN = '2006-01-02 15:04:05.999999999 -0700 MST';

const formatted = (at: Date, layout: string): string => layout.replace(LAYOUT, (word) => layoutPart(word, at));

/** Seconds since 1970 as milliseconds. */
export const checkedMs = (seconds: number): number => {
  const ns = seconds * 1e9;
  if (Math.abs(ns) <= MAX_NS) return Math.trunc(seconds * 1000);
  throw new TemplateError(`${seconds} cannot be represented as a nanoseconds timestamp since it overflows int64`);
};

/** How Go prints a time. */
export const timeText = (tMs: number): string => formatted(new Date(tMs), PLAIN);

const int = (value: number): (() => GoValue) => () => BigInt(value);

/** Go's time.Time in UTC, with the methods that make a text or a number of it. */
export const goTime = (tMs: number): GoStruct => {
  const at = new Date(tMs);
  const self = (): GoValue => goTime(tMs);
  return {
    kind: 'struct',
    type: '*time.Time',
    fields: new Map(),
    text: timeText(tMs),
    methods: new Map<string, (args: readonly GoValue[]) => GoValue>([
      [
        'Format',
        ([layout]) => {
          if (typeof layout !== 'string') throw new TemplateError(`found a layout of type ${goTypeOf(layout ?? null)}, a string is needed`);
          return formatted(at, layout);
        },
      ],
      ['String', () => timeText(tMs)],
      ['UTC', self],
      ['Unix', int(Math.floor(tMs / 1000))],
      ['UnixMilli', int(tMs)],
      ['Year', int(at.getUTCFullYear())],
      ['YearDay', int(yearDay(at))],
      ['Month', () => MONTHS[at.getUTCMonth()] as string],
      ['Weekday', () => DAYS[at.getUTCDay()] as string],
      ['Day', int(at.getUTCDate())],
      ['Hour', int(at.getUTCHours())],
      ['Minute', int(at.getUTCMinutes())],
      ['Second', int(at.getUTCSeconds())],
    ]),
  };
};

/** `1h2m3.5s`, as Go prints a time.Duration. */
const durationText = (seconds: number): string => {
  const magnitude = Math.abs(seconds);
  const sign = seconds < 0 ? '-' : '';
  if (magnitude === 0) return '0s';
  if (magnitude < 1) {
    const ns = Math.trunc(magnitude * 1e9);
    if (ns < 1000) return `${sign}${ns}ns`;
    return ns < 1_000_000 ? `${sign}${ns / 1000}µs` : `${sign}${ns / 1e6}ms`;
  }
  const whole = Math.floor(magnitude);
  const rest = Math.round((magnitude - whole) * 1e9);
  const fraction = rest === 0 ? '' : `.${String(rest).padStart(9, '0').replace(/0+$/, '')}`;
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return `${sign}${h > 0 ? `${h}h` : ''}${h > 0 || m > 0 ? `${m}m` : ''}${s}${fraction}s`;
};

/** Go's time.Duration. */
export const goDuration = (seconds: number): GoStruct => {
  if (!(Math.abs(seconds * 1e9) <= MAX_NS)) throw new TemplateError(`${seconds} cannot be represented as a nanoseconds duration since it overflows int64`);
  return {
    kind: 'struct',
    type: '*time.Duration',
    fields: new Map(),
    text: durationText(seconds),
    methods: new Map<string, (args: readonly GoValue[]) => GoValue>([
      ['String', () => durationText(seconds)],
      ['Hours', () => seconds / 3600],
      ['Minutes', () => seconds / 60],
      ['Seconds', () => seconds],
      ['Milliseconds', () => BigInt(Math.trunc(seconds * 1000))],
    ]),
  };
};
