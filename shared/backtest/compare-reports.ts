import { METRIC_NAME } from '../model/labels.ts';
import { ALERT_NAME } from '../alerting/rule-samples.ts';
import { labelSources } from '../rules/rule-group.ts';
import type { Rule, RuleGroup } from '../rules/rule-group.ts';
import type { BacktestReport, Episode, Figures, RuleFigures } from './report.ts';

/** One side of a comparison. */
export interface Side {
  readonly groups: readonly RuleGroup[];
  readonly report: BacktestReport;
}

export interface RuleDiff {
  /** `affected`: the rule is the same, what it reads or who is paged is not. */
  readonly what: 'added' | 'removed' | 'changed' | 'affected';
  readonly group: string;
  readonly name: string;
  /** Of a changed one: what of it is. */
  readonly fields: readonly string[];
  readonly before?: RuleFigures;
  readonly after?: RuleFigures;
}

export interface ReportDiff {
  readonly rules: readonly RuleDiff[];
  /** Rules that are the same and did the same. */
  readonly unchanged: number;
  readonly before: Figures;
  readonly after: Figures;
  /** Fired after, and at no time of theirs before; and the other way round. */
  readonly appeared: readonly Episode[];
  readonly disappeared: readonly Episode[];
}

interface PlacedRule {
  readonly group: RuleGroup;
  readonly rule: Rule;
  readonly figures: RuleFigures;
}

interface Pair {
  readonly before?: PlacedRule;
  readonly after?: PlacedRule;
}

/** What a change of rules would have changed. Rules are found again by group, name and labels, and else by less of that. */
export const compareReports = (before: Side, after: Side): ReportDiff => {
  const pairs = pairsOf(placed(before), placed(after));
  const diffs = pairs.map(diffOf);
  const { appeared, disappeared } = episodesApart(pairs, before.report.episodes, after.report.episodes);
  return { rules: diffs.filter((diff) => diff !== undefined), unchanged: diffs.filter((diff) => diff === undefined).length, before: before.report.total, after: after.report.total, appeared, disappeared };
};

const placed = ({ groups, report }: Side): readonly PlacedRule[] => {
  const figuresOf = new Map(report.rules.map((figures) => [figures.ruleId, figures]));
  return groups.flatMap((group) =>
    group.rules.flatMap((rule) => {
      const figures = figuresOf.get(rule.id);
      return figures === undefined ? [] : [{ group, rule, figures }];
    }),
  );
};

/** Files may have other names on the other side. */
const KEYS: readonly ((one: PlacedRule) => string)[] = [
  ({ group, rule }) => JSON.stringify([group.name, rule.kind, rule.name, labelSources(rule), rule.query]),
  ({ group, rule }) => JSON.stringify([group.name, rule.kind, rule.name, labelSources(rule)]),
  ({ group, rule }) => JSON.stringify([group.name, rule.kind, rule.name]),
  ({ rule }) => JSON.stringify([rule.kind, rule.name]),
];

/** In the order of the later file, what was removed behind it. */
const pairsOf = (before: readonly PlacedRule[], after: readonly PlacedRule[]): readonly Pair[] => {
  const partner = new Map<PlacedRule, PlacedRule>();
  const taken = new Set<PlacedRule>();
  for (const keyOf of KEYS) {
    const free = new Map<string, PlacedRule[]>();
    for (const one of before) if (!taken.has(one)) free.set(keyOf(one), [...(free.get(keyOf(one)) ?? []), one]);
    for (const one of after) {
      const found = partner.has(one) ? undefined : free.get(keyOf(one))?.shift();
      if (found === undefined) continue;
      partner.set(one, found);
      taken.add(found);
    }
  }
  const paired = after.map((one): Pair => {
    const found = partner.get(one);
    return found === undefined ? { after: one } : { before: found, after: one };
  });
  return [...paired, ...before.filter((one) => !taken.has(one)).map((one): Pair => ({ before: one }))];
};

