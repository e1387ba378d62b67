import type { Call, Expr } from './ast.ts';
import { asScalar, asString, asVector, asWindows, type EvalValue } from './eval-value.ts';
import type { QueryScope } from './query-scope.ts';
import type { Grid, StepVector } from './step-vector.ts';
import type { Windows } from './windows.ts';

/** One call of a PromQL function over the steps of a grid. Arguments are evaluated when they are asked for. */
export class FunctionContext {
  readonly call: Call;
  readonly grid: Grid;
  readonly scope: QueryScope;
  private readonly evaluate: (expr: Expr, grid: Grid, scope: QueryScope) => EvalValue;

  constructor(call: Call, grid: Grid, scope: QueryScope, evaluate: (expr: Expr, grid: Grid, scope: QueryScope) => EvalValue) {
    this.call = call;
    this.grid = grid;
    this.scope = scope;
    this.evaluate = evaluate;
  }

  /** The expression of argument `i`, which the type checker has seen to exist. */
  expr(i: number): Expr {
    return this.call.args[i] as Expr;
  }

  has(i: number): boolean {
    return i < this.call.args.length;
  }

  value(i: number): EvalValue {
    return this.evaluate(this.expr(i), this.grid, this.scope);
  }

  vector(i: number): StepVector {
    return asVector(this.value(i));
  }

  scalar(i: number): Float64Array {
    return asScalar(this.value(i));
  }

  text(i: number): string {
    return asString(this.value(i));
  }

  windows(i: number): Windows {
    return asWindows(this.value(i));
  }
}

/** A function of PromQL. */
export type FunctionImplementation = (context: FunctionContext) => EvalValue;
export type FunctionTable = Readonly<Record<string, FunctionImplementation>>;
