import { RE2JS } from 're2js';
import { messageOf } from '../../errors.ts';
import { quote } from '../../promql/string-text.ts';
import { MAX_TEXT_CHARS, TemplateError } from './go-value.ts';
import type { CallContext } from './template-executor.ts';

/** A longer pattern would be compiled for longer than it is worth. */
const MAX_PATTERN_CHARS = 2000;

/** RE2 looks at every character of the text for every state of the pattern: so many of those are one step. */
const STATES_PER_STEP = 2000;

const compile = (pattern: string, text: string, { spend }: CallContext): RE2JS => {
  if (pattern.length > MAX_PATTERN_CHARS) throw new TemplateError(`found a pattern of ${pattern.length} characters, at most ${MAX_PATTERN_CHARS} are allowed`);
  spend(Math.ceil((pattern.length * (text.length + 1)) / STATES_PER_STEP));
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    throw new TemplateError(messageOf(error));
  }
};

/** Whether the pattern matches anywhere in the text (Go's regexp.MatchString). */
export const matchesSomewhere = (pattern: string, text: string, context: CallContext): boolean => compile(pattern, text, context).matcher(text).find();

/** As MustCompile tells what is wrong. */
const compiled = (pattern: string, text: string, context: CallContext): RE2JS => {
  try {
    return compile(pattern, text, context);
  } catch (error) {
    throw error instanceof TemplateError ? new TemplateError(`regexp: Compile(${pattern.includes('`') ? quote(pattern) : `\`${pattern}\``}): ${error.message}`) : error;
  }
};

/** Go's Regexp.ReplaceAllString: `$1`, `${1}`, `$name` and `$$` in the replacement. */
export const replaceAll = (pattern: string, replacement: string, text: string, context: CallContext): string => {
  const regex = compiled(pattern, text, context);
  const names = regex.namedGroups() as Readonly<Record<string, number>>;
  const matcher = regex.matcher(text);
  let result = '';
  let from = 0;
  while (matcher.find()) {
    const [start, end] = [matcher.start(), matcher.end()];
    const groupOf = (name: string): string => {
      const number = /^\d+$/.test(name) ? Number(name) : names[name];
      return number === undefined || number > matcher.groupCount() ? '' : (matcher.group(number) ?? '');
    };
    const expanded = replacement.replace(/\$(?:(?<dollar>\$)|(?<bare>\w+)|\{(?<braced>\w+)\})/g, (_all, dollar: string | undefined, bare: string | undefined, braced: string | undefined) =>
      dollar === undefined ? groupOf(bare ?? braced ?? '') : '$',
    );
    result += text.slice(from, start) + expanded;
    if (result.length > MAX_TEXT_CHARS) throw new TemplateError(`found a text of ${result.length} characters, at most ${MAX_TEXT_CHARS} are allowed`);
    context.spend(1);
    from = end;
  }
  return result + text.slice(from);
};