const diffOf = ({ before, after }: Pair): RuleDiff | undefined => {
  const { group, rule } = (after ?? before) as PlacedRule;
  const about = { group: group.name, name: rule.name, ...(before && { before: before.figures }), ...(after && { after: after.figures }) };
  if (before === undefined) return { what: 'added', fields: [], ...about };
  if (after === undefined) return { what: 'removed', fields: [], ...about };
  const fields = fieldsApart(before, after);
  if (fields.length > 0) return { what: 'changed', fields, ...about };
  return isSame(before.figures, after.figures) ? undefined : { what: 'affected', fields: [], ...about };
};

const definitionOf = ({ group, rule }: PlacedRule): Readonly<Record<string, unknown>> => ({
  group: group.name,
  interval: group.intervalMs,
  query_offset: group.queryOffsetMs,
  limit: group.limit,
  expr: rule.query,
  labels: labelSources(rule),
  ...(rule.kind === 'alerting' && { for: rule.holdMs, keep_firing_for: rule.keepFiringMs, no_data: rule.noData, annotations: rule.annotations.map(([name, { source }]) => [name, source]) }),
});

const fieldsApart = (before: PlacedRule, after: PlacedRule): readonly string[] => {
  const [a, b] = [definitionOf(before), definitionOf(after)];
  return Object.keys(b).filter((name) => JSON.stringify(a[name]) !== JSON.stringify(b[name]));
};

const FIGURES = ['alerts', 'pendingOnly', 'pages', 'firingMinutes', 'longestMinutes', 'series', 'errors'] as const;

const isSame = (a: Figures, b: Figures): boolean => FIGURES.every((name) => a[name] === b[name]);

const fired = (episodes: readonly Episode[]): readonly Episode[] => episodes.filter(({ firedAtMs }) => firedAtMs !== undefined);

const episodesApart = (pairs: readonly Pair[], before: readonly Episode[], after: readonly Episode[]): Pick<ReportDiff, 'appeared' | 'disappeared'> => {
  const keyOf = identities(pairs);
  const [was, is] = [new FiringTimes(before, keyOf), new FiringTimes(after, keyOf)];
  return { appeared: fired(after).filter((episode) => !was.meets(episode)), disappeared: fired(before).filter((episode) => !is.meets(episode)) };
};

/** What an episode has in common on both sides: its rule, and the labels that neither side sets. */
const identities = (pairs: readonly Pair[]): ((episode: Episode) => string) => {
  const rules = new Map<string, { readonly pair: number; readonly set: ReadonlySet<string> }>();
  pairs.forEach(({ before, after }, pair) => {
    const set = new Set([METRIC_NAME, ALERT_NAME, ...[before, after].flatMap((one) => (one === undefined ? [] : labelSources(one.rule).map(([name]) => name)))]);
    for (const one of [before, after]) if (one !== undefined) rules.set(one.rule.id, { pair, set });
  });
  return ({ ruleId, labels }) => {
    const rule = rules.get(ruleId);
    return JSON.stringify([rule?.pair, labels.filter(([name]) => rule?.set.has(name) !== true)]);
  };
};

interface Firing {
  readonly fromMs: number;
  /** The latest end up to this one, in the order of the beginnings. */
  readonly latestMs: number;
}

/** When something fired, by identity. */
class FiringTimes {
  private readonly byKey = new Map<string, Firing[]>();
  private readonly keyOf: (episode: Episode) => string;

  constructor(episodes: readonly Episode[], keyOf: (episode: Episode) => string) {
    this.keyOf = keyOf;
    for (const episode of episodes.toSorted((a, b) => (a.firedAtMs ?? 0) - (b.firedAtMs ?? 0))) {
      if (episode.firedAtMs === undefined) continue;
      const times = this.byKey.get(keyOf(episode)) ?? [];
      this.byKey.set(keyOf(episode), times);
      times.push({ fromMs: episode.firedAtMs, latestMs: Math.max(episode.endedAtMs ?? Infinity, times.at(-1)?.latestMs ?? 0) });
    }
  }

  /** Whether anything of its identity fired while it did. */
  meets(episode: Episode): boolean {
    const times = this.byKey.get(this.keyOf(episode)) ?? [];
    const untilMs = episode.endedAtMs ?? Infinity;
    let [low, high] = [0, times.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((times[middle] as Firing).fromMs < untilMs) low = middle + 1;
      else high = middle;
    }
    return low > 0 && (times[low - 1] as Firing).latestMs > (episode.firedAtMs ?? 0);
  }
}
