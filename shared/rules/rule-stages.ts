import { METRIC_NAME } from '../model/labels.ts';
import { childrenOf } from '../promql/ast.ts';
import type { Expr } from '../promql/ast.ts';
import { ALERTS, ALERTS_FOR_STATE } from './alert-metrics.ts';
import type { Rule } from './rule-group.ts';

/**
 * A group's rules cut where one reads what an earlier one makes: those of one stage can be evaluated at once, and the stages one
 * after the other give what the rules in their order would.
 */
export const stagesOf = (rules: readonly Rule[]): readonly (readonly Rule[])[] => {
  const stages: Rule[][] = [];
  let made = new Set<string>();
  for (const rule of rules) {
    const stage = stages.at(-1);
    if (stage === undefined || reads(rule, made)) {
      stages.push([rule]);
      made = new Set();
    } else stage.push(rule);
    for (const metric of madeBy(rule)) made.add(metric);
  }
  return stages;
};

const madeBy = (rule: Rule): readonly string[] => (rule.kind === 'recording' ? [rule.name] : [ALERTS, ALERTS_FOR_STATE]);

/** A statement sees what is stored, and nothing that the slot itself makes. */
const reads = ({ source }: Rule, metrics: ReadonlySet<string>): boolean => source.language === 'promql' && readsOneOf(source.expr, metrics);

/** Whether a selector names one of the metrics, or may mean any. */
const readsOneOf = (expr: Expr, metrics: ReadonlySet<string>): boolean => {
  if (expr.kind === 'selector') {
    const name = expr.matchers.find((matcher) => matcher.name === METRIC_NAME && matcher.op === '=');
    return name === undefined ? metrics.size > 0 : metrics.has(name.value);
  }
  return childrenOf(expr).some((child) => readsOneOf(child, metrics));
};
