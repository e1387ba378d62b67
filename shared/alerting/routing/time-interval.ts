/** Both ends inclusive. */
export interface NumberRange {
  readonly from: number;
  readonly to: number;
}

/** A set of times. What is undefined does not narrow it; of each list one element must match. */
export interface TimeInterval {
  /** Minutes of the day; `to` is exclusive, and up to 1440. */
  readonly times: readonly NumberRange[] | undefined;
  /** 0 = Sunday. */
  readonly weekdays: readonly NumberRange[] | undefined;
  /** 1 to 31, or -1 (the last day) to -31. */
  readonly daysOfMonth: readonly NumberRange[] | undefined;
  readonly months: readonly NumberRange[] | undefined;
  readonly years: readonly NumberRange[] | undefined;
  /** An IANA name. */
  readonly location: string;
}

interface LocalTime {
  readonly minute: number;
  readonly weekday: number;
  readonly day: number;
  readonly month: number;
  readonly year: number;
}

/** Whether a time lies in the interval, by the clocks and calendar of its location (alertmanager, timeinterval/timeinterval.go). */
export const containsTime = (interval: TimeInterval, tMs: number): boolean => {
  const local = localTime(tMs, interval.location);
  return (
    (interval.times === undefined || interval.times.some(({ from, to }) => local.minute >= from && local.minute < to)) &&
    (interval.daysOfMonth === undefined || interval.daysOfMonth.some((range) => hasDay(range, local))) &&
    among(interval.months, local.month) &&
    among(interval.weekdays, local.weekday) &&
    among(interval.years, local.year)
  );
};

const among = (ranges: readonly NumberRange[] | undefined, value: number): boolean => ranges === undefined || ranges.some(({ from, to }) => value >= from && value <= to);

/** Days before the first count as the first, those after the last as the last; a range that lies wholly outside has none. */
const hasDay = ({ from, to }: NumberRange, { day, month, year }: LocalTime): boolean => {
  const days = new Date(Date.UTC(year, month, 0)).getUTCDate();
  const resolve = (value: number): number => (value < 0 ? days + value + 1 : value);
  const first = resolve(from);
  const last = resolve(to);
  return first <= days && day >= Math.max(first, 1) && day <= Math.min(last, days);
};

const formats = new Map<string, Intl.DateTimeFormat>();

const formatOf = (location: string): Intl.DateTimeFormat => {
  const known = formats.get(location);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat('en-US', { timeZone: location, hourCycle: 'h23', calendar: 'gregory', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' });
  formats.set(location, format);
  return format;
};

const localTime = (tMs: number, location: string): LocalTime => {
  const parts = new Map(formatOf(location).formatToParts(tMs).map(({ type, value }) => [type, Number(value)]));
  const of = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
  const weekday = new Date(Date.UTC(of('year'), of('month') - 1, of('day'))).getUTCDay();
  return { minute: of('hour') * 60 + of('minute'), weekday, day: of('day'), month: of('month'), year: of('year') };
};

/** Whether the runtime knows a location by this name. */
export const isLocation = (location: string): boolean => {
  try {
    formatOf(location);
    return true;
  } catch {
    return false;
  }
};
