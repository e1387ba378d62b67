import { messageOf } from '../errors.ts';
import { type LabelPair, labelsToJson, labelValue, makeLabels, METRIC_NAME } from '../model/labels.ts';

/** What makes a series itself, as a batch keeps it. */
export interface SeriesIdentity {
  readonly metric: string;
  readonly labelsJson: string;
}

export interface RefusedSeries {
  readonly reason: string;
}

/** From all labels of a series, `__name__` among them. A bad label set costs its own samples only, so it is a reason, not a throw. */
export const identify = (pairs: Iterable<LabelPair>): SeriesIdentity | RefusedSeries => {
  try {
    const labels = makeLabels(pairs);
    const metric = labelValue(labels, METRIC_NAME);
    return metric === '' ? { reason: 'a series without a metric name' } : { metric, labelsJson: labelsToJson(labels) };
  } catch (error) {
    // The reason goes into an answer and is counted by its text: not as long as a hostile label.
    return { reason: messageOf(error).slice(0, 200).toWellFormed() };
  }
};

/** A label set beside its metric, as the line formats have it. */
export const identifyNamed = (metric: string, pairs: readonly LabelPair[]): SeriesIdentity | RefusedSeries =>
  pairs.some(([name]) => name === METRIC_NAME)
    ? { reason: `a label ${METRIC_NAME} beside the metric name` }
    : identify([[METRIC_NAME, metric], ...pairs]);
