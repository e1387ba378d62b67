import { PermanentError } from '../errors.ts';
import { formatExponent, formatFixed, formatGeneral, formatShortest } from './go-format.ts';

/** What a template expression can be: Go's string, or float64. */
export type TemplateValue = string | number;

export type TemplateFunction = (args: readonly TemplateValue[]) => TemplateValue;

/** A value as Go's `%v` prints it. */
export const printValue = (value: TemplateValue): string => (typeof value === 'number' ? formatShortest(value) : value);

/** Numbers, and texts that Go's `strconv.ParseFloat` would take. */
const toNumber = (value: TemplateValue): number => {
  if (typeof value === 'number') return value;
  const word = /^([+-]?)(inf|infinity|nan)$/i.exec(value);
  if (word !== null) return (word[2] as string).toLowerCase() === 'nan' ? NaN : word[1] === '-' ? -Infinity : Infinity;
  if (value.trim() !== value || value === '' || Number.isNaN(Number(value))) {
    throw new PermanentError(`template: found ${JSON.stringify(value)}, a number is needed`);
  }
  return Number(value);
};

const toText = (name: string, value: TemplateValue): string => {
  if (typeof value === 'string') return value;
  throw new PermanentError(`template ${name}: found a number, a text is needed`);
};

/** Divides by `factor` while the value is not below it, a prefix per step. */
const scaleDown = (value: number, factor: number, prefixes: readonly string[]): string => {
  let rest = value;
  let prefix = '';
  for (const next of prefixes) {
    if (Math.abs(rest) < factor) break;
    prefix = next;
    rest /= factor;
  }
  return `${formatGeneral(rest, 4)}${prefix}`;
};

const scaleUp = (value: number): string => {
  let rest = value;
  let prefix = '';
  for (const next of ['m', 'u', 'n', 'p', 'f', 'a', 'z', 'y']) {
    if (Math.abs(rest) >= 1) break;
    prefix = next;
    rest *= 1000;
  }
  return `${formatGeneral(rest, 4)}${prefix}`;
};

const humanize = (value: number): string => {
  if (value === 0 || !Number.isFinite(value)) return formatGeneral(value, 4);
  return Math.abs(value) >= 1 ? scaleDown(value, 1000, ['k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y']) : scaleUp(value);
};

const humanize1024 = (value: number): string => {
  if (Math.abs(value) <= 1 || !Number.isFinite(value)) return formatGeneral(value, 4);
  return scaleDown(value, 1024, ['ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei', 'Zi', 'Yi']);
};

const humanizeDuration = (seconds: number): string => {
  if (!Number.isFinite(seconds)) return formatGeneral(seconds, 4);
  if (seconds === 0) return `${formatGeneral(seconds, 4)}s`;
  if (Math.abs(seconds) < 1) return `${scaleUp(seconds)}s`;
  const sign = seconds < 0 ? '-' : '';
  const whole = Math.trunc(Math.abs(seconds));
  const [s, m, h, d] = [whole % 60, Math.floor(whole / 60) % 60, Math.floor(whole / 3600) % 24, Math.floor(whole / 86_400)];
  if (d !== 0) return `${sign}${d}d ${h}h ${m}m ${s}s`;
  if (h !== 0) return `${sign}${h}h ${m}m ${s}s`;
  return m !== 0 ? `${sign}${m}m ${s}s` : `${sign}${formatGeneral(Math.abs(seconds), 4)}s`;
};

/** `%v %s %q %d %f %g %e %%`, a precision where it means something; a verb that does not fit prints Go's own complaint. */
const printf: TemplateFunction = (args) => {
  const [format, ...values] = args;
  let next = 0;
  const text = toText('printf', format ?? '').replace(/%(?:\.(\d{1,2}))?([a-zA-Z%])/g, (_all, precision: string | undefined, verb: string) => {
    if (verb === '%') return '%';
    const value = values[next++];
    if (value === undefined) return `%!${verb}(MISSING)`;
    return printVerb(verb, value, precision === undefined ? undefined : Number(precision));
  });
  const extra = values.slice(next).map((value) => `${goTypeOf(value)}=${printValue(value)}`);
  return extra.length === 0 ? text : `${text}%!(EXTRA ${extra.join(', ')})`;
};

const printVerb = (verb: string, value: TemplateValue, precision: number | undefined): string => {
  if (verb === 'v') return typeof value === 'number' && precision !== undefined ? formatGeneral(value, precision) : printValue(value);
  if (typeof value === 'number') {
    if (verb === 'f') return formatFixed(value, precision ?? 6);
    if (verb === 'e') return formatExponent(value, precision ?? 6);
    if (verb === 'g') return precision === undefined ? formatShortest(value) : formatGeneral(value, precision);
  } else {
    if (verb === 's') return precision === undefined ? value : [...value].slice(0, precision).join('');
    if (verb === 'q') return JSON.stringify(value);
  }
  return `%!${verb}(${goTypeOf(value)}=${printValue(value)})`;
};

const goTypeOf = (value: TemplateValue): string => (typeof value === 'number' ? 'float64' : 'string');

const ofNumber =
  (apply: (value: number) => string): TemplateFunction =>
  (args) =>
    apply(toNumber(args[0] as TemplateValue));

const ofText =
  (name: string, apply: (text: string) => string): TemplateFunction =>
  (args) =>
    apply(toText(name, args[0] as TemplateValue));

export interface FunctionShape {
  readonly call: TemplateFunction;
  readonly minArgs: number;
  readonly maxArgs: number;
}

const one = (call: TemplateFunction): FunctionShape => ({ call, minArgs: 1, maxArgs: 1 });

/** The functions of Prometheus' templates that rules can use today, by name. Formats are those of its template/template.go. */
export const TEMPLATE_FUNCTIONS: ReadonlyMap<string, FunctionShape> = new Map([
  ['humanize', one(ofNumber(humanize))],
  ['humanize1024', one(ofNumber(humanize1024))],
  ['humanizePercentage', one(ofNumber((value) => `${formatGeneral(value * 100, 4)}%`))],
  ['humanizeDuration', one(ofNumber(humanizeDuration))],
  ['toUpper', one(ofText('toUpper', (text) => text.toUpperCase()))],
  ['toLower', one(ofText('toLower', (text) => text.toLowerCase()))],
  ['title', one(ofText('title', (text) => text.replace(/(^|[^\p{L}\p{N}_'])(\p{L})/gu, (_all, before: string, first: string) => before + first.toUpperCase())))],
  ['printf', { call: printf, minArgs: 1, maxArgs: 16 }],
]);
