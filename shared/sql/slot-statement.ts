import { PermanentError } from '../errors.ts';

/** A statement that asks about one time, which it calls `:slot`. */
export interface SlotStatement {
  /** With `?` in each place of `:slot`. */
  readonly text: string;
  /** How many of them there are. */
  readonly slots: number;
}

/** A quarter of what Athena takes (262,144 bytes, service quotas), and much more than anybody reads. */
const MAX_STATEMENT_CHARS = 65_536;

/** Texts, quoted names and comments, in which nothing has a meaning; then what has one. What is not closed goes to the end, which keeps it linear. */
const TOKEN = /'(?:[^']|'')*'?|"(?:[^"]|"")*"?|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|::|:[A-Za-z_]\w*|[A-Za-z_]\w*|\?|;|\S/g;

const COMMENT = /^(?:--|\/\*)/;

/**
 * Reads a statement's shape: one SELECT or WITH, whose only parameter is `:slot`. What else is wrong with it its engine says.
 * @throws PermanentError
 */
export const parseSlotStatement = (source: string): SlotStatement => {
  if (source.length > MAX_STATEMENT_CHARS) throw new PermanentError(`read statement: found ${source.length} characters, at most ${MAX_STATEMENT_CHARS} are allowed`);
  const parts: string[] = [];
  let [slots, copiedTo, first, endsAt] = [0, 0, '', -1];
  for (const { 0: token, index } of source.matchAll(TOKEN)) {
    if (COMMENT.test(token)) continue;
    if (endsAt !== -1 && token !== ';') throw new PermanentError('read statement: found more behind the semicolon, one statement is allowed');
    if (first === '' && token !== '(') first = token;
    if (token === '?') throw new PermanentError('read statement: found ?, the one parameter is :slot');
    if (token === ';' && endsAt === -1) endsAt = index;
    if (!/^:\w/.test(token)) continue;
    if (token !== ':slot') throw new PermanentError(`read statement: found ${token.slice(0, 100)}, the one parameter is :slot`);
    parts.push(source.slice(copiedTo, index), '?');
    copiedTo = index + token.length;
    slots++;
  }
  if (!/^(?:select|with)$/i.test(first)) throw new PermanentError(`read statement: found ${JSON.stringify(first.slice(0, 100))} at its beginning, SELECT and WITH are allowed`);
  parts.push(source.slice(copiedTo, endsAt === -1 ? undefined : endsAt));
  return { text: parts.join(''), slots };
};
