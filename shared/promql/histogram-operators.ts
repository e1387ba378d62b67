import { add, type Combined, subtract } from '../histograms/addition.ts';
import { compact, divide, equalHistograms, type Histogram, multiply } from '../histograms/histogram.ts';
import { trim } from '../histograms/trim.ts';
import type { Binary, BinaryOp } from './ast.ts';
import { HistogramMeter } from './histogram-meter.ts';
import type { QueryScope } from './query-scope.ts';

/** A cell of a vector, or a scalar. */
export type Sample = number | Histogram;

/** What the pair gives; undefined = nothing. */
export type SampleOperator = (left: Sample, right: Sample) => Sample | undefined;

const typeName = (sample: Sample): string => (typeof sample === 'number' ? 'float' : 'histogram');

const asGauge = (histogram: Histogram): Histogram => ({ ...histogram, counterResetHint: 'gauge' });

/** The operators that are defined for pairs with a histogram in them, and what they are told by beside it. */
class HistogramOperators {
  private readonly expr: Binary;
  private readonly scope: QueryScope;
  private readonly meter: HistogramMeter;

  constructor(expr: Binary, scope: QueryScope) {
    this.expr = expr;
    this.scope = scope;
    this.meter = new HistogramMeter(scope);
  }

  apply(left: Sample, right: Sample): Sample | undefined {
    const result = this.combine(left, right);
    if (typeof result === 'object') this.meter.made(result);
    return result;
  }

  private combine(left: Sample, right: Sample): Sample | undefined {
    const { op } = this.expr;
    if (typeof left !== 'number' && typeof right !== 'number') return this.pair(op, left, right);
    if (typeof left !== 'number' && typeof right === 'number') return this.withFloat(op, left, right);
    if (op === '*' && typeof left === 'number' && typeof right !== 'number') return compact(multiply(right, left));
    return this.refuse(left, right);
  }

  private withFloat(op: BinaryOp, histogram: Histogram, float: number): Histogram | undefined {
    switch (op) {
      case '*':
        return compact(multiply(histogram, float));
      case '/':
        return compact(divide(histogram, float));
      case '</':
        return trim(histogram, float, 'below');
      case '>/':
        return trim(histogram, float, 'above');
      default:
        return this.refuse(histogram, float);
    }
  }

  private pair(op: BinaryOp, left: Histogram, right: Histogram): Sample | undefined {
    switch (op) {
      case '+':
        return this.combined(add(left, right), 'addition');
      case '-': {
        const difference = this.combined(subtract(left, right), 'subtraction');
        return difference && asGauge(difference);
      }
      case '==':
      case '!=':
        return this.compared(equalHistograms(left, right) === (op === '=='), left);
      default:
        return this.refuse(left, right);
    }
  }

  private compared(holds: boolean, left: Histogram): Sample | undefined {
    if (this.expr.returnBool) return holds ? 1 : 0;
    return holds ? left : undefined;
  }

  private combined(combined: Combined | undefined, operation: string): Histogram | undefined {
    const { range, op } = this.expr;
    if (combined === undefined) {
      this.scope.warn(`incompatible bucket layout encountered for binary operator ${op}`, range);
      return undefined;
    }
    if (combined.resetsCollide) this.scope.warn(`conflicting counter resets during histogram ${operation}`, range);
    if (combined.boundsReconciled) this.scope.info(`mismatched custom buckets were reconciled during ${operation}`, range);
    return compact(combined.histogram);
  }

  private refuse(left: Sample, right: Sample): undefined {
    const { op, range } = this.expr;
    this.scope.info(`incompatible sample types encountered for binary operator "${op}": ${typeName(left)} ${op} ${typeName(right)}`, range);
    return undefined;
  }
}

/** An operator over pairs of which at least one is a histogram; trim operators also take pairs of floats, to refuse them. */
export const histogramOperator = (expr: Binary, scope: QueryScope): SampleOperator => {
  const operators = new HistogramOperators(expr, scope);
  return (left, right) => operators.apply(left, right);
};
