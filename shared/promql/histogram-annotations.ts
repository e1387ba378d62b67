import { type Labels, labelValue, METRIC_NAME } from '../model/labels.ts';
import type { AccumulationNotes } from '../histograms/accumulation.ts';
import type { ByteRange } from './errors.ts';
import type { QueryScope } from './query-scope.ts';
import { warnOverlap } from './start-times.ts';
import { quote } from './string-text.ts';

const nameOf = (labels: Labels): string => quote(labelValue(labels, METRIC_NAME));

/** ` for metric name "x"`, nothing when there is no name. */
export const forMetric = (labels: Labels): string => (labelValue(labels, METRIC_NAME) === '' ? '' : ` for metric name ${nameOf(labels)}`);

/** What PromQL says about histograms, in Prometheus' words (util/annotations). */
export class HistogramAnnotations {
  private readonly scope: QueryScope;
  private readonly range: ByteRange;

  /** `range`: the expression they are told of. */
  constructor(scope: QueryScope, range: ByteRange) {
    this.scope = scope;
    this.range = range;
  }

  mixedSamples(labels: Labels): void {
    this.scope.warn(`encountered a mix of histograms and floats for metric name ${nameOf(labels)}`, this.range);
  }

  mixedAggregation(): void {
    this.scope.warn('encountered a mix of histograms and floats for aggregation', this.range);
  }

  mixedBuckets(labels: Labels): void {
    this.scope.warn(`vector contains a mix of histograms with exponential and custom buckets schemas for metric name ${nameOf(labels)}`, this.range);
  }

  mixedClassic(labels: Labels): void {
    this.scope.warn(`vector contains a mix of classic and native histograms${forMetric(labels)}`, this.range);
  }

  notCounter(labels: Labels): void {
    this.scope.warn(`this native histogram metric is not a counter: ${nameOf(labels)}`, this.range);
  }

  notGauge(labels: Labels): void {
    this.scope.warn(`this native histogram metric is not a gauge: ${nameOf(labels)}`, this.range);
  }

  overlappingStarts(labels: Labels): void {
    warnOverlap(this.scope, labels, this.range);
  }

  ignoredInAggregation(op: string): void {
    this.scope.info(`ignored histogram in ${op} aggregation`, this.range);
  }

  ignoredInRange(labels: Labels): void {
    this.scope.info(`ignored histograms in a range containing both floats and histograms for metric name ${nameOf(labels)}`, this.range);
  }

  boundsReconciled(operation: 'addition' | 'subtraction' | 'aggregation'): void {
    this.scope.info(`mismatched custom buckets were reconciled during ${operation}`, this.range);
  }

  /** What an accumulation over time or over series met. */
  accumulated({ resetsCollide, boundsReconciled }: AccumulationNotes): void {
    if (resetsCollide) this.scope.warn('conflicting counter resets during histogram aggregation', this.range);
    if (boundsReconciled) this.boundsReconciled('aggregation');
  }
}
