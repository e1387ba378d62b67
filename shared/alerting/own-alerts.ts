import { labelValue, labelsToJson, makeLabels } from '../model/labels.ts';
import { advanceAlert, isActive } from './alert.ts';
import type { Alert, HoldTimes } from './alert.ts';
import type { AlertsByLabels } from './state-items.ts';

/** Under this id the installation's own alerts lie among those of rules. No rule has it: theirs are 24 hex digits. */
export const OWN_RULE_ID = 'tidemark';

/** On every own alert, beside `alertname` and `severity`, so that a route can choose them. */
export const OWN_LABEL = ['tidemark', 'true'] as const;

interface OwnAlertKind {
  readonly severity: string;
  /** How long it must be so before anybody hears of it. */
  readonly holdMs: number;
  /** What shows the same among the metrics of `npm start`. */
  readonly expr: string;
  /** Of the kind; an alert has one of its own. */
  readonly summary: string;
}

/**
 * What Tidemark tells of itself, with the severity of each and how long it must hold. Part of the interface: routes and silences name
 * them. A restart after hours is behind until it has stored what waited in the stream, which is not worth a page; one slot that fails
 * is made good by the next. Only a notification that is given up has been tried for long enough already.
 */
export const OWN_ALERTS = {
  TidemarkBehind: { severity: 'critical', holdMs: 120_000, expr: 'tidemark_behind > 0', summary: 'Tidemark is behind' },
  TidemarkRuleErrors: { severity: 'warning', holdMs: 300_000, expr: 'increase(tidemark_evaluate_rule_errors_total[5m]) > 0', summary: 'A rule cannot be evaluated' },
  TidemarkSenderLate: { severity: 'warning', holdMs: 300_000, expr: 'tidemark_late_senders > 0', summary: 'Samples of a sender come too late for rules' },
  TidemarkDeliveryFailed: { severity: 'critical', holdMs: 0, expr: 'tidemark_failed_deliveries > 0', summary: 'A notification was given up' },
} as const satisfies Readonly<Record<string, OwnAlertKind>>;

export type OwnAlertName = keyof typeof OWN_ALERTS;

/** Something that is so now. */
export interface OwnFinding {
  readonly name: OwnAlertName;
  /** What tells it from others of its name. */
  readonly labels: Readonly<Record<string, string>>;
  readonly summary: string;
  readonly description: string;
  readonly value: number;
  /** The time of which it speaks, where that is not the tick's: of a slot, so that only a later slot makes it older. */
  readonly atMs?: number;
}

export interface OwnStep {
  readonly alerts: AlertsByLabels;
  /** Transitions, to be stored: a value alone is none. */
  readonly changes: readonly { readonly key: string; readonly alert: Alert | undefined }[];
}

/**
 * The own alerts after a tick, by the same states as those of rules. An alert without a finding ends, but where `isUnknown` says that
 * nothing is known of it now.
 */
export const advanceOwn = (before: AlertsByLabels, findings: readonly OwnFinding[], nowMs: number, isUnknown: (alert: Alert) => boolean): OwnStep => {
  const samples = new Map(findings.map((finding) => [labelsToJson(labelsOf(finding)), finding]));
  const alerts = new Map<string, Alert>();
  const changes: { key: string; alert: Alert | undefined }[] = [];
  for (const key of new Set([...before.keys(), ...samples.keys()])) {
    const [was, finding] = [before.get(key), samples.get(key)];
    const { alert, changed } = advanceAlert(was, finding === undefined ? undefined : sampleOf(finding), finding?.atMs ?? nowMs, holdOf(finding), was === undefined || !isUnknown(was));
    if (alert !== undefined) alerts.set(key, alert);
    if (changed) changes.push({ key, alert });
  }
  return { alerts, changes };
};

/** The own alerts of a name that are pending or fire. */
export const activeOwn = (alerts: AlertsByLabels, name: OwnAlertName): readonly Alert[] =>
  [...alerts.values()].filter((alert) => isActive(alert) && nameOf(alert) === name);

export const nameOf = ({ labels }: Alert): string => labelValue(labels, 'alertname');

const labelsOf = ({ name, labels }: OwnFinding): Alert['labels'] =>
  makeLabels([...Object.entries(labels), ['alertname', name], ['severity', OWN_ALERTS[name].severity], OWN_LABEL]);

const sampleOf = (finding: OwnFinding) => ({
  labels: labelsOf(finding),
  annotations: makeLabels([
    ['description', finding.description],
    ['summary', finding.summary],
  ]),
  value: finding.value,
});

/** Without a finding nothing is held: the alert ends, or stays as it was. */
const holdOf = (finding: OwnFinding | undefined): HoldTimes => ({ holdMs: finding === undefined ? 0 : OWN_ALERTS[finding.name].holdMs, keepFiringMs: 0 });
