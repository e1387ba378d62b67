import type { OtlpKind } from './otlp-shape.ts';

/**
 * Prometheus' translation strategy UnderscoreEscapingWithSuffixes. The rules are those of the OpenTelemetry specification,
 * "Prometheus and OpenMetrics compatibility", with the tables of prometheus/otlptranslator; so a metric has the same name
 * here as in a Prometheus server that takes the same OTLP.
 */
const UNITS: ReadonlyMap<string, string> = new Map([
  ['d', 'days'],
  ['h', 'hours'],
  ['min', 'minutes'],
  ['s', 'seconds'],
  ['ms', 'milliseconds'],
  ['us', 'microseconds'],
  ['ns', 'nanoseconds'],
  ['By', 'bytes'],
  ['KiBy', 'kibibytes'],
  ['MiBy', 'mebibytes'],
  ['GiBy', 'gibibytes'],
  ['TiBy', 'tibibytes'],
  ['KBy', 'kilobytes'],
  ['MBy', 'megabytes'],
  ['GBy', 'gigabytes'],
  ['TBy', 'terabytes'],
  ['m', 'meters'],
  ['V', 'volts'],
  ['A', 'amperes'],
  ['J', 'joules'],
  ['W', 'watts'],
  ['g', 'grams'],
  ['Cel', 'celsius'],
  ['Hz', 'hertz'],
  ['1', ''],
  ['%', 'percent'],
]);

const PER_UNITS: ReadonlyMap<string, string> = new Map([
  ['s', 'second'],
  ['m', 'minute'],
  ['h', 'hour'],
  ['d', 'day'],
  ['w', 'week'],
  ['mo', 'month'],
  ['y', 'year'],
]);

/** The metric's name; undefined when nothing of it can stand in one. */
export const otlpMetricName = (name: string, unit: string, kind: OtlpKind, monotonic: boolean): string | undefined => {
  const words = name.split(/[^a-zA-Z0-9:]+/).filter((word) => word !== '');
  if (words.length === 0) return undefined;
  for (const suffix of unitSuffixes(unit)) if (!words.includes(suffix)) words.push(suffix);
  // Receivers give unit 1 to counts of things as well, so only a gauge is taken for a ratio.
  const typeSuffix = kind === 'sum' && monotonic ? 'total' : unit === '1' && kind === 'gauge' ? 'ratio' : undefined;
  const named = typeSuffix === undefined ? words : [...words.filter((word) => word !== typeSuffix), typeSuffix];
  const joined = named.join('_');
  return /^\d/.test(joined) ? `_${joined}` : joined;
};

/** `By/s` as `bytes`, `per_second`. Units in braces are annotations and give none. */
const unitSuffixes = (unit: string): string[] => {
  const slash = unit.indexOf('/');
  const main = unitWord(slash < 0 ? unit : unit.slice(0, slash), UNITS);
  const per = slash < 0 ? '' : unitWord(unit.slice(slash + 1), PER_UNITS);
  return [main, per === '' ? '' : `per_${per}`].filter((suffix) => suffix !== '');
};

const unitWord = (raw: string, known: ReadonlyMap<string, string>): string => {
  const unit = raw.trim();
  if (/[{}]/.test(unit)) return '';
  const word = known.get(unit) ?? unit;
  return word.replace(/[^a-zA-Z0-9:]+/g, '_').replace(/^_|_$/g, '');
};

/** The label's name; undefined when nothing of it can stand in one. */
export const otlpLabelName = (key: string): string | undefined => {
  const name = key.replace(/[^a-zA-Z0-9_]/g, '_');
  if (/^_*$/.test(name)) return undefined;
  if (/^\d/.test(name)) return `key_${name}`;
  // A single underscore in front is escaped, two are a name that is meant to be reserved.
  return /^_(?!_)/.test(name) ? `key${name}` : name;
};
