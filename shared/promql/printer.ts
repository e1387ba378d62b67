import { formatDurationMs } from '../model/duration.ts';
import { METRIC_NAME } from '../model/labels.ts';
import type { Aggregate, Binary, DurationOperand, Expr, NumberLiteral, Subquery, TimeShift, VectorMatching, VectorSelector } from './ast.ts';
import type { Matcher } from './matcher.ts';
import { formatGeneral } from './number-text.ts';
import { quote } from './string-text.ts';

const LEGACY_LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const LEGACY_METRIC = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;

const printLabel = (name: string): string => (LEGACY_LABEL.test(name) ? name : quote(name));
const printLabels = (names: readonly string[]): string => `(${names.map(printLabel).join(', ')})`;

const printNumber = ({ value, isDuration }: NumberLiteral): string => {
  if (!isDuration) return formatGeneral(value);
  return value < 0 ? `-${formatDurationMs(Math.round(-value * 1000))}` : formatDurationMs(Math.round(value * 1000));
};

/** Arithmetic of durations. */
export const printDuration = (expr: DurationOperand): string => {
  if (expr.kind === 'number') return printNumber(expr);
  const { op, lhs, rhs } = expr;
  const [left, right] = [lhs === undefined ? '' : printDuration(lhs), rhs === undefined ? '' : printDuration(rhs)];
  let text = lhs === undefined ? `${op}${right}` : `${left} ${op} ${right}`;
  if (rhs === undefined) text = `${op}()`;
  else if (op === 'min_of' || op === 'max_of') text = `${op}(${left}, ${right})`;
  return expr.wrapped ? `(${text})` : text;
};

const printRange = ({ rangeMs, rangeExpr }: Pick<Subquery, 'rangeMs' | 'rangeExpr'>): string =>
  rangeExpr === undefined ? formatDurationMs(rangeMs) : printDuration(rangeExpr);

const printStep = ({ stepMs, stepExpr }: Subquery): string => {
  if (stepExpr !== undefined) return printDuration(stepExpr);
  return stepMs === 0 ? '' : formatDurationMs(stepMs);
};

const printExtension = ({ extended }: VectorSelector): string => (extended === undefined ? '' : ` ${extended}`);

const printShift = ({ offsetMs, offsetExpr, at }: TimeShift): string => {
  const pin = at === undefined ? '' : at.kind === 'time' ? ` @ ${(at.tMs / 1000).toFixed(3)}` : ` @ ${at.kind}()`;
  if (offsetExpr !== undefined) return `${pin} offset ${printDuration(offsetExpr)}`;
  if (offsetMs === 0) return pin;
  return `${pin} offset ${offsetMs < 0 ? '-' : ''}${formatDurationMs(Math.abs(offsetMs))}`;
};

const printMatcher = ({ name, op, value }: Matcher): string => `${printLabel(name)}${op}${quote(value)}`;

const printSelector = ({ metric, matchers }: VectorSelector, range = ''): string => {
  const named = metric !== '';
  const others = named ? matchers.filter(({ name, op, value }) => !(name === METRIC_NAME && op === '=' && value === metric)) : matchers;
  const texts = others.map(printMatcher);
  if (!named) return `{${texts.join(',')}}${range}`;
  if (!LEGACY_METRIC.test(metric)) return `{${[quote(metric), ...texts].join(',')}}${range}`;
  return `${metric}${texts.length === 0 ? '' : `{${texts.join(',')}}`}${range}`;
};

const printFills = ({ fillLeft, fillRight }: VectorMatching): string => {
  if (fillLeft !== undefined && Object.is(fillLeft, fillRight)) return ` fill (${formatGeneral(fillLeft)})`;
  const left = fillLeft === undefined ? '' : ` fill_left (${formatGeneral(fillLeft)})`;
  return fillRight === undefined ? left : `${left} fill_right (${formatGeneral(fillRight)})`;
};

/** ` bool on (a) group_left (b)`: what stands behind a binary operator. */
export const printMatching = ({ matching, returnBool }: Binary): string => {
  let text = returnBool ? ' bool' : '';
  const grouped = matching.card === 'many-to-one' || matching.card === 'one-to-many';
  if (!matching.on && matching.labels.length === 0 && !grouped) return text + printFills(matching);
  text += ` ${matching.on ? 'on' : 'ignoring'} ${printLabels(matching.labels)}`;
  if (grouped) text += ` ${matching.card === 'many-to-one' ? 'group_left' : 'group_right'} ${printLabels(matching.include)}`;
  return text + printFills(matching);
};

/** `sum by (a) `: an aggregation up to its parenthesis. */
export const printAggregation = ({ op, grouping, without }: Aggregate): string => {
  if (without) return `${op} without ${printLabels(grouping)} `;
  return grouping.length > 0 ? `${op} by ${printLabels(grouping)} ` : op;
};

/** Where a subquery looks: all but its expression. */
export const printSubqueryTimes = (expr: Subquery): string => `[${printRange(expr)}:${printStep(expr)}]${printShift(expr)}`;

type Print = (expr: Expr) => string;

/** One node on one line; `print` gives the text of those below it. */
export const printNode = (expr: Expr, print: Print): string => {
  switch (expr.kind) {
    case 'number':
      return printNumber(expr);
    case 'string':
      return quote(expr.value);
    case 'selector':
      return printSelector(expr) + printExtension(expr) + printShift(expr);
    case 'matrix':
      return printSelector(expr.selector, `[${printRange(expr)}]`) + printExtension(expr.selector) + printShift(expr.selector);
    case 'subquery':
      return `${print(expr.expr)}${printSubqueryTimes(expr)}`;
    case 'paren':
      return `(${print(expr.expr)})`;
    case 'unary':
      return `${expr.op}${print(expr.expr)}`;
    case 'binary':
      return `${print(expr.lhs)} ${expr.op}${printMatching(expr)} ${print(expr.rhs)}`;
    case 'aggregate':
      return `${printAggregation(expr)}(${expr.param === undefined ? '' : `${print(expr.param)}, `}${print(expr.expr)})`;
    case 'call':
      return `${expr.name}(${expr.args.map(print).join(', ')})`;
  }
};

/** An expression in Prometheus' canonical one-line form; parsing it gives the same expression. */
export const printExpr: Print = (expr) => printNode(expr, printExpr);
