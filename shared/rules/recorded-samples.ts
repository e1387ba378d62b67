import { histogramFault } from '../histograms/histogram-fault.ts';
import type { Histogram } from '../histograms/histogram.ts';
import { METRIC_NAME, labelsToJson, makeLabels } from '../model/labels.ts';
import type { Labels } from '../model/labels.ts';
import type { RecordingRule } from './rule-group.ts';

/** A sample that a rule makes at the evaluation time. */
export interface RecordedSample {
  /** With the metric's name. */
  readonly labels: Labels;
  /** 0 for a histogram. */
  readonly value: number;
  readonly histogram?: Histogram;
}

/** What names a series in memory. */
export const seriesKey = (metric: string, labelsJson: string): string => `${metric}${labelsJson}`;

/**
 * The series of a recording rule's result: under the rule's name, the rule's labels over those of the result.
 * @throws Error in Prometheus' words when two of them have the same labels, or when there are more than the group allows; when a
 * histogram cannot be stored.
 */
export const recordedSamples = (rule: RecordingRule, vector: readonly RecordedSample[], limit: number): readonly RecordedSample[] => {
  const seen = new Set<string>();
  const samples = vector.map(({ labels, value, histogram }): RecordedSample => {
    const recorded = makeLabels(new Map([...labels, ...rule.labels, [METRIC_NAME, rule.name]]));
    const key = labelsToJson(recorded);
    if (seen.has(key)) throw new Error('vector contains metrics with the same labelset after applying rule labels');
    seen.add(key);
    return histogram === undefined ? { labels: recorded, value } : { labels: recorded, value: 0, histogram: storable(rule, histogram) };
  });
  if (limit > 0 && samples.length > limit) throw new Error(`exceeded limit of ${limit} with ${samples.length} series`);
  return samples;
};

/**
 * What a hint tells of is the sample before, which the recorded series has not: Prometheus' storage finds it anew for each series, but
 * for gauges and for a reset that is told (tsdb/chunkenc, appending histograms).
 */
const storable = ({ name }: RecordingRule, histogram: Histogram): Histogram => {
  const fault = histogramFault(histogram, false);
  if (fault !== undefined) throw new Error(`record ${name}: found ${fault}`);
  return histogram.counterResetHint === 'not_reset' ? { ...histogram, counterResetHint: 'unknown' } : histogram;
};
