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
    return { reason: reasonOf(error) };
  }
};

/** The labels beside a metric's name, as the line formats and OTLP have them. */
export const identifyLabels = (pairs: Iterable<LabelPair>): { readonly labelsJson: string } | RefusedSeries => {
  try {
    const labels = makeLabels(pairs);
    if (labelValue(labels, METRIC_NAME) !== '') return { reason: `a label ${METRIC_NAME} beside the metric name` };
    return { labelsJson: labelsToJson(labels) };
  } catch (error) {
    return { reason: reasonOf(error) };
  }
};

/** It goes into an answer and is counted by its text, so it is not as long as a hostile label. */
const reasonOf = (error: unknown): string => messageOf(error).slice(0, 200).toWellFormed();
