import type { ByteRange } from './errors.ts';
import type { Matcher } from './matcher.ts';

export type ValueType = 'scalar' | 'string' | 'vector' | 'matrix';

/** What `@` pins a selector to: a time, or a bound of the whole query. */
export type AtModifier = { readonly kind: 'time'; readonly tMs: number } | { readonly kind: 'start' } | { readonly kind: 'end' };

/** `offset` and `@`, of selectors and subqueries. */
export interface TimeShift {
  /** 0 when there is none; negative looks into the future. */
  readonly offsetMs: number;
  /** The offset when it depends on the query's times; `offsetMs` is 0 until `resolveDurations` has set it. */
  readonly offsetExpr?: DurationExpr;
  readonly at: AtModifier | undefined;
}

interface Node {
  readonly range: ByteRange;
}

export interface NumberLiteral extends Node {
  readonly kind: 'number';
  readonly value: number;
  /** Whether it was written as a duration: `1h` is 3600. */
  readonly isDuration: boolean;
}

export type DurationOp = '+' | '-' | '*' | '/' | '%' | '^' | 'step' | 'range' | 'min_of' | 'max_of';

/** Arithmetic where a duration stands: in brackets and after `offset`. Counts in seconds. */
export interface DurationExpr extends Node {
  readonly kind: 'duration';
  readonly op: DurationOp;
  /** Undefined for the sign of `rhs`, and for `step()` and `range()`, which have no operands. */
  readonly lhs: DurationOperand | undefined;
  readonly rhs: DurationOperand | undefined;
  /** Whether it stood in parentheses. */
  readonly wrapped: boolean;
}

export type DurationOperand = NumberLiteral | DurationExpr;

export interface StringLiteral extends Node {
  readonly kind: 'string';
  readonly value: string;
}

export interface VectorSelector extends Node, TimeShift {
  readonly kind: 'selector';
  /** The name before the braces, or the quoted one inside; '' when there is none. */
  readonly metric: string;
  /** All matchers, the one of the name last. */
  readonly matchers: readonly Matcher[];
  /** Looks beyond the ends of its time: `anchored` at the sample before, `smoothed` between the samples before and after. */
  readonly extended?: 'anchored' | 'smoothed';
}

export interface MatrixSelector extends Node {
  readonly kind: 'matrix';
  readonly selector: VectorSelector;
  readonly rangeMs: number;
  /** As `offsetExpr` of {@link TimeShift}. */
  readonly rangeExpr?: DurationExpr;
}

export interface Subquery extends Node, TimeShift {
  readonly kind: 'subquery';
  readonly expr: Expr;
  readonly rangeMs: number;
  readonly rangeExpr?: DurationExpr;
  /** 0 = the default step. */
  readonly stepMs: number;
  readonly stepExpr?: DurationExpr;
}

export interface Paren extends Node {
  readonly kind: 'paren';
  readonly expr: Expr;
}

export interface Unary extends Node {
  readonly kind: 'unary';
  readonly op: '+' | '-';
  readonly expr: Expr;
}

export type ArithmeticOp = '+' | '-' | '*' | '/' | '%' | '^' | 'atan2';
export type ComparisonOp = '==' | '!=' | '>' | '<' | '>=' | '<=';
export type SetOp = 'and' | 'or' | 'unless';
/** Observations of a histogram below or above a value. */
export type TrimOp = '</' | '>/';
export type BinaryOp = ArithmeticOp | ComparisonOp | SetOp | TrimOp;

/** How the series of two vectors find their partners. */
export interface VectorMatching {
  /** Which side may have several series per group. Set operators are always many-to-many. */
  readonly card: 'one-to-one' | 'many-to-one' | 'one-to-many' | 'many-to-many';
  /** `on` keeps only `labels` for matching, otherwise they are ignored. */
  readonly on: boolean;
  readonly labels: readonly string[];
  /** Labels copied from the "one" side. */
  readonly include: readonly string[];
  /** What a missing partner on the left, or on the right, counts as. */
  readonly fillLeft?: number;
  readonly fillRight?: number;
}

export interface Binary extends Node {
  readonly kind: 'binary';
  readonly op: BinaryOp;
  /** From the operator to the end of its modifiers. */
  readonly opRange: ByteRange;
  readonly lhs: Expr;
  readonly rhs: Expr;
  readonly returnBool: boolean;
  readonly matching: VectorMatching;
}

export type AggregateOp =
  | 'sum'
  | 'avg'
  | 'min'
  | 'max'
  | 'count'
  | 'group'
  | 'stddev'
  | 'stdvar'
  | 'topk'
  | 'bottomk'
  | 'quantile'
  | 'count_values'
  | 'limitk'
  | 'limit_ratio';

export interface Aggregate extends Node {
  readonly kind: 'aggregate';
  readonly op: AggregateOp;
  readonly expr: Expr;
  readonly param: Expr | undefined;
  readonly grouping: readonly string[];
  readonly without: boolean;
}

export interface Call extends Node {
  readonly kind: 'call';
  readonly name: string;
  readonly args: readonly Expr[];
}

export type Expr =
  | NumberLiteral
  | StringLiteral
  | VectorSelector
  | MatrixSelector
  | Subquery
  | Paren
  | Unary
  | Binary
  | Aggregate
  | Call;

export const COMPARISON_OPS: ReadonlySet<string> = new Set<ComparisonOp>(['==', '!=', '>', '<', '>=', '<=']);
export const TRIM_OPS: ReadonlySet<string> = new Set<TrimOp>(['</', '>/']);
export const SET_OPS: ReadonlySet<string> = new Set<SetOp>(['and', 'or', 'unless']);

/** The expressions right below a node, in the order they are written. */
export const childrenOf = (expr: Expr): readonly Expr[] => {
  switch (expr.kind) {
    case 'number':
    case 'string':
    case 'selector':
      return [];
    case 'matrix':
      return [expr.selector];
    case 'subquery':
    case 'paren':
    case 'unary':
      return [expr.expr];
    case 'binary':
      return [expr.lhs, expr.rhs];
    case 'aggregate':
      return expr.param === undefined ? [expr.expr] : [expr.param, expr.expr];
    case 'call':
      return expr.args;
  }
};

/** `expr` with other expressions below it: as many, and of the same kinds, as {@link childrenOf} gives. */
export const withChildren = (expr: Expr, children: readonly Expr[]): Expr => {
  const [first, second] = children as readonly [Expr, Expr];
  switch (expr.kind) {
    case 'number':
    case 'string':
    case 'selector':
      return expr;
    case 'matrix':
      return { ...expr, selector: first as VectorSelector };
    case 'subquery':
    case 'paren':
    case 'unary':
      return { ...expr, expr: first };
    case 'binary':
      return { ...expr, lhs: first, rhs: second };
    case 'aggregate':
      return expr.param === undefined ? { ...expr, expr: first } : { ...expr, param: first, expr: second };
    case 'call':
      return { ...expr, args: children };
  }
};

/** The expression inside any number of parentheses. */
export const withoutParens = (expr: Expr): Expr => {
  let inner = expr;
  while (inner.kind === 'paren') inner = inner.expr;
  return inner;
};
