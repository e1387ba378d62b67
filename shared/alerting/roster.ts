import { formatDurationMs } from '../model/duration.ts';
import { labelsToJson } from '../model/labels.ts';
import type { Labels } from '../model/labels.ts';
import type { QueryValue } from '../promql/query-result.ts';
import type { Retirement } from './retirements.ts';

/** Steps at which the past is asked what has reported: the lookback, so that no series between two is missed. */
export const ROSTER_STEP_MS = 300_000;

/**
 * How much of the past one slot asks for at most: what a window of a week would cost at once, in every slot that fails, could
 * hold back all other rules. A longer window is learned slot by slot, the newest part first.
 */
const LEARN_MS = 3_600_000;

/**
 * Of one rule, within its window: 130 MB at 650 bytes each (estimated of five labels), which live as long as the evaluator. Series that
 * change their names all the time, watched for a week, would be any number.
 */
const MAX_SERIES = 200_000;

/** One that has reported, or that is declared. */
export interface RosterSeries {
  readonly labels: Labels;
  /** The last time at which it is known to have reported; 0: never. */
  readonly lastSeenMs: number;
  /** When it reported again after it had left by a retirement: older ones do not concern it. */
  readonly backMs?: number;
}

/** By what names a series, or a declared label set. */
export type SeriesByKey = ReadonlyMap<string, RosterSeries>;

/** What a rule's watched expression has given, kept from slot to slot. */
export interface Roster {
  /** What is watched, and how: a roster of something else is of no use. */
  readonly of: string;
  /** The last slot at which it was asked what reports. */
  readonly seenMs: number;
  /** From when on all that has reported is known. */
  readonly fromMs: number;
  readonly series: SeriesByKey;
  /** The declared label sets, by their canonical JSON. */
  readonly declared: SeriesByKey;
}

/** When a label set was given last. */
export interface SeenSeries {
  readonly labels: Labels;
  readonly lastSeenMs: number;
}

/** Of the answer to a range query. */
export const lastSeenIn = (result: QueryValue): readonly SeenSeries[] =>
  result.type === 'matrix' ? result.series.map(({ labels, tMs, histograms }) => ({ labels, lastSeenMs: Math.max(tMs.at(-1) ?? 0, histograms?.tMs.at(-1) ?? 0) })) : [];

export interface Learning {
  /** Times to ask about, both ends inclusive: at most two, an hour at most each. */
  readonly pieces: readonly { readonly fromMs: number; readonly toMs: number }[];
  /** From when on all is known then. */
  readonly fromMs: number;
}

/** What of the past a slot must ask about: nothing once the window is known and no slot was missed. */
export const toLearn = (roster: Roster | undefined, windowMs: number, slotMs: number): Learning => {
  const goesOn = roster !== undefined && slotMs - roster.seenMs <= LEARN_MS;
  const gap = goesOn && slotMs - roster.seenMs > ROSTER_STEP_MS ? [{ fromMs: roster.seenMs, toMs: slotMs }] : [];
  const knownMs = goesOn ? roster.fromMs : slotMs;
  const fromMs = Math.min(knownMs, Math.max(slotMs - windowMs, knownMs - LEARN_MS));
  return { pieces: fromMs < knownMs ? [...gap, { fromMs, toMs: knownMs }] : gap, fromMs };
};

export interface RosterSlot {
  readonly of: string;
  readonly slotMs: number;
  readonly windowMs: number;
  readonly expected: readonly Labels[];
  /** What names a series. */
  readonly keyOf: (labels: Labels) => string;
  readonly present: readonly Labels[];
  /** What the pieces gave. */
  readonly seen: readonly SeenSeries[];
  readonly fromMs: number;
  readonly retirements: readonly Retirement[];
}

