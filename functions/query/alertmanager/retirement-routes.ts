import type { Context } from 'hono';
import { DEFAULT_RETIREMENT_MS, createRetirement, readRetirements, removeRetirement } from '../../../shared/alerting/retirements.ts';
import type { Retirement } from '../../../shared/alerting/retirements.ts';
import { formatMatchers, parseMatchers } from '../../../shared/alerting/routing/matcher-text.ts';
import { PermanentError } from '../../../shared/errors.ts';
import { HttpFault } from '../../../shared/http/http-fault.ts';
import type { ApiKey } from '../../../shared/keys/api-key.ts';
import { parseDurationMs } from '../../../shared/model/duration.ts';
import type { AlertmanagerPorts } from './alertmanager-ports.ts';
import { changeBy, jsonBody, objectOf, textOf } from './request.ts';

/** `GET /api/v1/retirements`: `{ retirements: […] }`, those that end last first. */
export const getRetirements = async (ports: AlertmanagerPorts, c: Context): Promise<Response> => {
  const nowMs = ports.nowMs();
  const found = (await readRetirements(ports.alerts)).toSorted((a, b) => b.endsAtMs - a.endsAtMs);
  return c.json({ retirements: found.map((retirement) => retirementJson(retirement, nowMs)) });
};

/** `POST /api/v1/retirements` of `{ match: '{instance="web-3"}', for: '7d', comment, createdBy }`; `for` may be left out. */
export const postRetirement = async (ports: AlertmanagerPorts, c: Context, key: ApiKey | undefined): Promise<Response> => {
  const given = objectOf(await jsonBody(c), 'retirement');
  const wanted = {
    matchers: parseMatchers(textOf(given['match'], 'retirement: match')),
    forMs: durationOf(textOf(given['for'], 'retirement: for')),
    createdBy: textOf(given['createdBy'], 'retirement: createdBy'),
    comment: textOf(given['comment'], 'retirement: comment'),
  };
  return c.json(retirementJson(await createRetirement(ports.alerts, wanted, changeBy(ports, key)), ports.nowMs()));
};

/** `DELETE /api/v1/retirements/{id}`: what it was said of is missing again. */
export const deleteRetirement = async (ports: AlertmanagerPorts, c: Context, key: ApiKey | undefined): Promise<Response> => {
  const id = c.req.param('id') ?? '';
  // Longer than any id, and a key of the table has a limit.
  if (id.length > 64 || !(await removeRetirement(ports.alerts, id, changeBy(ports, key)))) throw new HttpFault(404, `remove retirement ${id.slice(0, 64)}: found none with this id`);
  return c.body(null, 200);
};

const durationOf = (text: string): number => {
  if (text === '') return DEFAULT_RETIREMENT_MS;
  const durationMs = parseDurationMs(text);
  if (durationMs !== undefined) return durationMs;
  throw new PermanentError(`read retirement: for: found ${JSON.stringify(text.slice(0, 100))}, a duration such as 7d or 12h is needed`);
};

const retirementJson = ({ id, matchers, startsAtMs, endsAtMs, createdBy, comment }: Retirement, nowMs: number): object => ({
  id,
  match: formatMatchers(matchers.matchers),
  startsAt: new Date(startsAtMs).toISOString(),
  endsAt: new Date(endsAtMs).toISOString(),
  state: nowMs < endsAtMs ? 'active' : 'ended',
  createdBy,
  comment,
});
