import { type Aggregate, type Binary, type Call, COMPARISON_OPS, type Expr, SET_OPS, type ValueType, type VectorSelector } from './ast.ts';
import { type ByteRange, parseErrorAt } from './errors.ts';
import { FUNCTION_SIGNATURES, type FunctionSignature } from './function-signatures.ts';
import { compileMatcher } from './matcher.ts';
import { quote } from './string-text.ts';

/** The names Prometheus' documentation and messages use. */
export const TYPE_NAMES: Readonly<Record<ValueType, string>> = {
  vector: 'instant vector',
  matrix: 'range vector',
  scalar: 'scalar',
  string: 'string',
};

const NUMBER_PARAM = new Set(['topk', 'bottomk', 'quantile', 'limitk', 'limit_ratio']);

const hasFill = ({ matching }: Binary): boolean => matching.fillLeft !== undefined || matching.fillRight !== undefined;

/** The type of an expression, without checking what is below it. */
export const typeOf = (expr: Expr): ValueType => {
  switch (expr.kind) {
    case 'number':
      return 'scalar';
    case 'string':
      return 'string';
    case 'selector':
    case 'aggregate':
      return 'vector';
    case 'matrix':
    case 'subquery':
      return 'matrix';
    case 'paren':
    case 'unary':
      return typeOf(expr.expr);
    case 'binary':
      return typeOf(expr.lhs) === 'scalar' && typeOf(expr.rhs) === 'scalar' ? 'scalar' : 'vector';
    case 'call':
      return FUNCTION_SIGNATURES.get(expr.name)?.returns ?? 'vector';
  }
};

/** Checks a whole expression against Prometheus' typing rules, in Prometheus' order and words. */
class TypeChecker {
  private readonly query: string;
  /** Selectors that need not select. */
  private readonly unselective: Set<Expr> = new Set();

  constructor(query: string) {
    this.query = query;
  }

  check(expr: Expr): ValueType {
    switch (expr.kind) {
      case 'number':
        return 'scalar';
      case 'string':
        return 'string';
      case 'selector':
        return this.selector(expr);
      case 'matrix':
        this.check(expr.selector);
        return 'matrix';
      case 'subquery':
        return this.subquery(expr);
      case 'paren':
        return this.check(expr.expr);
      case 'unary':
        return this.unary(expr);
      case 'binary':
        return this.binary(expr);
      case 'aggregate':
        return this.aggregate(expr);
      case 'call':
        return this.call(expr);
    }
  }

  private selector(expr: VectorSelector): ValueType {
    const selective = expr.matchers.some((matcher) => !compileMatcher(matcher)(''));
    if (!selective && !this.unselective.has(expr)) this.fail(expr.range, 'vector selector must contain at least one non-empty matcher');
    return 'vector';
  }

  private subquery(expr: Extract<Expr, { kind: 'subquery' }>): ValueType {
    const type = this.check(expr.expr);
    if (type !== 'vector') this.fail(expr.range, `subquery is only allowed on instant vector, got ${type} instead`);
    return 'matrix';
  }

  private unary(expr: Extract<Expr, { kind: 'unary' }>): ValueType {
    const type = this.check(expr.expr);
    if (type !== 'scalar' && type !== 'vector') {
      this.fail(expr.range, `unary expression only allowed on expressions of type scalar or instant vector, got ${quote(TYPE_NAMES[type])}`);
    }
    return type;
  }

