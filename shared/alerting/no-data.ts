import { METRIC_NAME, makeLabels } from '../model/labels.ts';
import type { Labels } from '../model/labels.ts';
import { withoutParens } from '../promql/ast.ts';
import type { Expr } from '../promql/ast.ts';
import { printExpr } from '../promql/printer.ts';
import type { AlertingRule } from '../rules/rule-group.ts';
import { isActive } from './alert.ts';
import { ALERT_NAME } from './rule-samples.ts';
import type { VectorSample } from './rule-samples.ts';
import type { AlertsByLabels } from './state-items.ts';

/** Marks an alert that tells of a series which no longer reports. */
export const NO_DATA_LABEL = 'no_data';

/** Series that have reported within it are expected. */
export const ROSTER_MS = 3_600_000;

/** Times at which the roster is looked up: the lookback, so that no series between two is missed. */
export const ROSTER_STEP_MS = 300_000;

/** How a rule's data is asked for. */
export interface DataQueries {
  /** At the evaluation time. */
  readonly now: (query: string) => Promise<readonly VectorSample[]>;
  /** Label sets that the query has given at any step of the hour before. */
  readonly roster: (query: string) => Promise<readonly Labels[]>;
}

export interface NoData {
  /** To be evaluated beside the rule's result: one for each series that is missing. */
  readonly missing: readonly VectorSample[];
  /** Alerts that stay as they are, as nothing is known of their series; canonical labels JSON. */
  readonly held: ReadonlySet<string>;
}

export const NOTHING_MISSING: NoData = { missing: [], held: new Set() };

const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=']);

/** What a rule looks at, without the condition: `up` of `up == 0`, the left side of `and` and `unless`. */
export const watchedExpr = (expr: Expr): Expr => {
  const inner = withoutParens(expr);
  if (inner.kind !== 'binary') return inner;
  if (inner.op === 'and' || inner.op === 'unless') return watchedExpr(inner.lhs);
  if (!COMPARISONS.has(inner.op)) return inner;
  return watchedExpr(withoutParens(inner.lhs).kind === 'number' ? inner.rhs : inner.lhs);
};

/** What `no_data` of the rule makes of series that have stopped to report: `keep` holds their alerts, `alert` names them. */
export const findNoData = async (rule: AlertingRule, alerts: AlertsByLabels, { now, roster }: DataQueries): Promise<NoData> => {
  if (rule.noData === 'ok') return NOTHING_MISSING;
  const watched = printExpr(watchedExpr(rule.expr));
  const identity = identityOf(rule);
  const present = new Set((await now(watched)).map(({ labels }) => identity(labels)));
  if (rule.noData === 'keep') return { missing: [], held: new Set([...alerts].filter(([, alert]) => isActive(alert) && !present.has(identity(alert.labels))).map(([key]) => key)) };
  const missing = new Map<string, Labels>();
  for (const labels of await roster(watched)) {
    const key = identity(labels);
    if (!present.has(key)) missing.set(key, labels);
  }
  return { missing: [...missing.values()].map((labels) => ({ labels: makeLabels(new Map([...labels, [NO_DATA_LABEL, 'true']])), value: NaN })), held: new Set() };
};

/** What series and alert have in common: the labels that the rule does not set. */
const identityOf = (rule: AlertingRule): ((labels: Labels) => string) => {
  const own = new Set([METRIC_NAME, ALERT_NAME, NO_DATA_LABEL, ...rule.labels.map(([name]) => name)]);
  return (labels) => JSON.stringify(labels.filter(([name]) => !own.has(name)));
};
