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

/**
 * The longest labels of one series together, as canonical JSON, and the longest metric name. V8 hashes a string of more
 * than 16,383 characters by its length alone (String::kMaxHashCalcLength), so a map of longer ones would take quadratic time.
 */
export const SERIES_TEXT_UNITS_MAX = 16_000;

const TOO_LONG: RefusedSeries = { reason: `labels or metric name of more than ${SERIES_TEXT_UNITS_MAX} characters` };

/** From all labels of a series, `__name__` among them. A bad label set costs its own samples only, so it is a reason, not a throw. */
export const identify = (pairs: Iterable<LabelPair>): SeriesIdentity | RefusedSeries => {
  try {
    const labels = makeLabels(pairs);
    const metric = labelValue(labels, METRIC_NAME);
    if (metric === '') return { reason: 'a series without a metric name' };
    const labelsJson = labelsToJson(labels);
    return labelsJson.length > SERIES_TEXT_UNITS_MAX || metric.length > SERIES_TEXT_UNITS_MAX ? TOO_LONG : { metric, labelsJson };
  } catch (error) {
    return { reason: reasonOf(error) };
  }
};

/** The labels beside a metric's name, as the line formats and OTLP have them. */
export const identifyLabels = (metric: string, pairs: Iterable<LabelPair>): { readonly labelsJson: string } | RefusedSeries => {
  try {
    const labels = makeLabels(pairs);
    if (labelValue(labels, METRIC_NAME) !== '') return { reason: `a label ${METRIC_NAME} beside the metric name` };
    const labelsJson = labelsToJson(labels);
    return labelsJson.length > SERIES_TEXT_UNITS_MAX || metric.length > SERIES_TEXT_UNITS_MAX ? TOO_LONG : { labelsJson };
  } catch (error) {
    return { reason: reasonOf(error) };
  }
};

/** It goes into an answer and is counted by its text, so it is not as long as a hostile label. */
const reasonOf = (error: unknown): string => messageOf(error).slice(0, 200).toWellFormed();
