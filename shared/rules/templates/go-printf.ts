import { quote } from '../../promql/string-text.ts';
import { formatExponent, formatFixed, formatGeneral, formatShortest } from '../go-format.ts';
import { MAX_TEXT_CHARS, TemplateError, checkedText, goTypeOf, printed } from './go-value.ts';
import type { GoValue } from './go-value.ts';

/** Go's fmt refuses widths and precisions from a million on; ours end where a text does. */
const MAX_WIDTH = MAX_TEXT_CHARS;

interface Verb {
  readonly flags: string;
  readonly width: number | undefined;
  readonly precision: number | undefined;
  readonly verb: string;
}

const DIRECTIVE = /%(?<flags>[+\-# 0]*)(?<width>\d+|\*)?(?:\.(?<precision>\d+|\*)?)?(?:\[(?<index>\d+)\])?(?<verb>[\s\S])?/gu;

/** Go's Sprintf: verbs v s q d f F g G e E t x X o b c U T %, flags, width, precision, `*` and `[n]`. */
export const sprintf = (format: string, values: readonly GoValue[]): string => {
  let next = 0;
  let reordered = false;
  let length = 0;
  const number = (text: string | undefined): number | undefined => {
    if (text === undefined) return undefined;
    const size = text === '*' ? Number(values[next++] ?? 0) : Number(text);
    if (!(Math.abs(size) <= MAX_WIDTH)) throw new TemplateError(`found a width of ${size}, at most ${MAX_WIDTH} is allowed`);
    return size;
  };
  const one = (...match: readonly unknown[]): string => {
    const groups = match.at(-1) as Readonly<Record<string, string | undefined>>;
    const width = number(groups['width']);
    const precision = String(match[0]).includes('.') ? (number(groups['precision']) ?? 0) : undefined;
    const verb = groups['verb'];
    if (verb === undefined) return '%!(NOVERB)';
    if (verb === '%') return '%';
    if (groups['index'] !== undefined) {
      next = Number(groups['index']) - 1;
      reordered = true;
    }
    if (next < 0 || next >= values.length) return `%!${verb}(${groups['index'] === undefined ? 'MISSING' : 'BADINDEX'})`;
    const flags = (width ?? 0) < 0 ? `${groups['flags'] ?? ''}-` : (groups['flags'] ?? '');
    return formatOne({ flags, width: width === undefined ? undefined : Math.abs(width), precision, verb }, values[next++] as GoValue);
  };
  const text = format.replace(DIRECTIVE, (...match: readonly unknown[]) => {
    const part = one(...match);
    length += part.length;
    if (length > MAX_TEXT_CHARS) throw new TemplateError(`found a text of ${length} characters, at most ${MAX_TEXT_CHARS} are allowed`);
    return part;
  });
  const extra = reordered ? [] : values.slice(next).map((value) => (value === null ? '<nil>' : `${goTypeOf(value)}=${printed(value)}`));
  return checkedText(extra.length === 0 ? text : `${text}%!(EXTRA ${extra.join(', ')})`);
};

const formatOne = (verb: Verb, value: GoValue): string => {
  if (verb.verb === 'T') return padded(goTypeOf(value), verb, false);
  if (typeof value === 'object' && value !== null && value.kind === 'list' && verb.verb !== 'v') return `[${value.elements.map((element) => formatOne(verb, element)).join(' ')}]`;
  const text = textOf(verb, value);
  if (text === undefined) return value === null ? `%!${verb.verb}(<nil>)` : `%!${verb.verb}(${goTypeOf(value)}=${printed(value)})`;
  return padded(text, verb, typeof value === 'number' || typeof value === 'bigint');
};

const textOf = (verb: Verb, value: GoValue): string | undefined => {
  switch (typeof value) {
    case 'number':
      return floatText(verb, value);
    case 'bigint':
      return intText(verb, value);
    case 'boolean':
      return verb.verb === 't' || verb.verb === 'v' ? String(value) : undefined;
    case 'string':
      return stringText(verb, value);
    default:
      if (verb.verb === 'v') return verb.flags.includes('#') && value === null ? 'interface {}(nil)' : printed(value);
      return value !== null && value.kind === 'struct' && value.text !== undefined ? stringText(verb, value.text) : undefined;
  }
};

const signed = ({ flags }: Verb, text: string): string => {
  if (/^[+-]/.test(text)) return text.startsWith('+') && !flags.includes('+') ? text.slice(flags.includes(' ') ? 0 : 1).replace('+', ' ') : text;
  if (text === 'NaN' && !flags.includes('+')) return flags.includes(' ') ? ' NaN' : text;
  return flags.includes('+') ? `+${text}` : flags.includes(' ') ? ` ${text}` : text;
};

const floatText = (verb: Verb, value: number): string | undefined => {
  const text = unsignedFloat(verb, value);
  // Go prints +Inf with its sign whatever the flags are.
  return text === undefined || text === '+Inf' ? text : signed(verb, text);
};

const unsignedFloat = ({ verb, precision }: Verb, value: number): string | undefined => {
  switch (verb) {
    case 'v':
    case 'g':
      return precision === undefined ? formatShortest(value) : formatGeneral(value, precision);
    case 'G':
      return (precision === undefined ? formatShortest(value) : formatGeneral(value, precision)).replace('e', 'E');
    case 'f':
    case 'F':
      return formatFixed(value, Math.min(precision ?? 6, 100));
    case 'e':
      return formatExponent(value, Math.min(precision ?? 6, 100));
    case 'E':
      return formatExponent(value, Math.min(precision ?? 6, 100)).replace('e', 'E');
    default:
      return undefined;
  }
};

const RADIX: Readonly<Record<string, number>> = { d: 10, v: 10, x: 16, X: 16, o: 8, b: 2 };
const PREFIX: Readonly<Record<string, string>> = { x: '0x', X: '0X', o: '0', b: '0b' };

const intText = (verb: Verb, value: bigint): string | undefined => {
  if (verb.verb === 'c') return value >= 0n && value <= 0x10ffffn ? String.fromCodePoint(Number(value)) : '\ufffd';
  if (verb.verb === 'U') return `U+${value.toString(16).toUpperCase().padStart(4, '0')}`;
  if (verb.verb === 'q') return value >= 0n && value <= 0x10ffffn ? `'${String.fromCodePoint(Number(value))}'` : "'\ufffd'";
  const radix = RADIX[verb.verb];
  if (radix === undefined) return undefined;
  const magnitude = (value < 0n ? -value : value).toString(radix).padStart(verb.precision ?? 0, '0');
  const digits = verb.verb === 'X' ? magnitude.toUpperCase() : magnitude;
  return signed(verb, `${value < 0n ? '-' : ''}${verb.flags.includes('#') ? (PREFIX[verb.verb] ?? '') : ''}${digits}`);
};

const stringText = ({ verb, precision, flags }: Verb, value: string): string | undefined => {
  const text = precision === undefined ? value : [...value].slice(0, precision).join('');
  if (verb === 's') return text;
  if (verb === 'v') return flags.includes('#') ? quote(text) : text;
  if (verb === 'q') return flags.includes('#') && !text.includes('`') ? `\`${text}\`` : quote(text);
  if (verb === 'x') return Buffer.from(text).toString('hex');
  if (verb === 'X') return Buffer.from(text).toString('hex').toUpperCase();
  return undefined;
};

/** To the width: zeros go between the sign and the digits. */
const padded = (text: string, { flags, width = 0 }: Verb, isNumber: boolean): string => {
  const missing = width - [...text].length;
  if (missing <= 0) return text;
  if (flags.includes('-')) return text + ' '.repeat(missing);
  if (!flags.includes('0') || (isNumber && /Inf|NaN/.test(text))) return ' '.repeat(missing) + text;
  const sign = isNumber ? (/^[+\- ]/.exec(text)?.[0] ?? '') : '';
  return sign + '0'.repeat(missing) + text.slice(sign.length);
};
