import { messageOf } from '../../shared/errors.ts';
import type { Labels } from '../../shared/model/labels.ts';
import { labelsKey } from '../../shared/promql/step-vector.ts';
import { Overlay } from '../../shared/rules/overlay.ts';
import type { RecordedSample } from '../../shared/rules/recorded-samples.ts';
import type { RuleGroup } from '../../shared/rules/rule-group.ts';
import { decodeSlot, slotKey } from '../../shared/rules/slot-frames.ts';
import type { SlotSeries } from '../../shared/rules/slot-frames.ts';
import { MissingObjectError } from '../../shared/storage/object-store.ts';
import type { TickScope } from './tick-scope.ts';

/** Clocks of ours and of the stream differ by less. */
const CLOCK_SKEW_MS = 10_000;

interface MadeSlot {
  readonly slotMs: number;
  /** When the stream has taken it, or will have. */
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

const NOTHING: GroupSeries = { lastByRule: new Map(), recent: [] };

const keyed = (labels: readonly Labels[]): ReadonlyMap<string, Labels> => new Map(labels.map((each) => [labelsKey(each), each]));

/** From memory, or for a new holder from the outbox: what the slot at the cursor has made. */
export const groupSeries = async ({ memory, ports, report }: TickScope, group: RuleGroup, nowMs: number): Promise<GroupSeries> => {
  const known = memory.series.get(group.id);
  if (known !== undefined) return known;
  const cursor = memory.cursors.get(group.id);
  if (cursor?.wrote !== true) return NOTHING;
  try {
    const series = decodeSlot(await ports.objects.get(slotKey(group, cursor.slotMs)));
    return { lastByRule: new Map([[ANY_RULE, keyed(series.samples.map(({ labels }) => labels))]]), recent: [{ slotMs: cursor.slotMs, sentAtMs: nowMs, series }] };
  } catch (error) {
    // Without it some series end by lookback instead of by a marker, which is no reason to stand still.
    if (!(error instanceof MissingObjectError)) report.errors.push(`read the last slot of ${group.id}: ${messageOf(error)}`);
    return NOTHING;
  }
};

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

export const afterSlot = (before: GroupSeries, made: MadeByRule, silent: ReadonlySet<string>, slot: MadeSlot, watermarkMs: number): GroupSeries => {
  const lastByRule = new Map<string, ReadonlyMap<string, Labels>>();
  for (const [ruleId, series] of before.lastByRule) if (silent.has(ruleId) || (ruleId === ANY_RULE && silent.size > 0)) lastByRule.set(ruleId, series);
  for (const [ruleId, samples] of made) if (samples.length > 0) lastByRule.set(ruleId, keyed(samples.map(({ labels }) => labels)));
  const recent = before.recent.filter(({ sentAtMs }) => sentAtMs + CLOCK_SKEW_MS > watermarkMs);
  return { lastByRule, recent: slot.series.samples.length + slot.series.ended.length === 0 ? recent : [...recent, slot] };
};
