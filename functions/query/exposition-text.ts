import { type Labels, METRIC_NAME } from '../../shared/model/labels.ts';
import { formatGeneral } from '../../shared/promql/number-text.ts';

const LEGACY_METRIC = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LEGACY_LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** How names are written that are no identifiers: quoted for a reader that says it knows that, with underscores for others. */
export type NameEscaping = 'allow-utf-8' | 'underscores';

/** What the `Accept` header of a scraper asks for (prometheus/common, expfmt.Negotiate). */
export const escapingFrom = (accept: string | undefined): NameEscaping =>
  /(?:^|[;,])\s*escaping\s*=\s*allow-utf-8\s*(?:[;,]|$)/i.test(accept ?? '') ? 'allow-utf-8' : 'underscores';

/** One sample in Prometheus' text exposition format 0.0.4, its end of line included. A zero has no sign there (expfmt, writeFloat). */
export const sampleLine = (metric: string, labels: Labels, value: number, tMs: number, escaping: NameEscaping): string => {
  const isBare = LEGACY_METRIC.test(metric) || escaping === 'underscores';
  const pairs = labels
    .filter(([name]) => name !== METRIC_NAME)
    .map(([name, text]) => `${labelText(name, escaping)}="${escapeValue(text)}"`);
  const inBraces = isBare ? pairs : [`"${escapeValue(metric)}"`, ...pairs];
  const head = isBare ? metricText(metric, escaping) : '';
  return `${head}${inBraces.length === 0 ? '' : `{${inBraces.join(',')}}`} ${value === 0 ? '0' : formatGeneral(value)} ${tMs}\n`;
};

export const typeLine = (metric: string, escaping: NameEscaping): string => `# TYPE ${metricText(metric, escaping)} untyped\n`;

const metricText = (metric: string, escaping: NameEscaping): string => {
  if (LEGACY_METRIC.test(metric)) return metric;
  return escaping === 'allow-utf-8' ? `"${escapeValue(metric)}"` : withUnderscores(metric, /[a-zA-Z0-9_:]/);
};

const labelText = (name: string, escaping: NameEscaping): string => {
  if (LEGACY_LABEL.test(name)) return name;
  return escaping === 'allow-utf-8' ? `"${escapeValue(name)}"` : withUnderscores(name, /[a-zA-Z0-9_]/);
};

/** Every character that may not stand where it does becomes an underscore (model.EscapeName). */
const withUnderscores = (name: string, allowed: RegExp): string =>
  Array.from(name, (character, i) => (allowed.test(character) && !(i === 0 && /\d/.test(character)) ? character : '_')).join('');

const escapeValue = (text: string): string => text.replace(/[\\\n"]/g, (character) => (character === '\n' ? String.raw`\n` : `\\${character}`));
