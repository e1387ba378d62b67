import type { FieldReader } from '../receiver-config/field-reader.ts';
import { isLocation } from './time-interval.ts';
import type { NumberRange, TimeInterval } from './time-interval.ts';

const INTERVAL_KEYS = ['times', 'weekdays', 'days_of_month', 'months', 'years', 'location'];

const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const MONTHS = ['january', 'february', 'march', 'april', 'may', 'june', 'july', 'august', 'september', 'october', 'november', 'december'];

/** `time_intervals`, and `mute_time_intervals` as they were called before. */
export const readTimeIntervals = (reader: FieldReader): ReadonlyMap<string, readonly TimeInterval[]> => {
  const intervals = new Map<string, readonly TimeInterval[]>();
  for (const key of ['time_intervals', 'mute_time_intervals']) {
    for (const named of reader.each(key, ['name', 'time_intervals'])) {
      const name = named.text('name');
      if (name === '') named.fail('name', 'found no name, every time interval needs one');
      else if (intervals.has(name)) named.fail('name', `found the name ${JSON.stringify(name)} twice, it stands once`);
      intervals.set(name, named.each('time_intervals', INTERVAL_KEYS).map(readInterval));
    }
  }
  return intervals;
};

const readInterval = (reader: FieldReader): TimeInterval => ({
  times: reader.has('times') ? reader.each('times', ['start_time', 'end_time']).map(readTimes) : undefined,
  weekdays: readRanges(reader, 'weekdays', { parse: named(WEEKDAYS, 0), allowed: 'days such as monday:friday' }),
  daysOfMonth: readRanges(reader, 'days_of_month', { parse: dayOfMonth, allowed: 'days such as 1:7 or -1' }),
  months: readRanges(reader, 'months', { parse: (text) => named(MONTHS, 1)(text) ?? monthNumber(text), allowed: 'months such as may:august or 1:3' }),
  years: readRanges(reader, 'years', { parse: (text) => (/^\d{1,4}$/.test(text) ? Number(text) : undefined), allowed: 'years such as 2026:2028' }),
  location: readLocation(reader),
});

/** `Local` is the clock of the machine, and ours is UTC everywhere. */
const readLocation = (reader: FieldReader): string => {
  const location = reader.text('location');
  if (location === '' || location === 'Local') return 'UTC';
  if (isLocation(location)) return location;
  reader.fail('location', `location: found ${JSON.stringify(location.slice(0, 100))}, a name such as Europe/Berlin is needed`);
  return 'UTC';
};

const readTimes = (reader: FieldReader): NumberRange => {
  const [from, to] = ['start_time', 'end_time'].map((key) => {
    const match = /^(?:([01]\d|2[0-3]):([0-5]\d)|(24):(00))$/.exec(reader.text(key));
    if (match === null) reader.fail(key, `${key}: found no time of the day, one from 00:00 to 24:00 is needed`);
    return match === null ? 0 : Number(match[1] ?? match[3]) * 60 + Number(match[2] ?? match[4]);
  }) as [number, number];
  if (from > to || (from === to && reader.has('start_time') && reader.has('end_time'))) reader.fail('end_time', 'end_time: found none later than start_time, which is needed');
  return { from, to };
};

type ParseNumber = (text: string) => number | undefined;

const named =
  (names: readonly string[], first: number): ParseNumber =>
  (text) => {
    const at = names.indexOf(text.toLowerCase());
    return at === -1 ? undefined : at + first;
  };

const monthNumber: ParseNumber = (text) => (/^(?:[1-9]|1[0-2])$/.test(text) ? Number(text) : undefined);

const dayOfMonth: ParseNumber = (text) => (/^-?(?:[1-9]|[12]\d|3[01])$/.test(text) ? Number(text) : undefined);

const readRanges = (reader: FieldReader, key: string, { parse, allowed }: { readonly parse: ParseNumber; readonly allowed: string }): readonly NumberRange[] | undefined => {
  if (!reader.has(key)) return undefined;
  return reader.texts(key).map(({ text, node }) => {
    const parts = text.split(':');
    const from = parse(parts[0] as string);
    const to = parse((parts[1] ?? parts[0]) as string);
    const isRange = from !== undefined && to !== undefined && parts.length <= 2 && inOrder(from, to);
    if (!isRange) reader.yaml.fail(node, `${reader.what}: ${key}: found ${JSON.stringify(text.slice(0, 100))}, ${allowed} are allowed, the earlier one first`);
    return { from: from ?? 0, to: to ?? 0 };
  });
};

/** Of days that are counted from different ends the order depends on the month; from the end to the beginning it is wrong in all. */
const inOrder = (from: number, to: number): boolean => (from < 0 === to < 0 ? from <= to : from > 0);
