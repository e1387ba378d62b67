import { placesOf } from '../../../shared/alerting/dispatch/alert-group.ts';
import type { GroupPlace } from '../../../shared/alerting/dispatch/alert-group.ts';
import { makeMutes } from '../../../shared/alerting/dispatch/mutes.ts';
import { graphUrl } from '../../../shared/alerting/dispatch/told-alert.ts';
import { readExternalAlerts } from '../../../shared/alerting/external-alerts.ts';
import { fingerprint } from '../../../shared/alerting/fingerprint.ts';
import type { Alert } from '../../../shared/alerting/alert.ts';
import { readAlertStates, readOwnAlerts } from '../../../shared/alerting/alert-states.ts';
import type { AlertmanagerConfig } from '../../../shared/alerting/receivers.ts';
import { readSilences } from '../../../shared/alerting/silences/silence-store.ts';
import { labelsToJson } from '../../../shared/model/labels.ts';
import type { Labels } from '../../../shared/model/labels.ts';
import { promqlOf } from '../../../shared/rules/rule-group.ts';
import type { AlertmanagerPorts } from './alertmanager-ports.ts';

/** An alert that fires, with what keeps it from being told of. */
export interface AlertView {
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly startsAtMs: number;
  readonly endsAtMs: number;
  readonly updatedAtMs: number;
  readonly generatorUrl: string;
  readonly places: readonly GroupPlace[];
  readonly silencedBy: readonly string[];
  /** Fingerprints. */
  readonly inhibitedBy: readonly string[];
}

type Firing = Omit<AlertView, 'places' | 'silencedBy' | 'inhibitedBy'>;

/** All alerts that fire, of rules, of Tidemark itself and from outside, by fingerprint's order. */
export const viewAlerts = async (ports: AlertmanagerPorts, config: AlertmanagerConfig, nowMs: number): Promise<readonly AlertView[]> => {
  const [firing, silences] = await Promise.all([readFiring(ports, config, nowMs), readSilences(ports.alerts)]);
  const prints = new Map(firing.map((alert) => [labelsToJson(alert.labels), fingerprint(alert.labels)]));
  const mutes = makeMutes(config, { silences, firing: firing.map(({ labels }) => ({ id: prints.get(labelsToJson(labels)) as string, labels })), nowMs });
  return firing
    .map((alert) => ({
      ...alert,
      places: config.receivers.length === 0 ? [] : placesOf(config.route, alert.labels),
      silencedBy: mutes.silencedBy(alert.labels),
      inhibitedBy: mutes.inhibitedBy(alert.labels),
    }))
    .sort((a, b) => compare(prints.get(labelsToJson(a.labels)) as string, prints.get(labelsToJson(b.labels)) as string));
};

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const readFiring = async ({ alerts, rules, externalUrl }: AlertmanagerPorts, config: AlertmanagerConfig, nowMs: number): Promise<readonly Firing[]> => {
  const [groups, external, own] = await Promise.all([rules().then((set) => readAlertStates(alerts, set)), readExternalAlerts(alerts), readOwnAlerts(alerts)]);
  const found = new Map<string, Firing>();
  // Of several with the same labels the one that began first, as the evaluator tells of them (functions/evaluate/flush-groups.ts).
  const take = (alert: Firing): void => {
    const key = labelsToJson(alert.labels);
    const before = found.get(key);
    if (before === undefined || alert.startsAtMs < before.startsAtMs) found.set(key, alert);
  };
  const add = ({ phase, labels, annotations, firedAtMs, activeAtMs, changedAtMs }: Alert, generatorUrl: string, lastSlotMs?: number): void => {
    if (phase !== 'firing') return;
    const startsAtMs = firedAtMs ?? activeAtMs;
    take({ labels, annotations, startsAtMs, endsAtMs: nowMs + config.resolveTimeoutMs, updatedAtMs: lastSlotMs ?? changedAtMs, generatorUrl });
  };
  for (const { rules: states, lastSlotMs } of groups) {
    for (const { rule, alerts: active } of states) for (const alert of active) add(alert, graphUrl(externalUrl, promqlOf(rule)), lastSlotMs);
  }
  for (const alert of own) add(alert, graphUrl(externalUrl, ''));
  for (const { labels, annotations, startsAtMs, endsAtMs, updatedAtMs, generatorUrl } of external) {
    if (endsAtMs > nowMs) take({ labels, annotations, startsAtMs, endsAtMs, updatedAtMs, generatorUrl });
  }
  return [...found.values()];
};

export const isSuppressed = ({ silencedBy, inhibitedBy }: AlertView): boolean => silencedBy.length + inhibitedBy.length > 0;

/** `gettableAlert` of Alertmanager's API. */
export const alertJson = (alert: AlertView): object => ({
  labels: Object.fromEntries(alert.labels),
  annotations: Object.fromEntries(alert.annotations),
  startsAt: new Date(alert.startsAtMs).toISOString(),
  endsAt: new Date(alert.endsAtMs).toISOString(),
  updatedAt: new Date(alert.updatedAtMs).toISOString(),
  generatorURL: alert.generatorUrl,
  fingerprint: fingerprint(alert.labels),
  receivers: [...new Set(alert.places.map(({ route }) => route.receiver))].map((name) => ({ name })),
  status: { state: isSuppressed(alert) ? 'suppressed' : 'active', silencedBy: alert.silencedBy, inhibitedBy: alert.inhibitedBy },
});
