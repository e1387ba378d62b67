import type { Context } from 'hono';
import { parseMatchers, compileMatchers } from '../../../shared/alerting/routing/matcher-text.ts';
import type { MatcherSet } from '../../../shared/alerting/routing/matcher-text.ts';
import { PermanentError } from '../../../shared/errors.ts';
import { readBody } from '../../../shared/http/read-body.ts';

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
