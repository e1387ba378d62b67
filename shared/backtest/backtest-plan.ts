import type { ItemTable } from '../catalog/item-table.ts';
import { listPartitions } from '../catalog/partitions.ts';
import { PermanentError } from '../errors.ts';
import { formatDurationMs } from '../model/duration.ts';
import { HOUR_MS, hourStartMs } from '../model/hour.ts';
import type { TierName } from '../promql/tier-source.ts';
import type { Rule, RuleGroup } from '../rules/rule-group.ts';
import { tierHours } from '../storage/tier-hours.ts';
import type { TierHoursPorts } from '../storage/tier-hours.ts';
import type { BacktestPlan, TierSpan } from './report.ts';
import { countSlots } from './slot-grid.ts';
import type { DueRange } from './slot-grid.ts';

/**
 * Rules times slots: 100 rules each minute for ten weeks. With 20 series that come and go a processor does 40,000 a second, and 8,000
 * of rules that read what others make (measured): at the most some minutes, or twenty.
 */
export const MAX_EVALUATIONS = 10_000_000;

/** Slots alone, of groups with few rules: each is walked through. */
export const MAX_SLOTS = 5_000_000;

/** Rules that a backtest does not know: by their name, so that nobody takes their zeros for good. */
export const splitRules = (groups: readonly RuleGroup[]): { readonly groups: readonly RuleGroup[]; readonly notes: readonly string[] } => {
  const notes = groups.flatMap((group) => group.rules.filter((rule) => !isKnown(rule)).map((rule) => `rule ${JSON.stringify(rule.name)} of group ${JSON.stringify(group.name)} is left out: rules in SQL are not evaluated in a backtest, and others read what it has stored`));
  return { groups: groups.map((group) => ({ ...group, rules: group.rules.filter(isKnown) })), notes };
};

const isKnown = ({ source }: Rule): boolean => source.language === 'promql';

/** What is asked for, against what is there. */
export interface RangeFacts {
  readonly nowMs: number;
  /** Undefined before anything was stored. */
  readonly watermarkMs: number | undefined;
  /** The longest time that any tier is kept. */
  readonly keptMs: number;
}

const shown = (tMs: number): string => new Date(tMs).toISOString();

/**
 * The range that can be evaluated: `toMs` no later than what is surely stored.
 * @throws PermanentError naming what is wrong with it.
 */
export const checkRange = ({ fromMs, toMs }: { readonly fromMs: number; readonly toMs: number | undefined }, { nowMs, watermarkMs, keptMs }: RangeFacts): DueRange & { readonly notes: readonly string[] } => {
  const what = `backtest from ${shown(fromMs)}${toMs === undefined ? '' : ` to ${shown(toMs)}`}`;
  if (watermarkMs === undefined || watermarkMs <= 0) throw new PermanentError(`${what}: found nothing stored yet, a range with samples is needed`);
  if (toMs !== undefined && toMs <= fromMs) throw new PermanentError(`${what}: found an end that is not after the beginning, a later one is needed`);
  if (fromMs > nowMs || (toMs !== undefined && toMs > nowMs)) throw new PermanentError(`${what}: found a time in the future, ${shown(nowMs)} is now`);
  if (fromMs < nowMs - keptMs) throw new PermanentError(`${what}: found a time before all that is kept, ${shown(nowMs - keptMs)} and later is allowed`);
  const endMs = Math.min(toMs ?? Infinity, watermarkMs);
  if (endMs <= fromMs) throw new PermanentError(`${what}: found no time that is surely stored, samples up to ${shown(watermarkMs)} are`);
  const notes = toMs !== undefined && endMs < toMs ? [`ends at ${shown(endMs)}: what is later is not surely stored yet`] : [];
  return { fromMs, toMs: endMs, notes };
};

/**
 * How much a backtest of the groups is.
 * @throws PermanentError past the limits.
 */
export const countEvaluations = (groups: readonly RuleGroup[], range: DueRange): Pick<BacktestPlan, 'groups' | 'rules' | 'slots' | 'evaluations'> => {
  const rules = groups.reduce((sum, group) => sum + group.rules.length, 0);
  if (rules === 0) throw new PermanentError('backtest: found no rule that it can evaluate, one or more are needed');
  const slots = groups.reduce((sum, group) => sum + countSlots(group, range), 0);
  const evaluations = groups.reduce((sum, group) => sum + countSlots(group, range) * group.rules.length, 0);
  const most = Math.min(MAX_EVALUATIONS / Math.max(evaluations, 1), MAX_SLOTS / Math.max(slots, 1));
  if (most < 1) {
    const allowedMs = Math.floor(((range.toMs - range.fromMs) * most) / HOUR_MS) * HOUR_MS;
    throw new PermanentError(`backtest: found ${slots} slots and ${evaluations} evaluations (slots times rules), ${MAX_SLOTS} and ${MAX_EVALUATIONS} are allowed: a range of up to ${formatDurationMs(allowedMs)}, or fewer rules`);
  }
  return { groups: groups.length, rules, slots, evaluations };
};

/** Which tier answers when, of the default lake, and how much lies there. */
export const findSpans = async (ports: TierHoursPorts, { fromMs, toMs }: DueRange): Promise<Pick<BacktestPlan, 'spans' | 'storedRows'>> => {
  const { raw, tiers } = await tierHours(ports, 'raw', fromMs, toMs - 1);
  const tierOf = new Map<string, TierName>([...raw.map((hour) => [hour, 'raw'] as const), ...tiers.map(({ hour, entry }) => [hour, entry.tier] as const)]);
  const spans: TierSpan[] = [];
  for (const [hour, tier] of [...tierOf].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const startMs = hourStartMs(hour);
    const last = spans.at(-1);
    const isNext = last?.tier === tier && last.toMs === startMs;
    if (isNext) spans.pop();
    spans.push({ tier, fromMs: isNext ? last.fromMs : startMs, toMs: startMs + HOUR_MS });
  }
  return { spans, storedRows: await rowsOf(ports.catalog, tierOf, { fromMs, toMs }) };
};

const rowsOf = async (catalog: ItemTable, tierOf: ReadonlyMap<string, TierName>, { fromMs, toMs }: DueRange): Promise<number> => {
  let rows = 0;
  for (const tier of new Set(tierOf.values())) {
    const wanted = new Set([...tierOf].filter(([, of]) => of === tier).map(([hour]) => (tier === '1h' ? hour.slice(0, 10) : hour)));
    for (const entry of await listPartitions(catalog, tier, fromMs, toMs)) if (wanted.has(entry.dt)) rows += entry.rows;
  }
  return rows;
};
