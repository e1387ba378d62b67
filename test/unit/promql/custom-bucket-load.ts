import { CUSTOM_SCHEMA, EMPTY_HISTOGRAM, type Histogram } from '../../../shared/histograms/histogram.ts';
import { type Labels, labelValue, METRIC_NAME } from '../../../shared/model/labels.ts';
import { setLabel } from '../../../shared/promql/label-edit.ts';
import { parseFloatText } from '../../../shared/promql/number-text.ts';
import { labelsKey } from '../../../shared/promql/step-vector.ts';
import type { NotedSeries, NotedValue } from './series-notation.ts';

interface Family {
  readonly labels: Labels;
  /** Cumulative counts by bound. */
  readonly buckets: Map<number, readonly NotedValue[]>;
  sum: readonly NotedValue[];
  count: readonly NotedValue[];
}

const asNumber = (value: NotedValue): number | undefined => (typeof value === 'number' ? value : undefined);

/** The histogram of a family at sample `i`; undefined when it has no bucket there. */
const histogramAt = ({ buckets, sum, count }: Family, i: number): Histogram | undefined => {
  const present = [...buckets].flatMap(([bound, values]): [number, number][] => {
    const value = asNumber(values[i]);
    return value === undefined ? [] : [[bound, value]];
  });
  if (present.length === 0) return undefined;
  const sorted = present.toSorted(([a], [b]) => (a < b ? -1 : 1));
  const total = asNumber(count[i]) ?? (sorted.at(-1)?.[1] as number);
  const finite = sorted.filter(([bound]) => bound !== Infinity);
  const cumulative = [...finite.map(([, value]) => value), total];
  const counts = Float64Array.from(cumulative, (value, place) => value - (place === 0 ? 0 : (cumulative[place - 1] as number)));
  return {
    ...EMPTY_HISTOGRAM,
    schema: CUSTOM_SCHEMA,
    count: total,
    sum: asNumber(sum[i]) ?? 0,
    positive: { indices: Int32Array.from(counts.keys()), counts },
    customBounds: Float64Array.from(finite, ([bound]) => bound),
  };
};

/** The families with classic buckets among the series of a load, each as a series of histograms with custom buckets. */
export const customBucketSeries = (series: readonly NotedSeries[]): NotedSeries[] => {
  const families = new Map<string, Family>();
  for (const { labels, values } of series) {
    const [, base, suffix] = /^(.*)_(bucket|sum|count)$/.exec(labelValue(labels, METRIC_NAME)) ?? [];
    if (base === undefined) continue;
    const own = setLabel(setLabel(labels, 'le', ''), METRIC_NAME, base);
    const key = labelsKey(own);
    const family = families.get(key) ?? { labels: own, buckets: new Map(), sum: [], count: [] };
    families.set(key, family);
    const bound = parseFloatText(labelValue(labels, 'le'));
    if (suffix === 'sum') family.sum = values;
    else if (suffix === 'count') family.count = values;
    else if (bound !== undefined && !family.buckets.has(bound)) family.buckets.set(bound, values);
  }
  return [...families.values()]
    .filter(({ buckets }) => buckets.size > 0)
    .map((family) => ({
      labels: family.labels,
      values: Array.from({ length: Math.max(...[...family.buckets.values()].map(({ length }) => length)) }, (_, i) => {
        const histogram = histogramAt(family, i);
        return histogram && { histogram, hinted: false };
      }),
    }));
};
