import { labelsFromJson, METRIC_NAME, type LabelPair, type Labels } from '../model/labels.ts';
import { compareUtf8 } from '../model/utf8.ts';
import { compileMatcher, type Matcher } from '../promql/matcher.ts';

type Predicate = (value: string) => boolean;

/** What is asked of one label. The value of a label that is not there is ''. */
export interface LabelCondition {
  readonly name: string;
  readonly matches: Predicate;
}

/** Whether a series matches, by its metric and its canonical labels JSON. Both are remembered: a series stands in many files. */
export interface SeriesMatcher {
  /** The metric, when the matchers allow a single one. */
  readonly metric: string | undefined;
  /** What is asked of the labels besides the metric: all of it must hold. Each judgement calls `check`. */
  readonly onLabels: readonly LabelCondition[];
  matchesMetric(metric: string): boolean;
  /** The labels of the series, when it matches. */
  labelsOf(metric: string, labelsJson: string): Labels | undefined;
}

/** `check` is called before a text is judged, since a regex of thousands of states takes ms for each. */
export const makeSeriesMatcher = (matchers: readonly Matcher[], check?: () => void): SeriesMatcher => {
  const ofMetric = matchers.filter((matcher) => matcher.name === METRIC_NAME);
  const onMetric = ofMetric.map((matcher) => compileMatcher(matcher));
  const onLabels = matchers.filter((matcher) => matcher.name !== METRIC_NAME).map((matcher) => conditionOf(matcher, check));
  const metrics = new Map<string, boolean>();
  const labels = new Map<string, Labels | undefined>();
  return {
    metric: ofMetric.find((matcher) => matcher.op === '=' && matcher.value !== '')?.value,
    onLabels,
    matchesMetric(metric) {
      let verdict = metrics.get(metric);
      if (verdict === undefined) {
        check?.();
        verdict = onMetric.every((matches) => matches(metric));
        metrics.set(metric, verdict);
      }
      return verdict;
    },
    labelsOf(metric, labelsJson) {
      // The labels without the name are shared by all metrics of a host, so they are judged once for all.
      if (!labels.has(labelsJson)) {
        check?.();
        labels.set(labelsJson, judge(labelsFromJson('', labelsJson), onLabels));
      }
      const rest = labels.get(labelsJson);
      return rest === undefined ? undefined : withName(metric, rest);
    },
  };
};

const conditionOf = (matcher: Matcher, check: (() => void) | undefined): LabelCondition => {
  const matches = compileMatcher(matcher);
  return {
    name: matcher.name,
    matches(value) {
      check?.();
      return matches(value);
    },
  };
};

const judge = (labels: Labels, conditions: readonly LabelCondition[]): Labels | undefined => {
  const values = new Map(labels);
  return conditions.every(({ name, matches }) => matches(values.get(name) ?? '')) ? labels : undefined;
};

const withName = (metric: string, rest: Labels): Labels => {
  const pair: LabelPair = [METRIC_NAME, metric];
  const at = rest.findIndex(([name]) => compareUtf8(name, METRIC_NAME) > 0);
  return at === -1 ? [...rest, pair] : [...rest.slice(0, at), pair, ...rest.slice(at)];
};
