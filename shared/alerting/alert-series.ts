import { METRIC_NAME, makeLabels } from '../model/labels.ts';
import { ALERTS, ALERTS_FOR_STATE } from '../rules/alert-metrics.ts';
import type { RecordedSample } from '../rules/recorded-samples.ts';
import { isActive } from './alert.ts';
import type { AlertsByLabels } from './state-items.ts';

/** What Prometheus records of the alerts of a rule (rules/alerting.go: sample, forStateSample). */
export const alertSeries = (alerts: AlertsByLabels): readonly RecordedSample[] =>
  [...alerts.values()].filter(isActive).flatMap(({ labels, phase, activeAtMs }): RecordedSample[] => [
    { labels: makeLabels(new Map([...labels, [METRIC_NAME, ALERTS], ['alertstate', phase]])), value: 1 },
    { labels: makeLabels(new Map([...labels, [METRIC_NAME, ALERTS_FOR_STATE]])), value: Math.floor(activeAtMs / 1000) },
  ]);
