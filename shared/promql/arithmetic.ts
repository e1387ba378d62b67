import { type ArithmeticOp, type BinaryOp, type ComparisonOp, TRIM_OPS } from './ast.ts';

/** Go's math.Pow, which differs from JavaScript where one operand is ±1: 1^NaN and (-1)^±Inf are 1. */
export const power = (a: number, b: number): number => (a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : a ** b);

export const ARITHMETIC: Readonly<Record<ArithmeticOp, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  // C's fmod, the sign of the dividend, which is JavaScript's as well.
  '%': (a, b) => a % b,
  '^': power,
  atan2: Math.atan2,
};

export const COMPARISON: Readonly<Record<ComparisonOp, (a: number, b: number) => boolean>> = {
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '>': (a, b) => a > b,
  '<': (a, b) => a < b,
  '>=': (a, b) => a >= b,
  '<=': (a, b) => a <= b,
};

/** One operator applied to the cells of two operands. */
export interface CellOperator {
  /** Of two floats. Arithmetic and `bool` comparisons give a new value, others a filtered one. */
  readonly value: (a: number, b: number) => number;
  /** Whether the cell stays; always for arithmetic and `bool`. */
  readonly keep: (a: number, b: number) => boolean;
  readonly isFilter: boolean;
  readonly isArithmetic: boolean;
  /** Takes floats too only to refuse them: every cell goes to the operator for histograms. */
  readonly isForHistograms: boolean;
}

const always = (): boolean => true;

export const cellOperator = (op: BinaryOp, returnBool: boolean): CellOperator => {
  if (Object.hasOwn(ARITHMETIC, op)) return { value: ARITHMETIC[op as ArithmeticOp], keep: always, isFilter: false, isArithmetic: true, isForHistograms: false };
  if (TRIM_OPS.has(op)) return { value: (a) => a, keep: () => false, isFilter: true, isArithmetic: false, isForHistograms: true };
  const compare = COMPARISON[op as ComparisonOp];
  if (returnBool) return { value: (a, b) => (compare(a, b) ? 1 : 0), keep: always, isFilter: false, isArithmetic: false, isForHistograms: false };
  return { value: (a) => a, keep: compare, isFilter: true, isArithmetic: false, isForHistograms: false };
};