/** The roster after a slot. @throws Error when there are more series than can be remembered */
export const advanceRoster = (before: Roster | undefined, slot: RosterSlot): Roster => {
  const { slotMs, windowMs, keyOf, retirements } = slot;
  const series = new Map(before?.series);
  const going = retirements.filter(({ endsAtMs }) => slotMs < endsAtMs);
  const reported = (known: Map<string, RosterSeries>, key: string, labels: Labels, atMs: number): void => {
    const earlier = known.get(key);
    if (earlier !== undefined && earlier.lastSeenMs >= atMs) return;
    const wasAway = before !== undefined && earlier !== undefined && earlier.lastSeenMs < before.seenMs;
    const backMs = wasAway && isRetired(earlier, retirements, slotMs) ? atMs : earlier?.backMs;
    known.set(key, { labels: earlier?.labels ?? labels, lastSeenMs: atMs, ...(backMs === undefined ? {} : { backMs }) });
  };
  for (const { labels, lastSeenMs } of slot.seen) reported(series, keyOf(labels), labels, lastSeenMs);
  for (const labels of slot.present) reported(series, keyOf(labels), labels, slotMs);
  for (const [key, each] of series) {
    // What has left by a retirement that still holds is remembered, so that its return is seen as one.
    if (each.lastSeenMs < slotMs - windowMs && !isRetired(each, going, slotMs)) series.delete(key);
  }
  if (series.size > MAX_SERIES) throw new Error(`no_data: found ${series.size} series that have reported within ${formatDurationMs(windowMs)}, at most ${MAX_SERIES} are allowed; watch fewer, such as a sum by host`);
  const declared = new Map<string, RosterSeries>();
  const carriers = carriersIn(slot.present, slot.expected);
  for (const labels of slot.expected) {
    const key = labelsToJson(labels);
    declared.set(key, before?.declared.get(key) ?? { labels, lastSeenMs: 0 });
    if (carriers(labels)) reported(declared, key, labels, slotMs);
  }
  return { of: slot.of, seenMs: slotMs, fromMs: slot.fromMs, series, declared };
};

/**
 * Whether its last report was before the end of a retirement that was made after it came back from an earlier one. What has never
 * reported is retired until that end.
 */
export const isRetired = ({ labels, lastSeenMs, backMs }: RosterSeries, retirements: readonly Retirement[], atMs: number): boolean =>
  retirements.some(
    ({ startsAtMs, endsAtMs, matchers }) =>
      startsAtMs > (backMs ?? -1) && (lastSeenMs === 0 ? atMs < endsAtMs : lastSeenMs <= endsAtMs) && matchers.matches(labels),
  );

/** Whether all of `wanted` stand among `labels`. */
export const carries = (labels: Labels, wanted: Labels): boolean => wanted.every(([name, value]) => labels.some((pair) => pair[0] === name && pair[1] === value));

/** Tells whether some series carries a label set: looked up by one label, since there may be many of both. */
const carriersIn = (series: readonly Labels[], expected: readonly Labels[]): ((wanted: Labels) => boolean) => {
  const names = new Set(expected.map((labels) => (labels[0] as Labels[number])[0]));
  const byPair = new Map<string, Labels[]>();
  if (names.size > 0) {
    for (const labels of series) {
      for (const [name, value] of labels) {
        if (!names.has(name)) continue;
        const key = JSON.stringify([name, value]);
        const list = byPair.get(key);
        if (list === undefined) byPair.set(key, [labels]);
        else list.push(labels);
      }
    }
  }
  return (wanted) => (byPair.get(JSON.stringify(wanted[0])) ?? []).some((labels) => carries(labels, wanted));
};

/** Whether two rosters tell the same, but for how long what reports has done so: then nothing need be stored. */
export const tellsTheSame = (a: Roster, b: Roster): boolean => a.of === b.of && a.fromMs === b.fromMs && areSame(a, b, 'series') && areSame(a, b, 'declared');

const areSame = (a: Roster, b: Roster, of: 'series' | 'declared'): boolean => {
  if (a[of].size !== b[of].size) return false;
  for (const [key, each] of a[of]) {
    const other = b[of].get(key);
    if (other === undefined || other.backMs !== each.backMs) return false;
    const reports = each.lastSeenMs === a.seenMs;
    if (reports !== (other.lastSeenMs === b.seenMs) || (!reports && other.lastSeenMs !== each.lastSeenMs)) return false;
  }
  return true;
};
