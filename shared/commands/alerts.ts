import { fingerprint } from '../alerting/fingerprint.ts';
import { type Labels, formatLabels, makeLabels } from '../model/labels.ts';
import { type Api, callApi } from './api.ts';
import { matcherArguments } from './matcher-arguments.ts';
import { counted } from './progress.ts';
import { toTable } from './table.ts';

const ACKNOWLEDGE = '/api/v1/alerts/acknowledge';

type LabelsJson = Readonly<Record<string, string>>;

interface FiringJson {
  readonly fingerprint: string;
  readonly labels: LabelsJson;
  readonly startsAt: string;
  readonly status: { readonly silencedBy: readonly string[]; readonly inhibitedBy: readonly string[] };
}

interface AcknowledgementJson {
  readonly fingerprint: string;
  readonly labels: LabelsJson;
  readonly endsAt: string;
  readonly author: string;
  readonly comment: string;
}

interface ListedAlert {
  readonly fingerprint: string;
  readonly state: 'firing' | 'pending';
  readonly since: string;
  readonly labels: LabelsJson;
  readonly acknowledgedBy: string;
  readonly comment: string;
  readonly silencedBy: readonly string[];
  readonly inhibitedBy: readonly string[];
}

/** Alerts that fire or are pending, with who has taken them on and what mutes them; the oldest first. */
export const listAlerts = async (api: Api, json: boolean): Promise<string> => {
  const [firing, pending, acknowledgements] = await Promise.all([readFiring(api), readPending(api), readAcknowledged(api)]);
  const taken = new Map(acknowledgements.map((each) => [each.fingerprint, each]));
  const alerts = [...firing, ...pending].map((alert): ListedAlert => {
    const by = alert.state === 'firing' ? taken.get(alert.fingerprint) : undefined;
    return { ...alert, acknowledgedBy: by === undefined ? '' : by.author === '' ? 'somebody' : by.author, comment: by?.comment ?? '' };
  });
  const sorted = alerts.sort((a, b) => Date.parse(a.since) - Date.parse(b.since));
  if (json) return JSON.stringify({ alerts: sorted });
  if (sorted.length === 0) return 'no alerts';
  const rows = sorted.map((each) => [each.state, each.since, each.acknowledgedBy, mutedText(each), each.fingerprint, formatLabels(labelsOf(each.labels)), each.comment]);
  return toTable(['state', 'since', 'acknowledged by', 'muted', 'fingerprint', 'labels', 'comment'], rows);
};

type Untaken = Omit<ListedAlert, 'acknowledgedBy' | 'comment'>;

const readFiring = async (api: Api): Promise<readonly Untaken[]> =>
  (JSON.parse(await callApi(api, '/api/v2/alerts')) as readonly FiringJson[]).map(({ fingerprint: print, labels, startsAt, status }) => ({
    fingerprint: print, state: 'firing', since: startsAt, labels, silencedBy: status.silencedBy, inhibitedBy: status.inhibitedBy,
  }));

const readPending = async (api: Api): Promise<readonly Untaken[]> => {
  const { data } = JSON.parse(await callApi(api, '/api/v1/alerts')) as { readonly data: { readonly alerts: readonly { readonly labels: LabelsJson; readonly state: string; readonly activeAt: string }[] } };
  return data.alerts
    .filter(({ state }) => state === 'pending')
    .map(({ labels, activeAt }) => ({ fingerprint: fingerprint(labelsOf(labels)), state: 'pending', since: activeAt, labels, silencedBy: [], inhibitedBy: [] }));
};

const readAcknowledged = async (api: Api): Promise<readonly AcknowledgementJson[]> => acknowledgementsOf(await callApi(api, ACKNOWLEDGE));

const acknowledgementsOf = (text: string): readonly AcknowledgementJson[] => (JSON.parse(text) as { readonly acknowledgements: readonly AcknowledgementJson[] }).acknowledgements;

const labelsOf = (labels: LabelsJson): Labels => makeLabels(Object.entries(labels));

const mutedText = ({ silencedBy, inhibitedBy }: ListedAlert): string => [...silencedBy.map((id) => `silence ${id}`), ...(inhibitedBy.length > 0 ? ['inhibited'] : [])].join(', ');

export interface AcknowledgeOptions {
  /** A fingerprint, or matchers. */
  readonly alerts: readonly string[];
  readonly author: string;
  readonly comment: string;
  /** Until the alerts end if absent. */
  readonly for?: string;
  readonly json: boolean;
}

/** Takes on alerts that fire: they are not repeated, and do not escalate. */
export const acknowledgeAlerts = async (api: Api, { alerts, json, author, comment, for: length }: AcknowledgeOptions): Promise<string> => {
  const print = fingerprintOf(alerts);
  const named = print === undefined ? { matchers: matcherArguments(alerts) } : { fingerprint: print };
  const text = await callApi(api, ACKNOWLEDGE, { method: 'POST', body: JSON.stringify({ ...named, author, comment, for: length }), contentType: 'application/json' });
  return json ? text : listed(text, 'acknowledged');
};

/** Takes an acknowledgement back. */
export const unacknowledgeAlerts = async (api: Api, alerts: readonly string[], { author, json }: { readonly author: string; readonly json: boolean }): Promise<string> => {
  const query = new URLSearchParams({ author });
  const print = fingerprintOf(alerts);
  if (print !== undefined) query.set('fingerprint', print);
  else for (const text of alerts) query.append('filter', text);
  const text = await callApi(api, `${ACKNOWLEDGE}?${query.toString()}`, { method: 'DELETE' });
  return json ? text : listed(text, 'no longer acknowledged');
};

const fingerprintOf = ([first = '', ...others]: readonly string[]): string | undefined => (others.length === 0 && /^[0-9a-f]{16}$/.test(first) ? first : undefined);

const listed = (text: string, what: string): string => {
  const found = acknowledgementsOf(text);
  const table = toTable(['fingerprint', 'until it ends, or', 'labels'], found.map(({ fingerprint: print, endsAt, labels }) => [print, endsAt, formatLabels(labelsOf(labels))]));
  return `${counted(found.length, 'alert')} ${what}\n\n${table}`;
};
