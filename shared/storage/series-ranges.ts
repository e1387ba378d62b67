import type { LabelCondition, SeriesMatcher } from './label-matching.ts';
import type { LabelSets } from './label-sets.ts';
import type { SeriesIndex } from './series-index.ts';
import type { TimeRange } from './series-search.ts';

/** A series and its rows in the file. */
export interface SeriesRange {
  readonly metric: string;
  /** Canonical labels JSON. */
  readonly labels: string;
  readonly firstRow: number;
  readonly rows: number;
}

/** Which rows of a compacted file are of series that match and may have rows within the range, in order. */
export const seriesRanges = (index: SeriesIndex, matcher: SeriesMatcher, range: TimeRange): readonly SeriesRange[] => {
  const { metrics, metricOf, sets, setOf, offsets } = index;
  return Array.from(matchingSeries(index, matcher, range), (k) => ({
    metric: metrics[metricOf[k] as number] as string,
    labels: sets.jsons[setOf[k] as number] as string,
    firstRow: offsets[k] as number,
    rows: (offsets[k + 1] as number) - (offsets[k] as number),
  }));
};

/** The places of the series that match and whose first and last row leave it open that one lies within the range, ascending. */
export const matchingSeries = (index: SeriesIndex, matcher: SeriesMatcher, { fromMs, toMs }: TimeRange): Uint32Array => {
  const { metrics, metricOf, sets, setOf, minTMs, maxTMs } = index;
  const isMetric = Uint8Array.from(metrics, (metric) => (matcher.matchesMetric(metric) ? 1 : 0));
  if (!isMetric.includes(1)) return new Uint32Array(0);
  const isSet = matchingSets(sets, matcher.onLabels);
  const found = new Uint32Array(setOf.length);
  let count = 0;
  for (let k = 0; k < setOf.length; k++) {
    if (isMetric[metricOf[k] as number] === 0 || isSet[setOf[k] as number] === 0) continue;
    if ((minTMs[k] as number) <= toMs && (maxTMs[k] as number) >= fromMs) found[count++] = k;
  }
  return found.subarray(0, count);
};

/** 1 for each label set of which every condition holds. */
const matchingSets = (sets: LabelSets, conditions: readonly LabelCondition[]): Uint8Array => {
  const isSet = new Uint8Array(sets.jsons.length).fill(1);
  for (const condition of conditions) narrow(isSet, sets, condition);
  return isSet;
};

const UNJUDGED = 0;
const HOLDS = 1;
const FAILS = 2;

/** Each value is judged once, however many sets have it. */
const narrow = (isSet: Uint8Array, { offsets, pairs, names, nameOf, values }: LabelSets, { name, matches }: LabelCondition): void => {
  const ifAbsent = matches('');
  const nameId = names.indexOf(name);
  if (nameId === -1) {
    if (!ifAbsent) isSet.fill(0);
    return;
  }
  const verdicts = new Uint8Array(values.length);
  const holds = (pair: number): boolean => {
    if (verdicts[pair] === UNJUDGED) verdicts[pair] = matches(values[pair] as string) ? HOLDS : FAILS;
    return verdicts[pair] === HOLDS;
  };
  for (let s = 0; s < isSet.length; s++) {
    if (isSet[s] === 0) continue;
    let at = offsets[s] as number;
    const end = offsets[s + 1] as number;
    while (at < end && nameOf[pairs[at] as number] !== nameId) at++;
    if (!(at < end ? holds(pairs[at] as number) : ifAbsent)) isSet[s] = 0;
  }
};
