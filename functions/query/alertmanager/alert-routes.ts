import type { Context } from 'hono';
import { MAX_EXTERNAL_ALERTS, putExternalAlerts } from '../../../shared/alerting/external-alerts.ts';
import type { ExternalAlert } from '../../../shared/alerting/external-alerts.ts';
import { compileMatchers } from '../../../shared/alerting/routing/matcher-text.ts';
import { MAX_ALERT_BYTES } from '../../../shared/alerting/rule-samples.ts';
import { silenceId } from '../../../shared/alerting/silences/silence.ts';
import { PermanentError } from '../../../shared/errors.ts';
import { makeLabels } from '../../../shared/model/labels.ts';
import type { LabelPair } from '../../../shared/model/labels.ts';
import { alertJson, isSuppressed, viewAlerts } from './alert-view.ts';
import type { AlertView } from './alert-view.ts';
import type { AlertmanagerPorts } from './alertmanager-ports.ts';
import { filtersOf, flagOf, jsonBody, objectOf, textOf, timeOf } from './request.ts';

const MAX_LABELS = 100;

/** `GET /api/v2/alerts` */
export const getAlerts = async (ports: AlertmanagerPorts, c: Context): Promise<Response> => c.json((await wantedAlerts(ports, c)).map(alertJson));

/** `GET /api/v2/alerts/groups` */
export const getGroups = async (ports: AlertmanagerPorts, c: Context): Promise<Response> => {
  const groups = new Map<string, { labels: object; receiver: { name: string }; alerts: object[] }>();
  for (const alert of await wantedAlerts(ports, c)) {
    for (const { id, route, groupLabels } of alert.places) {
      const group = groups.get(id) ?? { labels: Object.fromEntries(groupLabels), receiver: { name: route.receiver }, alerts: [] };
      group.alerts.push(alertJson(alert));
      groups.set(id, group);
    }
  }
  const keyed = [...groups.values()].map((group) => ({ group, key: JSON.stringify([group.labels, group.receiver.name]) }));
  return c.json(keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ group }) => group));
};

const wantedAlerts = async (ports: AlertmanagerPorts, c: Context): Promise<readonly AlertView[]> => {
  const { matches } = filtersOf(c);
  const [active, silenced, inhibited] = [flagOf(c, 'active'), flagOf(c, 'silenced'), flagOf(c, 'inhibited')];
  flagOf(c, 'unprocessed');
  const pattern = c.req.query('receiver') ?? '';
  const receiver = compileMatchers(pattern === '' ? [] : [{ name: 'receiver', op: '=~', value: pattern }]);
  const alerts = await viewAlerts(ports, await ports.alertmanager(), ports.nowMs());
  return alerts.filter(
    (alert) =>
      matches(alert.labels) &&
      (active || isSuppressed(alert)) &&
      (silenced || alert.silencedBy.length === 0) &&
      (inhibited || alert.inhibitedBy.length === 0) &&
      (pattern === '' || alert.places.some(({ route }) => receiver.matches([['receiver', route.receiver]]))),
  );
};

/** `POST /api/v2/alerts`: what others have found is told of as our own is. */
export const postAlerts = async (ports: AlertmanagerPorts, c: Context): Promise<Response> => {
  const body = await jsonBody(c);
  if (!Array.isArray(body) || body.length > MAX_EXTERNAL_ALERTS) throw new PermanentError(`post alerts: found no list of at most ${MAX_EXTERNAL_ALERTS} alerts, one is needed`);
  const nowMs = ports.nowMs();
  const { resolveTimeoutMs } = await ports.alertmanager();
  const alerts = body.map((each, i) => externalAlert(each, `alert ${i + 1}`, { nowMs, resolveTimeoutMs }));
  if (alerts.length > 0) await putExternalAlerts(ports.alerts, alerts, { revision: silenceId(ports.random()), nowMs });
  return c.body(null, 200);
};

const externalAlert = (value: unknown, what: string, { nowMs, resolveTimeoutMs }: { readonly nowMs: number; readonly resolveTimeoutMs: number }): ExternalAlert => {
  const given = objectOf(value, what);
  const labels = makeLabels(pairsOf(given['labels'], `${what}: labels`));
  const annotations = makeLabels(pairsOf(given['annotations'], `${what}: annotations`));
  if (labels.length === 0) throw new PermanentError(`read ${what}: found no labels, at least one is needed`);
  const generatorUrl = textOf(given['generatorURL'], `${what}: generatorURL`);
  const bytes = Buffer.byteLength(JSON.stringify([labels, annotations, generatorUrl]));
  if (bytes > MAX_ALERT_BYTES) throw new PermanentError(`read ${what}: found ${bytes} bytes of labels and annotations, at most ${MAX_ALERT_BYTES} are allowed`);
  const ends = timeOf(given['endsAt'], `${what}: endsAt`);
  const startsAtMs = timeOf(given['startsAt'], `${what}: startsAt`) ?? ends ?? nowMs;
  const endsAtMs = ends ?? nowMs + resolveTimeoutMs;
  if (startsAtMs > endsAtMs) throw new PermanentError(`read ${what}: found an end before the start, a later one is allowed`);
  return { labels, annotations, startsAtMs, endsAtMs, updatedAtMs: nowMs, generatorUrl };
};

const pairsOf = (value: unknown, what: string): LabelPair[] => {
  const pairs = value === undefined || value === null ? [] : Object.entries(objectOf(value, what));
  if (pairs.length > MAX_LABELS) throw new PermanentError(`read ${what}: found ${pairs.length}, at most ${MAX_LABELS} are allowed`);
  return pairs.map(([name, text]) => [name, textOf(text, `${what} ${JSON.stringify(name.slice(0, 100))}`)]);
};
