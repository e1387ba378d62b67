import { METRIC_NAME, makeLabels } from '../model/labels.ts';
import type { Labels } from '../model/labels.ts';
import { withoutParens } from '../promql/ast.ts';
import type { Expr } from '../promql/ast.ts';
import { printExpr } from '../promql/printer.ts';
import type { AlertingRule } from '../rules/rule-group.ts';
import { isActive } from './alert.ts';
import type { Retirement } from './retirements.ts';
import { advanceRoster, carries, isRetired, toLearn } from './roster.ts';
import type { Roster, SeenSeries } from './roster.ts';
import { ALERT_NAME } from './rule-samples.ts';
import type { VectorSample } from './rule-samples.ts';
import type { AlertsByLabels } from './state-items.ts';

/** Marks an alert that tells of a series which no longer reports. */
export const NO_DATA_LABEL = 'no_data';

/** How a rule's data is asked for. */
export interface DataQueries {
  /** At the evaluation time. */
  readonly now: (query: string) => Promise<readonly VectorSample[]>;
  /** Label sets that the query has given at any step (ROSTER_STEP_MS) of a time range, both ends inclusive, and when last. */
  readonly seen: (query: string, fromMs: number, toMs: number) => Promise<readonly SeenSeries[]>;
}

/** What is known before a slot. */
export interface NoDataState {
  readonly alerts: AlertsByLabels;
  readonly roster: Roster | undefined;
  readonly retirements: readonly Retirement[];
}

export interface NoData {
  /** To be evaluated beside the rule's result: one for each series that is missing. */
  readonly missing: readonly VectorSample[];
  /** Alerts that stay as they are, as nothing is known of their series; canonical labels JSON. */
  readonly held: ReadonlySet<string>;
  /** To be kept for the next slot. */
  readonly roster?: Roster;
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

/**
 * What `no_data` of the rule makes of series that have stopped to report: `keep` holds their alerts, `alert` names them. For complete
 * slots alone, in their order.
 */
export const findNoData = async (rule: AlertingRule, state: NoDataState, slotMs: number, queries: DataQueries): Promise<NoData> => {
  const { source, noData } = rule;
  if (noData.mode === 'ok' || source.language === 'sql') return NOTHING_MISSING;
  const watched = printExpr(watchedExpr(source.expr));
  const present = (await queries.now(watched)).map(({ labels }) => labels);
  if (noData.mode === 'keep') return { missing: [], held: heldAlerts(rule, state, slotMs, present) };
  const of = JSON.stringify([watched, noData.windowMs, rule.labels.map(([name]) => name)]);
  const before = state.roster?.of === of ? state.roster : undefined;
  const { pieces, fromMs } = toLearn(before, noData.windowMs, slotMs);
  const seen: SeenSeries[] = [];
  for (const piece of pieces) seen.push(...(await queries.seen(watched, piece.fromMs, piece.toMs)));
  const { windowMs, expected } = noData;
  const { retirements } = state;
  const roster = advanceRoster(before, { of, slotMs, windowMs, expected, keyOf: identityOf(rule), present, seen, fromMs, retirements });
  return { missing: missingIn(roster, windowMs, retirements).map(sampleOf), held: new Set(), roster };
};

const sampleOf = (labels: Labels): VectorSample => ({ labels: makeLabels(new Map([...labels, [NO_DATA_LABEL, 'true']])), value: NaN });

/** Those of series that are not there, unless they are gone on purpose. */
const heldAlerts = (rule: AlertingRule, { alerts, retirements }: NoDataState, slotMs: number, present: readonly Labels[]): ReadonlySet<string> => {
  const identity = identityOf(rule);
  const here = new Set(present.map(identity));
  const isHeld = (labels: Labels): boolean => !here.has(identity(labels)) && !isRetired({ labels, lastSeenMs: 0 }, retirements, slotMs);
  return new Set([...alerts].filter(([, alert]) => isActive(alert) && isHeld(alert.labels)).map(([key]) => key));
};

/** A declared set stands for all that carries it: one alert, which does not change its name when what it had is forgotten. */
const missingIn = ({ series, declared, seenMs }: Roster, windowMs: number, retirements: readonly Retirement[]): readonly Labels[] => {
  const absent = [...series.values()].filter(({ lastSeenMs }) => lastSeenMs < seenMs);
  const isGone = (each: (typeof absent)[number]): boolean => isRetired(each, retirements, seenMs);
  const named: Labels[] = [];
  const covered = new Set<Labels>();
  for (const each of declared.values()) {
    if (each.lastSeenMs === seenMs) continue;
    const carriers = absent.filter(({ labels }) => carries(labels, each.labels));
    for (const { labels } of carriers) covered.add(labels);
    // Gone on purpose by what was said of it, or of all that carried it.
    const isRetiredSet = isGone({ ...each, lastSeenMs: 0 }) || (carriers.length > 0 && carriers.every(isGone));
    if (!isRetiredSet) named.push(each.labels);
  }
  const others = absent.filter((each) => each.lastSeenMs >= seenMs - windowMs && !covered.has(each.labels) && !isGone(each));
  return [...named, ...others.map(({ labels }) => labels)];
};

/** What series and alert have in common: the labels that the rule does not set. */
const identityOf = (rule: AlertingRule): ((labels: Labels) => string) => {
  const own = new Set([METRIC_NAME, ALERT_NAME, NO_DATA_LABEL, ...rule.labels.map(([name]) => name)]);
  return (labels) => JSON.stringify(labels.filter(([name]) => !own.has(name)));
};
