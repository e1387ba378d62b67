import { METRIC_NAME, labelValue } from '../model/labels.ts';
import type { Labels } from '../model/labels.ts';
import { labelsKey } from '../promql/step-vector.ts';
import { Overlay } from './overlay.ts';
import type { RecordedSample } from './recorded-samples.ts';
import type { Rule } from './rule-group.ts';
import type { SlotSeries } from './slot-frames.ts';

/** Clocks of ours and of the stream differ by less. */
const CLOCK_SKEW_MS = 10_000;

export interface MadeSlot {
  readonly slotMs: number;
  /** When the stream has taken it, or will have, by the wall clock: the tick may have begun long before. */
  readonly sentAtMs: number;
  readonly series: SlotSeries;
}

/** Whose series nobody remembers: those of the slot before a new holder's first one. */
const ANY_RULE = '';

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

/** What a slot leaves to a holder that was not there. */
export const seriesOfSlot = (slot: MadeSlot): GroupSeries => ({ lastByRule: new Map([[ANY_RULE, keyed(slot.series.samples.map(({ labels }) => labels))]]), recent: [slot] });

/** The results that are not stored yet as the watermark tells. */
export const overlayOf = ({ recent }: GroupSeries, watermarkMs: number): Overlay => {
  const overlay = new Overlay();
  for (const { slotMs, sentAtMs, series } of recent) if (sentAtMs + CLOCK_SKEW_MS > watermarkMs) overlay.add(slotMs, series);
  return overlay;
};

/** What the rules of one slot gave, by rule id; a rule that said nothing is not in it. */
export type MadeByRule = ReadonlyMap<string, readonly RecordedSample[]>;

/** The samples of a slot, and the series that rules gave before and give no more: those of rules that said nothing go on. */
export const endedSeries = ({ lastByRule }: GroupSeries, made: MadeByRule, silent: ReadonlySet<string>): readonly Labels[] => {
  const now = new Set([...made.values()].flat().map(({ labels }) => labelsKey(labels)));
  const ended = new Map<string, Labels>();
  for (const [ruleId, series] of lastByRule) {
    if (silent.has(ruleId) || (ruleId === ANY_RULE && silent.size > 0)) continue;
    for (const [key, labels] of series) if (!now.has(key)) ended.set(key, labels);
  }
  return [...ended.values()];
};

/**
 * What the rules of a stage gave before and give no more, for those behind them in the slot: Prometheus ends a series as soon as its
 * rule is evaluated. What `later` rules record too is left to these.
 */
export const endedInStage = ({ lastByRule }: GroupSeries, made: MadeByRule, stage: readonly Rule[], later: readonly Rule[]): readonly Labels[] => {
  const answered = stage.filter(({ id }) => made.has(id));
  const own = new Set(answered.map(({ id }) => id));
  const recorded = new Set(recordedNames(answered));
  const open = new Set(recordedNames([...stage.filter(({ id }) => !made.has(id)), ...later]));
  const now = new Set([...made.values()].flat().map(({ labels }) => labelsKey(labels)));
  return [...lastByRule].flatMap(([ruleId, series]) =>
    [...series].flatMap(([key, labels]) => {
      const metric = labelValue(labels, METRIC_NAME);
      const isOurs = ruleId === ANY_RULE ? recorded.has(metric) : own.has(ruleId);
      return isOurs && !open.has(metric) && !now.has(key) ? [labels] : [];
    }),
  );
};

const recordedNames = (rules: readonly Rule[]): readonly string[] => rules.filter(({ kind }) => kind === 'recording').map(({ name }) => name);

export const afterSlot = (before: GroupSeries, made: MadeByRule, silent: ReadonlySet<string>, slot: MadeSlot, watermarkMs: number): GroupSeries => {
  const lastByRule = new Map<string, ReadonlyMap<string, Labels>>();
  for (const [ruleId, series] of before.lastByRule) if (silent.has(ruleId) || (ruleId === ANY_RULE && silent.size > 0)) lastByRule.set(ruleId, series);
  for (const [ruleId, samples] of made) if (samples.length > 0) lastByRule.set(ruleId, keyed(samples.map(({ labels }) => labels)));
  const recent = before.recent.filter(({ sentAtMs }) => sentAtMs + CLOCK_SKEW_MS > watermarkMs);
  return { lastByRule, recent: slot.series.samples.length + slot.series.ended.length === 0 ? recent : [...recent, slot] };
};
