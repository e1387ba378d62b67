import { ALERT_NAME } from '../alerting/rule-samples.ts';
import { METRIC_NAME, labelValue } from '../model/labels.ts';
import type { Labels } from '../model/labels.ts';
import { DEFAULT_LOOKBACK_MS } from '../promql/engine.ts';
import { labelsKey } from '../promql/step-vector.ts';
import { ALERTS, ALERTS_FOR_STATE } from './alert-metrics.ts';
import { Overlay } from './overlay.ts';
import type { RecordedSample } from './recorded-samples.ts';
import type { Rule } from './rule-group.ts';
import type { SlotSeries } from './slot-frames.ts';

/** Clocks of ours and of the stream differ by less. */
const CLOCK_SKEW_MS = 10_000;

/** Results that the stream does not take are kept for later slots as long as a series is seen without new samples. */
const MAX_WAIT_MS = DEFAULT_LOOKBACK_MS;

export interface MadeSlot {
  readonly slotMs: number;
  /** When the stream has taken it, or will have, by the wall clock: the tick may have begun long before. Infinite while it waits. */
  readonly sentAtMs: number;
  readonly series: SlotSeries;
}

/** Whose series are of no rule that the group still has. */
const NO_RULE = '';

/** What a group's rules have made in its last slots. */
export interface GroupSeries {
  /** Of the last slot in which each rule gave a result, by rule id and label set. */
  readonly lastByRule: ReadonlyMap<string, ReadonlyMap<string, Labels>>;
  /** Slots that may not be stored yet. */
  readonly recent: readonly MadeSlot[];
}

/** Before the first slot. */
export const NO_SERIES: GroupSeries = { lastByRule: new Map(), recent: [] };

const keyed = (labels: readonly Labels[]): ReadonlyMap<string, Labels> => new Map(labels.map((each) => [labelsKey(each), each]));

/** Rules by the name that their series tell. */
const rulesByName = (rules: readonly Rule[]): ReadonlyMap<string, readonly Rule[]> => Map.groupBy(rules, ({ kind, name }) => `${kind} ${name}`);

const namedRules = (byName: ReadonlyMap<string, readonly Rule[]>, labels: Labels): readonly Rule[] | undefined => {
  const metric = labelValue(labels, METRIC_NAME);
  const alert = metric === ALERTS || metric === ALERTS_FOR_STATE ? byName.get(`alerting ${labelValue(labels, ALERT_NAME)}`) : undefined;
  return alert ?? byName.get(`recording ${metric}`);
};

/**
 * What slots leave to a holder that was not there, the newest first. Names tell which rule has made a series; what several rules of
 * one name may have made is each one's. Of slots before the newest that of rules alone which were silent since.
 */
export const seriesOfSlots = ([newest, ...older]: readonly [MadeSlot, ...MadeSlot[]], rules: readonly Rule[], silent: ReadonlySet<string>): GroupSeries => {
  const byName = rulesByName(rules);
  const lastByRule = new Map<string, Map<string, Labels>>();
  const take = ({ series }: MadeSlot, isTaken: (ruleId: string, key: string) => boolean): void => {
    for (const { labels } of series.samples) {
      const key = labelsKey(labels);
      for (const ruleId of namedRules(byName, labels)?.map(({ id }) => id) ?? [NO_RULE]) {
        if (isTaken(ruleId, key)) lastByRule.set(ruleId, (lastByRule.get(ruleId) ?? new Map<string, Labels>()).set(key, labels));
      }
    }
  };
  take(newest, () => true);
  const over = new Set(newest.series.ended.map(labelsKey));
  for (const slot of older) {
    take(slot, (ruleId, key) => silent.has(ruleId) && !over.has(key));
    for (const labels of slot.series.ended) over.add(labelsKey(labels));
  }
  return { lastByRule, recent: [newest] };
};

/** The stream has taken a slot that waited. */
export const takenAt = (group: GroupSeries, slotMs: number, sentAtMs: number): GroupSeries => ({
  ...group,
  recent: group.recent.map((slot) => (slot.slotMs === slotMs ? { ...slot, sentAtMs } : slot)),
});

/** The results that are not stored yet as the watermark tells. */
export const overlayOf = ({ recent }: GroupSeries, watermarkMs: number): Overlay => {
  const overlay = new Overlay();
  for (const { slotMs, sentAtMs, series } of recent) if (sentAtMs + CLOCK_SKEW_MS > watermarkMs) overlay.add(slotMs, series);
  return overlay;
};

/** What the rules of one slot gave, by rule id; a rule that said nothing is not in it. */
export type MadeByRule = ReadonlyMap<string, readonly RecordedSample[]>;

/** The series that rules gave before and give no more: those of rules that said nothing go on. */
export const endedSeries = ({ lastByRule }: GroupSeries, made: MadeByRule, silent: ReadonlySet<string>): readonly Labels[] => {
  const now = new Set([...made.values()].flat().map(({ labels }) => labelsKey(labels)));
  const goesOn = (key: string): boolean => now.has(key) || isOfOne(lastByRule, silent, key);
  const ended = new Map<string, Labels>();
  for (const [ruleId, series] of lastByRule) {
    if (silent.has(ruleId)) continue;
    for (const [key, labels] of series) if (!goesOn(key)) ended.set(key, labels);
  }
  return [...ended.values()];
};

const isOfOne = (lastByRule: GroupSeries['lastByRule'], ruleIds: Iterable<string>, key: string): boolean => {
  for (const ruleId of ruleIds) if (lastByRule.get(ruleId)?.has(key) === true) return true;
  return false;
};

/**
 * What the rules of a stage gave before and give no more, for those behind them in the slot: Prometheus ends a series as soon as its
 * rule is evaluated. What `later` rules record too is left to these.
 */
export const endedInStage = ({ lastByRule }: GroupSeries, made: MadeByRule, stage: readonly Rule[], later: readonly Rule[]): readonly Labels[] => {
  const others = [...stage.filter(({ id }) => !made.has(id)), ...later];
  const open = new Set(recordedNames(others));
  const otherIds = others.map(({ id }) => id);
  const now = new Set([...made.values()].flat().map(({ labels }) => labelsKey(labels)));
  return stage.flatMap(({ id }) =>
    [...(made.has(id) ? (lastByRule.get(id) ?? []) : [])].flatMap(([key, labels]) => {
      const goesOn = now.has(key) || open.has(labelValue(labels, METRIC_NAME)) || isOfOne(lastByRule, otherIds, key);
      return goesOn ? [] : [labels];
    }),
  );
};

const recordedNames = (rules: readonly Rule[]): readonly string[] => rules.filter(({ kind }) => kind === 'recording').map(({ name }) => name);

export const afterSlot = (before: GroupSeries, made: MadeByRule, silent: ReadonlySet<string>, slot: MadeSlot, watermarkMs: number): GroupSeries => {
  const lastByRule = new Map<string, ReadonlyMap<string, Labels>>();
  for (const [ruleId, series] of before.lastByRule) if (silent.has(ruleId)) lastByRule.set(ruleId, series);
  for (const [ruleId, samples] of made) if (samples.length > 0) lastByRule.set(ruleId, keyed(samples.map(({ labels }) => labels)));
  const sinceMs = slot.slotMs - MAX_WAIT_MS;
  const recent = before.recent.filter(({ slotMs, sentAtMs }) => sentAtMs + CLOCK_SKEW_MS > watermarkMs && (sentAtMs < Infinity || slotMs > sinceMs));
  return { lastByRule, recent: slot.series.samples.length + slot.series.ended.length === 0 ? recent : [...recent, slot] };
};
