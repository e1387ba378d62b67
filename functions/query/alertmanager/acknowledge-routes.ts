import type { Context } from 'hono';
import { acknowledge, holdsFor, readAcknowledgements, withdraw } from '../../../shared/alerting/acknowledgements.ts';
import type { Acknowledgement } from '../../../shared/alerting/acknowledgements.ts';
import { fingerprint } from '../../../shared/alerting/fingerprint.ts';
import { formatMatchers } from '../../../shared/alerting/routing/matcher-text.ts';
import type { MatcherSet } from '../../../shared/alerting/routing/matcher-text.ts';
import { PermanentError } from '../../../shared/errors.ts';
import { HttpFault } from '../../../shared/http/http-fault.ts';
import type { ApiKey } from '../../../shared/keys/api-key.ts';
import { parseDurationMs } from '../../../shared/model/duration.ts';
import { labelsToJson } from '../../../shared/model/labels.ts';
import type { Labels } from '../../../shared/model/labels.ts';
import { viewAlerts } from './alert-view.ts';
import type { AlertmanagerPorts } from './alertmanager-ports.ts';
import { changeBy, filtersOf, jsonBody, matchersOf, objectOf, textOf } from './request.ts';

/** `GET /api/v1/alerts/acknowledge?filter=…`: those that hold now. */
export const getAcknowledgements = async (ports: AlertmanagerPorts, c: Context): Promise<Response> => {
  const { matches } = filtersOf(c);
  const holding = await readHolding(ports);
  return c.json({ acknowledgements: holding.filter(({ labels }) => matches(labels)).map(acknowledgementJson) });
};

/** `POST /api/v1/alerts/acknowledge` with `{ matchers | fingerprint, author, comment, for? }`: all that fire now and match. */
export const postAcknowledgement = async (ports: AlertmanagerPorts, c: Context, key: ApiKey | undefined): Promise<Response> => {
  const given = objectOf(await jsonBody(c), 'acknowledgement');
  const named = namedBy(textOf(given['fingerprint'], 'acknowledgement: fingerprint'), given['matchers'] === undefined ? undefined : matchersOf(given['matchers'], 'acknowledgement'));
  const length = textOf(given['for'], 'acknowledgement: for');
  const forMs = length === '' ? undefined : parseDurationMs(length);
  if (length !== '' && forMs === undefined) throw new PermanentError('read acknowledgement: found no duration in "for", one such as 2h is needed');
  const [author, comment] = [textOf(given['author'], 'acknowledgement: author'), textOf(given['comment'], 'acknowledgement: comment')];
  const alerts = (await viewAlerts(ports, await ports.alertmanager(), ports.nowMs())).filter(({ labels }) => named.matches(labels));
  if (alerts.length === 0) throw new HttpFault(404, `acknowledge ${named.subject}: found no alert that fires and matches`);
  const made = await acknowledge(ports.alerts, { alerts, author, comment, subject: named.subject, ...(forMs === undefined ? {} : { forMs }) }, changeBy(ports, key));
  return c.json({ acknowledgements: made.map(acknowledgementJson) });
};

/** `DELETE /api/v1/alerts/acknowledge?fingerprint=…|filter=…&author=…` */
export const deleteAcknowledgements = async (ports: AlertmanagerPorts, c: Context, key: ApiKey | undefined): Promise<Response> => {
  const filters = filtersOf(c);
  const named = namedBy(c.req.query('fingerprint') ?? '', filters.matchers.length === 0 ? undefined : filters);
  const ending = (await readHolding(ports)).filter(({ labels }) => named.matches(labels));
  if (ending.length === 0) throw new HttpFault(404, `end acknowledgements of ${named.subject}: found none that matches`);
  await withdraw(ports.alerts, { acknowledgements: ending, author: c.req.query('author') ?? '', subject: named.subject }, changeBy(ports, key));
  return c.json({ acknowledgements: ending.map(acknowledgementJson) });
};

interface Named {
  /** For people. */
  readonly subject: string;
  readonly matches: (labels: Labels) => boolean;
}

const namedBy = (print: string, matchers: MatcherSet | undefined): Named => {
  if ((print === '') === (matchers === undefined)) throw new PermanentError('read acknowledgement: found neither or both of a fingerprint and matchers, one of them is needed');
  if (matchers !== undefined) {
    if (matchers.matchers.length === 0) throw new PermanentError('read acknowledgement: found no matchers, one at least is needed');
    return { subject: formatMatchers(matchers.matchers), matches: matchers.matches };
  }
  if (!/^[0-9a-f]{16}$/.test(print)) throw new PermanentError(`read acknowledgement: found the fingerprint ${JSON.stringify(print.slice(0, 100))}, 16 hex digits are needed`);
  return { subject: print, matches: (labels) => fingerprint(labels) === print };
};

/** Acknowledgements of alerts that fire, for the time that they fire now. */
const readHolding = async (ports: AlertmanagerPorts): Promise<readonly Acknowledgement[]> => {
  const nowMs = ports.nowMs();
  const stored = await readAcknowledgements(ports.alerts);
  if (stored.length === 0) return [];
  const firing = new Map((await viewAlerts(ports, await ports.alertmanager(), nowMs)).map((alert) => [labelsToJson(alert.labels), alert]));
  return stored.filter((each) => {
    const alert = firing.get(labelsToJson(each.labels));
    return alert !== undefined && holdsFor(each, alert, nowMs);
  });
};

const acknowledgementJson = ({ labels, startsAtMs, atMs, endsAtMs, author, comment }: Acknowledgement): object => ({
  fingerprint: fingerprint(labels),
  labels: Object.fromEntries(labels),
  startsAt: new Date(startsAtMs).toISOString(),
  acknowledgedAt: new Date(atMs).toISOString(),
  endsAt: new Date(endsAtMs).toISOString(),
  author,
  comment,
});
