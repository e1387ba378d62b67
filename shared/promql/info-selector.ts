import { METRIC_NAME } from '../model/labels.ts';
import { type Call, childrenOf, type Expr, type VectorSelector, withChildren } from './ast.ts';
import type { Matcher } from './matcher.ts';
import type { QueryScope } from './query-scope.ts';
import type { Grid } from './step-vector.ts';

const isName = ({ name }: Matcher): boolean => name === METRIC_NAME;
const isNegative = ({ op }: Matcher): boolean => op === '!=' || op === '!~';

/** target_info without any condition on the name; whatever ends in `_info` where names are only excluded. */
const nameMatchers = (matchers: readonly Matcher[]): readonly Matcher[] => {
  const names = matchers.filter(isName);
  if (names.length === 0) return [{ name: METRIC_NAME, op: '=', value: 'target_info' }];
  return names.every(isNegative) ? [{ name: METRIC_NAME, op: '=~', value: '.+_info' }, ...names] : names;
};

const withInfoSelector = (call: Call): Call => {
  const [vector, labels] = call.args as readonly [Expr, VectorSelector | undefined];
  const asked = labels?.matchers ?? [];
  const matchers = [...nameMatchers(asked), ...asked.filter((matcher) => !isName(matcher))];
  const selector: VectorSelector = { kind: 'selector', range: (labels ?? call).range, metric: '', offsetMs: 0, at: undefined, matchers };
  return { ...call, args: [vector, selector] };
};

/** Every info() gets the selector of its info series as second argument, in place of mere conditions on labels or nothing. */
export const selectInfo = (expr: Expr): Expr => {
  const children = childrenOf(expr);
  const selected = children.map(selectInfo);
  const changed = selected.some((child, i) => child !== children[i]) ? withChildren(expr, selected) : expr;
  return changed.kind === 'call' && changed.name === 'info' ? withInfoSelector(changed) : changed;
};

/** The conditions of the selector on labels other than the name. */
export const labelMatchers = (selector: VectorSelector): readonly Matcher[] => selector.matchers.filter((matcher) => !isName(matcher));

/** When info series are looked at: at the times of the first selector of what they describe, subqueries around it included. */
export const infoTimes = (described: Expr, grid: Grid, scope: QueryScope): Grid => {
  const inner = described.kind === 'matrix' ? described.selector : described;
  const shifted = inner.kind === 'selector' || inner.kind === 'subquery' ? scope.shift(grid, inner) : grid;
  if (inner.kind === 'selector') return shifted;
  const [first] = childrenOf(inner).filter(hasSelector);
  return first === undefined ? shifted : infoTimes(first, shifted, scope);
};

const hasSelector = (expr: Expr): boolean => expr.kind === 'selector' || childrenOf(expr).some(hasSelector);
