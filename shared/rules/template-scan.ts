import { PermanentError } from '../errors.ts';

export type TemplatePart = { readonly kind: 'text' | 'action'; readonly text: string };

export type TemplateToken =
  | { readonly kind: 'value' | 'labels' | 'word' | 'bar'; readonly text: string }
  | { readonly kind: 'label'; readonly text: string; readonly name: string }
  | { readonly kind: 'literal'; readonly text: string; readonly value: string | number };

/** A template longer than this is refused. */
const MAX_TEMPLATE_CHARS = 16_384;

/**
 * Cuts a template into text and actions: `{{` to `}}`, quoted text inside skipped; `{{-` and `-}}` trim the white space
 * beside them (a space must follow or precede the dash, as in Go); comments vanish.
 * @throws PermanentError
 */
export const scanTemplate = (source: string): readonly TemplatePart[] => {
  if (source.length > MAX_TEMPLATE_CHARS) throw new PermanentError(`template: found ${source.length} characters, at most ${MAX_TEMPLATE_CHARS} are allowed`);
  const parts: TemplatePart[] = [];
  let from = 0;
  let trimNext = false;
  for (let open = source.indexOf('{{'); open !== -1; open = source.indexOf('{{', from)) {
    const close = actionEnd(source, open + 2);
    const inside = source.slice(open + 2, close);
    const trimBefore = /^-[ \t\r\n]/.test(inside);
    const trimAfter = inside.endsWith('-') && ' \t\r\n'.includes(inside.at(-2) ?? '-');
    parts.push({ kind: 'text', text: trimmed(source.slice(from, open), trimNext, trimBefore) });
    const action = inside.slice(trimBefore ? 1 : 0, trimAfter ? -1 : undefined).trim();
    if (!action.startsWith('/*')) parts.push({ kind: 'action', text: action });
    trimNext = trimAfter;
    from = close + 2;
  }
  parts.push({ kind: 'text', text: trimmed(source.slice(from), trimNext, false) });
  return parts.filter((part) => part.kind === 'action' || part.text !== '');
};

const trimmed = (text: string, start: boolean, end: boolean): string => {
  const rest = start ? text.trimStart() : text;
  return end ? rest.trimEnd() : rest;
};

/** Where the `}}` of the action that starts at `from` stands. */
const actionEnd = (source: string, from: number): number => {
  const comment = /^(?:-[ \t\r\n]+)?\/\*/.exec(source.slice(from, from + 64));
  if (comment !== null) {
    const end = source.indexOf('*/', from + comment[0].length);
    const close = end === -1 ? -1 : source.indexOf('}}', end);
    if (close !== -1) return close;
    throw new PermanentError('template: found a comment without its end, "*/" and "}}" are needed');
  }
  let quote = '';
  for (let i = from; i < source.length; i++) {
    const c = source[i] as string;
    if (quote !== '') {
      if (c === '\\' && quote === '"') i++;
      else if (c === quote) quote = '';
    } else if (c === '"' || c === '`') quote = c;
    else if (c === '}' && source[i + 1] === '}') return i;
  }
  throw new PermanentError('template: found "{{" without its end, "}}" is needed');
};

const TOKEN =
  /[ \t\r\n]+|(?<bar>\|)|(?<label>(?:\$labels|\$?\.Labels)\.(?<name>[\p{L}_][\p{L}\p{N}_]*))|(?<labels>(?:\$labels|\$?\.Labels)(?![\p{L}\p{N}_.]))|(?<value>(?:\$value|\$?\.Value)(?![\p{L}\p{N}_.]))|(?<string>"(?:[^"\\\n]|\\.)*"|`[^`]*`)|(?<number>[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\p{L}\p{N}_.])|(?<word>[\p{L}_][\p{L}\p{N}_]*)/uy;

/**
 * The words of an action.
 * @throws PermanentError naming the first thing that is not known or not supported yet.
 */
export const tokensOf = (action: string): readonly TemplateToken[] => {
  const tokens: TemplateToken[] = [];
  for (let at = 0; at < action.length; ) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(action);
    if (match === null) throw new PermanentError(`template: "${/^\S{1,40}/.exec(action.slice(at))?.[0] ?? ''}" is not supported yet`);
    at += match[0].length;
    const token = tokenOf(match);
    if (token !== undefined) tokens.push(token);
  }
  return tokens;
};

/** Go's keywords and prelude that this subset leaves out. */
const KEYWORDS = new Set(['if', 'else', 'end', 'range', 'with', 'define', 'template', 'block', 'break', 'continue', 'nil', 'true', 'false']);

const tokenOf = (match: RegExpExecArray): TemplateToken | undefined => {
  const { bar, label, name, labels, value, string, number, word } = match.groups as Readonly<Record<string, string | undefined>>;
  if (bar !== undefined) return { kind: 'bar', text: bar };
  if (label !== undefined) return { kind: 'label', text: label, name: name as string };
  if (labels !== undefined) return { kind: 'labels', text: labels };
  if (value !== undefined) return { kind: 'value', text: value };
  if (string !== undefined) return { kind: 'literal', text: string, value: unquote(string) };
  if (number !== undefined) return { kind: 'literal', text: number, value: Number(number) };
  if (word === undefined) return undefined;
  if (KEYWORDS.has(word)) throw new PermanentError(`template: "${word}" is not supported yet`);
  return { kind: 'word', text: word };
};

const unquote = (text: string): string => {
  if (text.startsWith('`')) return text.slice(1, -1);
  try {
    return JSON.parse(text) as string;
  } catch {
    throw new PermanentError(`template: found the text ${text}, whose escapes are not supported; \\n \\t \\" \\\\ and \\u are`);
  }
};