  private binary(expr: Binary): ValueType {
    const left = this.check(expr.lhs);
    const right = this.check(expr.rhs);
    const operator = expr.opRange;
    if (expr.returnBool && !COMPARISON_OPS.has(expr.op)) this.fail(operator, 'bool modifier can only be used on comparison operators');
    if (COMPARISON_OPS.has(expr.op) && !expr.returnBool && left === 'scalar' && right === 'scalar') {
      this.fail(operator, 'comparisons between scalars must use BOOL modifier');
    }
    const twice = expr.matching.on ? expr.matching.labels.find((label) => expr.matching.include.includes(label)) : undefined;
    if (twice !== undefined) this.fail(operator, `label ${quote(twice)} must not occur in ON and GROUP clause at once`);
    for (const [side, type] of [[expr.lhs, left], [expr.rhs, right]] as const) {
      if (type !== 'scalar' && type !== 'vector') {
        this.fail(side.range, 'binary expression must contain only scalar and instant vector types');
      }
    }
    if (left === 'vector' && right === 'vector') this.setOperator(expr);
    else this.withScalar(expr);
    return left === 'scalar' && right === 'scalar' ? 'scalar' : 'vector';
  }

  private setOperator(expr: Binary): void {
    if (SET_OPS.has(expr.op) && (expr.matching.card === 'many-to-one' || expr.matching.card === 'one-to-many')) {
      this.fail(expr.range, `no grouping allowed for ${quote(expr.op)} operation`);
    }
    if (SET_OPS.has(expr.op) && hasFill(expr)) this.fail(expr.range, 'filling in missing series not allowed for set operators');
  }

  private withScalar(expr: Binary): void {
    if (expr.matching.labels.length > 0) this.fail(expr.range, 'vector matching only allowed between instant vectors');
    if (hasFill(expr)) this.fail(expr.range, 'filling in missing series only allowed between instant vectors');
    if (SET_OPS.has(expr.op)) this.fail(expr.range, `set operator ${quote(expr.op)} not allowed in binary scalar expression`);
  }

  private aggregate(expr: Aggregate): ValueType {
    this.expect(expr.expr, 'vector', 'aggregation expression');
    if (expr.param !== undefined) this.expect(expr.param, NUMBER_PARAM.has(expr.op) ? 'scalar' : 'string', 'aggregation parameter');
    return 'vector';
  }

  private call(expr: Call): ValueType {
    const signature = FUNCTION_SIGNATURES.get(expr.name) as FunctionSignature;
    this.argumentCount(expr, signature);
    if (expr.name === 'info') this.infoSelector(expr.args[1]);
    expr.args.forEach((arg, i) => {
      const wanted = signature.args[Math.min(i, signature.args.length - 1)] as ValueType;
      this.expect(arg, wanted, `call to function ${quote(expr.name)}`);
    });
    return signature.returns;
  }

  /** The second argument of info() is no vector but matchers of labels, and may match anything. */
  private infoSelector(arg: Expr | undefined): void {
    if (arg === undefined || typeOf(arg) !== 'vector') return;
    if (arg.kind !== 'selector' || arg.metric !== '') this.fail(arg.range, 'expected label selectors only, got vector selector instead');
    this.unselective.add(arg);
  }

  private argumentCount(expr: Call, { args, variadic }: FunctionSignature): void {
    const got = expr.args.length;
    const least = variadic === 0 ? args.length : args.length - 1;
    const most = variadic === -1 ? Infinity : least + variadic;
    const name = quote(expr.name);
    if (variadic === 0 && got !== least) this.fail(expr.range, `expected ${least} argument(s) in call to ${name}, got ${got}`);
    if (got < least) this.fail(expr.range, `expected at least ${least} argument(s) in call to ${name}, got ${got}`);
    if (got > most) this.fail(expr.range, `expected at most ${most} argument(s) in call to ${name}, got ${got}`);
  }

  private expect(expr: Expr, wanted: ValueType, where: string): void {
    const got = this.check(expr);
    if (got !== wanted) this.fail(expr.range, `expected type ${TYPE_NAMES[wanted]} in ${where}, got ${TYPE_NAMES[got]}`);
  }

  private fail(range: ByteRange, problem: string): never {
    throw parseErrorAt(this.query, range, problem);
  }
}

/** @throws PromqlParseError with the message and position Prometheus gives. */
export const checkTypes = (query: string, expr: Expr): ValueType => new TypeChecker(query).check(expr);
