import type { Histogram } from '../histograms/histogram.ts';
import { METRIC_NAME, labelsToJson, makeLabels } from '../model/labels.ts';
import type { Labels } from '../model/labels.ts';
import type { RecordingRule } from './rule-group.ts';

/** A sample that a rule makes at the evaluation time. */
export interface RecordedSample {
  /** With the metric's name. */
  readonly labels: Labels;
  readonly value: number;
}

/** What names a series in memory. */
export const seriesKey = (metric: string, labelsJson: string): string => `${metric}${labelsJson}`;

interface ResultSample {
  readonly labels: Labels;
  readonly value: number;
  readonly histogram?: Histogram;
}

/**
 * The series of a recording rule's result: under the rule's name, the rule's labels over those of the result.
 * @throws Error in Prometheus' words when two of them have the same labels, or when there are more than the group allows.
 */
export const recordedSamples = (rule: RecordingRule, vector: readonly ResultSample[], limit: number): readonly RecordedSample[] => {
  const seen = new Set<string>();
  const samples = vector.map(({ labels, value, histogram }): RecordedSample => {
    if (histogram !== undefined) throw new Error(`record ${rule.name}: found a histogram, only numbers can be recorded`);
    const recorded = makeLabels(new Map([...labels, ...rule.labels, [METRIC_NAME, rule.name]]));
    const key = labelsToJson(recorded);
    if (seen.has(key)) throw new Error('vector contains metrics with the same labelset after applying rule labels');
    seen.add(key);
    return { labels: recorded, value };
  });
  if (limit > 0 && samples.length > limit) throw new Error(`exceeded limit of ${limit} with ${samples.length} series`);
  return samples;
};
