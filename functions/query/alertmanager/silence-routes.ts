import type { Context } from 'hono';
import { compileMatchers } from '../../../shared/alerting/routing/matcher-text.ts';
import { expireSilence, readSilence, readSilences, setSilence } from '../../../shared/alerting/silences/silence-store.ts';
import { DEFAULT_MAX_SILENCE_MS, silenceState } from '../../../shared/alerting/silences/silence.ts';
import type { Silence, WantedSilence } from '../../../shared/alerting/silences/silence.ts';
import { PermanentError } from '../../../shared/errors.ts';
import { HttpFault } from '../../../shared/http/http-fault.ts';
import type { ApiKey } from '../../../shared/keys/api-key.ts';
import { makeLabels } from '../../../shared/model/labels.ts';
import type { MatchOp, Matcher } from '../../../shared/promql/matcher.ts';
import type { AlertmanagerPorts } from './alertmanager-ports.ts';
import { filtersOf, jsonBody, objectOf, textOf, timeOf } from './request.ts';

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

const changeBy = ({ nowMs, random }: AlertmanagerPorts, key: ApiKey | undefined) => ({ actor: key === undefined ? 'local' : `${key.name} (${key.id})`, nowMs: nowMs(), random: random() });

const idOf = (text: string): string => {
  if (/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)) return text;
  throw new PermanentError(`read silence: found ${JSON.stringify(text.slice(0, 100))}, the id of a silence is needed`);
};

const wantedSilence = (value: unknown): WantedSilence => {
  const given = objectOf(value, 'silence');
  const id = textOf(given['id'], 'silence: id');
  const [startsAtMs, endsAtMs] = [timeOf(given['startsAt'], 'silence: startsAt'), timeOf(given['endsAt'], 'silence: endsAt')];
  if (startsAtMs === undefined || endsAtMs === undefined) throw new PermanentError('read silence: found no startsAt or no endsAt, both are needed');
  if (!Array.isArray(given['matchers'])) throw new PermanentError('read silence: found no matchers, a list is needed');
  const matchers = given['matchers'].map((each, i) => matcherOf(each, `silence: matcher ${i + 1}`));
  return { id: id === '' ? undefined : idOf(id), matchers: compileMatchers(matchers).matchers, startsAtMs, endsAtMs, createdBy: textOf(given['createdBy'], 'silence: createdBy'), comment: textOf(given['comment'], 'silence: comment') };
};

const matcherOf = (value: unknown, what: string): Matcher => {
  const { name, value: wanted, isRegex, isEqual = true } = objectOf(value, what);
  if (typeof isEqual !== 'boolean' || typeof isRegex !== 'boolean') throw new PermanentError(`read ${what}: found isRegex or isEqual that is neither true nor false`);
  const op: MatchOp = isRegex ? (isEqual ? '=~' : '!~') : isEqual ? '=' : '!=';
  return { name: textOf(name, what), op, value: textOf(wanted, what) };
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
