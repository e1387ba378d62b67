import type { Context } from 'hono';
import { expireSilence, readSilence, readSilences, setSilence } from '../../../shared/alerting/silences/silence-store.ts';
import { DEFAULT_MAX_SILENCE_MS, silenceState } from '../../../shared/alerting/silences/silence.ts';
import type { Silence, WantedSilence } from '../../../shared/alerting/silences/silence.ts';
import { PermanentError } from '../../../shared/errors.ts';
import { HttpFault } from '../../../shared/http/http-fault.ts';
import type { ApiKey } from '../../../shared/keys/api-key.ts';
import { makeLabels } from '../../../shared/model/labels.ts';
import type { AlertmanagerPorts } from './alertmanager-ports.ts';
import { changeBy, filtersOf, jsonBody, matchersOf, objectOf, textOf, timeOf } from './request.ts';

const STATE_ORDER = ['active', 'pending', 'expired'] as const;

/** `GET /api/v2/silences`: those that hold first, by their ends. */
export const getSilences = async (ports: AlertmanagerPorts, c: Context): Promise<Response> => {
  const { matches } = filtersOf(c);
  const nowMs = ports.nowMs();
  const found = (await readSilences(ports.alerts)).filter((silence) => matches(patternsOf(silence)));
  const rank = (silence: Silence): number => STATE_ORDER.indexOf(silenceState(silence, nowMs));
  return c.json(found.sort((a, b) => rank(a) - rank(b) || a.endsAtMs - b.endsAtMs).map((silence) => silenceJson(silence, nowMs)));
};

/** A filter looks at what the matchers of a silence say, by their names. */
const patternsOf = ({ matchers }: Silence) => makeLabels(new Map(matchers.matchers.map(({ name, value }) => [name, value])));

/** `GET /api/v2/silence/{id}` */
export const getSilence = async (ports: AlertmanagerPorts, c: Context): Promise<Response> => {
  const id = idOf(c.req.param('id') ?? '');
  const silence = await readSilence(ports.alerts, id);
  if (silence === undefined) throw new HttpFault(404, `read silence ${id}: found none with this id`);
  return c.json(silenceJson(silence, ports.nowMs()));
};

/** `POST /api/v2/silences` */
export const postSilence = async (ports: AlertmanagerPorts, c: Context, key: ApiKey | undefined): Promise<Response> => {
  const wanted = wantedSilence(await jsonBody(c));
  const silenceID = await setSilence(ports.alerts, wanted, changeBy(ports, key), ports.maxSilenceMs ?? DEFAULT_MAX_SILENCE_MS);
  return c.json({ silenceID });
};

/** `DELETE /api/v2/silence/{id}` */
export const deleteSilence = async (ports: AlertmanagerPorts, c: Context, key: ApiKey | undefined): Promise<Response> => {
  await expireSilence(ports.alerts, idOf(c.req.param('id') ?? ''), changeBy(ports, key));
  return c.body(null, 200);
};

const idOf = (text: string): string => {
  if (/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)) return text;
  throw new PermanentError(`read silence: found ${JSON.stringify(text.slice(0, 100))}, the id of a silence is needed`);
};

const wantedSilence = (value: unknown): WantedSilence => {
  const given = objectOf(value, 'silence');
  const id = textOf(given['id'], 'silence: id');
  const [startsAtMs, endsAtMs] = [timeOf(given['startsAt'], 'silence: startsAt'), timeOf(given['endsAt'], 'silence: endsAt')];
  if (startsAtMs === undefined || endsAtMs === undefined) throw new PermanentError('read silence: found no startsAt or no endsAt, both are needed');
  return { id: id === '' ? undefined : idOf(id), matchers: matchersOf(given['matchers'], 'silence').matchers, startsAtMs, endsAtMs, createdBy: textOf(given['createdBy'], 'silence: createdBy'), comment: textOf(given['comment'], 'silence: comment') };
};

/** `gettableSilence` of Alertmanager's API. */
const silenceJson = (silence: Silence, nowMs: number): object => ({
  id: silence.id,
  status: { state: silenceState(silence, nowMs) },
  matchers: silence.matchers.matchers.map(({ name, op, value }) => ({ name, value, isRegex: op === '=~' || op === '!~', isEqual: op === '=' || op === '=~' })),
  startsAt: new Date(silence.startsAtMs).toISOString(),
  endsAt: new Date(silence.endsAtMs).toISOString(),
  updatedAt: new Date(silence.updatedAtMs).toISOString(),
  createdBy: silence.createdBy,
  comment: silence.comment,
});
