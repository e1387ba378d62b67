import { PromqlParseError } from './errors.ts';

/** Nesting of expressions. Every pass over the tree recurses; 500 levels stay far from the end of the stack. */
export const MAX_DEPTH = 500;

export const tooDeep = (): PromqlParseError => new PromqlParseError(`parse query: expression is nested deeper than ${MAX_DEPTH} levels, limit ${MAX_DEPTH}`);
