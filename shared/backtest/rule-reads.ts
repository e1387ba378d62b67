import { METRIC_NAME, labelValue } from '../model/labels.ts';
import type { Labels } from '../model/labels.ts';
import { childrenOf } from '../promql/ast.ts';
import type { Expr } from '../promql/ast.ts';
import { DEFAULT_LOOKBACK_MS } from '../promql/engine.ts';
import { stepExtent } from '../promql/step-extent.ts';
import type { StepExtent } from '../promql/step-extent.ts';
import { ALERTS, ALERTS_FOR_STATE } from '../rules/alert-metrics.ts';
import { ALERT_NAME } from '../alerting/rule-samples.ts';
import type { Rule, RuleGroup } from '../rules/rule-group.ts';

/** Metrics by name; `any` where it cannot be told. */
type Metrics = ReadonlySet<string> | 'any';

/** Which series the rules of a set make, and which of its rules read some of those. */
export class RuleReads {
  private readonly recorded: ReadonlySet<string>;
  private readonly alertNames: ReadonlySet<string>;
  private readonly all: Metrics;
  private readonly made: ReadonlySet<string>;
  /** How far back a rule may look at what rules have made. */
  readonly horizonMs: number;

  constructor(groups: readonly RuleGroup[]) {
    const rules = groups.flatMap((group) => group.rules);
    this.recorded = new Set(rules.filter(({ kind }) => kind === 'recording').map(({ name }) => name));
    this.alertNames = new Set(rules.filter(({ kind }) => kind === 'alerting').map(({ name }) => name));
    this.made = new Set([...this.recorded, ...(this.alertNames.size > 0 ? [ALERTS, ALERTS_FOR_STATE] : [])]);
    const read = rules.map(readBy);
    this.all = read.includes('any') ? 'any' : new Set(read.flatMap((metrics) => [...metrics]));
    const readers = rules.filter((rule) => this.readsMade(rule));
    this.horizonMs = Math.max(0, ...readers.map((rule) => (readBy(rule) === 'any' ? Infinity : (extentOf(rule)?.backMs ?? Infinity))));
  }

  /** Whether some rule may read what this one makes. */
  isRead({ kind, name }: Rule): boolean {
    const made = kind === 'recording' ? [name] : [ALERTS, ALERTS_FOR_STATE];
    return this.all === 'any' || made.some((metric) => (this.all as ReadonlySet<string>).has(metric));
  }

  /** Whether a rule may read what rules of the set make. */
  readsMade(rule: Rule): boolean {
    const read = readBy(rule);
    return read === 'any' ? this.made.size > 0 : [...read].some((metric) => this.made.has(metric));
  }

  /** Whether all samples of a metric are made by the set while it runs. */
  isRecorded(metric: string): boolean {
    return this.recorded.has(metric);
  }

  /** Whether a stored series is one that the set makes itself: an earlier version of its rules has. */
  isOwn(labels: Labels): boolean {
    const metric = labelValue(labels, METRIC_NAME);
    if (metric === ALERTS || metric === ALERTS_FOR_STATE) return this.alertNames.has(labelValue(labels, ALERT_NAME));
    return this.recorded.has(metric);
  }

  /**
   * Whether all its slots can be evaluated as one range: each sees times at and before its own alone, none of what rules of the set
   * make, and the expression is none whose value depends on the bounds of its query.
   */
  canRange(rule: Rule): boolean {
    if (this.readsMade(rule)) return false;
    const extent = extentOf(rule);
    return extent !== undefined && extent.aheadMs <= 0;
  }
}

const readBy = (rule: Rule): Metrics => {
  // A template may ask a query of its own, whose text is only known when it is expanded.
  if (rule.kind === 'alerting' && rule.labels.some(([, { source }]) => /\bquery\b/.test(source))) return 'any';
  return rule.source.language === 'promql' ? metricsOf(rule.source.expr) : new Set();
};

/** Undefined where it depends on more than the time of the slot. */
const extentOf = ({ source }: Rule): StepExtent | undefined => (source.language === 'promql' ? stepExtent(source.expr, DEFAULT_LOOKBACK_MS) : undefined);

const metricsOf = (expr: Expr): Metrics => {
  if (expr.kind === 'selector') {
    const name = expr.matchers.find((matcher) => matcher.name === METRIC_NAME && matcher.op === '=');
    return name === undefined ? 'any' : new Set([name.value]);
  }
  // Its own selector stands nowhere, or names labels alone.
  if (expr.kind === 'call' && expr.name === 'info') return 'any';
  const parts = childrenOf(expr).map(metricsOf);
  return parts.includes('any') ? 'any' : new Set(parts.flatMap((part) => [...part]));
};
