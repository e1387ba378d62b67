import type { Context } from 'hono';
import { parseMatchers, compileMatchers } from '../../../shared/alerting/routing/matcher-text.ts';
import type { MatcherSet } from '../../../shared/alerting/routing/matcher-text.ts';
import type { ChangeBy } from '../../../shared/alerting/silences/silence-store.ts';
import { PermanentError } from '../../../shared/errors.ts';
import { readBody } from '../../../shared/http/read-body.ts';
import type { ApiKey } from '../../../shared/keys/api-key.ts';
import type { MatchOp, Matcher } from '../../../shared/promql/matcher.ts';
import type { AlertmanagerPorts } from './alertmanager-ports.ts';

/** Of a body: some thousand alerts. */
const MAX_REQUEST_BYTES = 4 * 1024 * 1024;

const MAX_FILTERS = 64;

/** The year 9999: later times have no date text. */
const MAX_TIME_MS = 253_402_300_799_999;

/** `filter` parameters: matchers that all must hold. */
export const filtersOf = (c: Context): MatcherSet => {
  const texts = c.req.queries('filter') ?? [];
  if (texts.length > MAX_FILTERS) throw new PermanentError(`read filters: found ${texts.length}, at most ${MAX_FILTERS} are allowed`);
  return compileMatchers(texts.flatMap((text) => parseMatchers(text)));
};

export const flagOf = (c: Context, name: string): boolean => {
  const text = c.req.query(name) ?? '';
  if (text === '' || text === 'true' || text === '1') return true;
  if (text === 'false' || text === '0') return false;
  throw new PermanentError(`read parameter ${name}: found ${JSON.stringify(text.slice(0, 100))}, true and false are allowed`);
};

export const jsonBody = async (c: Context): Promise<unknown> => {
  const bytes = await readBody(c.req.raw, MAX_REQUEST_BYTES);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new PermanentError('read body: found no JSON in UTF-8, which is needed', { cause });
  }
};

export const objectOf = (value: unknown, what: string): Readonly<Record<string, unknown>> => {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new PermanentError(`read ${what}: found no object, one is needed`);
};

export const textOf = (value: unknown, what: string): string => {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  throw new PermanentError(`read ${what}: found no text, one is needed`);
};

const RFC_3339 = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:\d{2})$/;

/** RFC 3339; undefined for Go's zero time, which stands for none. */
export const timeOf = (value: unknown, what: string): number | undefined => {
  const text = textOf(value, what);
  if (text === '' || text.startsWith('0001-01-01T00:00:00')) return undefined;
  const tMs = RFC_3339.test(text) ? Date.parse(text.replace(/(\.\d{3})\d+/, '$1')) : Number.NaN;
  if (tMs >= 0 && tMs <= MAX_TIME_MS) return tMs;
  throw new PermanentError(`read ${what}: found no time, one such as 2026-01-31T12:00:00Z is needed`);
};

/** A list of matchers as Alertmanager's API writes them. */
export const matchersOf = (value: unknown, what: string): MatcherSet => {
  if (!Array.isArray(value)) throw new PermanentError(`read ${what}: found no matchers, a list is needed`);
  if (value.length > MAX_FILTERS) throw new PermanentError(`read ${what}: found ${value.length} matchers, at most ${MAX_FILTERS} are allowed`);
  return compileMatchers(value.map((each, i) => matcherOf(each, `${what}: matcher ${i + 1}`)));
};

const matcherOf = (value: unknown, what: string): Matcher => {
  const { name, value: wanted, isRegex, isEqual = true } = objectOf(value, what);
  if (typeof isEqual !== 'boolean' || typeof isRegex !== 'boolean') throw new PermanentError(`read ${what}: found isRegex or isEqual that is neither true nor false`);
  const op: MatchOp = isRegex ? (isEqual ? '=~' : '!~') : isEqual ? '=' : '!=';
  return { name: textOf(name, what), op, value: textOf(wanted, what) };
};

/** Who changes something, for the audit. */
export const changeBy = ({ nowMs, random }: AlertmanagerPorts, key: ApiKey | undefined): ChangeBy => ({
  actor: key === undefined ? 'local' : `${key.name} (${key.id})`,
  nowMs: nowMs(),
  random: random(),
});
