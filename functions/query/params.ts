import { PromqlParseError } from '../../shared/promql/errors.ts';
import { HttpFault } from '../../shared/http/http-fault.ts';
import { parseDurationMs } from '../../shared/model/duration.ts';

/** The least and greatest times of Prometheus' API as it prints them (web/api/v1, minTimeFormatted); ours end where a Date does. */
const LEAST_TIME = '-292273086-05-16T16:47:06Z';
const GREATEST_TIME = '292277025-08-18T07:12:54.999999999Z';
const DATE_LIMIT_MS = 8.64e15;

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const RFC_3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.(\d+))?(?:Z|[+-]\d{2}:\d{2})$/;

/** Unix ms of seconds with a fraction, or of RFC 3339; undefined for anything else. */
export const parseTimeMs = (text: string): number | undefined => {
  if (NUMBER.test(text)) return within(Math.round(Number(text) * 1000));
  if (RFC_3339.test(text)) return within(Date.parse(text.replace(/(\.\d{3})\d+/, '$1')));
  if (text === LEAST_TIME) return -DATE_LIMIT_MS;
  return text === GREATEST_TIME ? DATE_LIMIT_MS : undefined;
};

const within = (tMs: number): number | undefined => (Math.abs(tMs) <= DATE_LIMIT_MS ? tMs : undefined);

/** Milliseconds of seconds with a fraction, or of a Prometheus duration. */
export const parseStepMs = (text: string): number | undefined => {
  const stepMs = NUMBER.test(text) ? Math.round(Number(text) * 1000) : parseDurationMs(text);
  return stepMs === undefined || !Number.isSafeInteger(stepMs) ? undefined : stepMs;
};

/** Prometheus' wording for a parameter that is no good (web/api/v1, invalidParamError). */
export const invalidParameter = (name: string, reason: string): HttpFault => new HttpFault(400, `invalid parameter "${name}": ${reason}`);

/** Of a parameter that may be left out. */
export const timeParameter = (params: URLSearchParams, name: string, defaultMs: number): number =>
  (params.get(name) ?? '') === '' ? defaultMs : neededTime(params, name, `Invalid time value for '${name}': `);

/** `wording` is what Prometheus puts before the reason where a time may be left out, and only there. */
const neededTime = (params: URLSearchParams, name: string, wording: string): number => {
  const text = params.get(name) ?? '';
  const tMs = parseTimeMs(text);
  if (tMs === undefined) throw invalidParameter(name, `${wording}cannot parse ${JSON.stringify(text.slice(0, 100))} to a valid timestamp`);
  return tMs;
};

/** Undefined where the parameter is not given. */
export const durationParameter = (params: URLSearchParams, name: string): number | undefined => {
  const text = params.get(name) ?? '';
  if (text === '') return undefined;
  const durationMs = parseStepMs(text);
  if (durationMs === undefined) throw invalidParameter(name, `cannot parse ${JSON.stringify(text.slice(0, 100))} to a valid duration`);
  return durationMs;
};

/** 0 and absence mean no limit, as in Prometheus. */
export const limitParameter = (params: URLSearchParams): number => {
  const text = params.get('limit') ?? '';
  if (text === '') return Infinity;
  if (/^-\d+$/.test(text)) throw invalidParameter('limit', 'limit must be non-negative');
  if (!/^\d{1,9}$/.test(text)) throw invalidParameter('limit', `cannot parse ${JSON.stringify(text.slice(0, 100))} to a valid limit`);
  return text === '0' ? Infinity : Number(text);
};

/** A range of evaluation times. */
export interface RangeParameters {
  readonly startMs: number; // inclusive
  readonly endMs: number; // inclusive
  readonly stepMs: number;
}

/** Prometheus' own limit (web/api/v1, query_range), at which a week fits at 60 s and a year at 1 h. */
const MAX_POINTS = 11_000;

export const rangeParameters = (params: URLSearchParams): RangeParameters => {
  const startMs = neededTime(params, 'start', '');
  const endMs = neededTime(params, 'end', '');
  if (endMs < startMs) throw invalidParameter('end', 'end timestamp must not be before start time');
  const stepMs = durationParameter(params, 'step');
  if (stepMs === undefined) throw invalidParameter('step', 'cannot parse "" to a valid duration');
  if (stepMs <= 0) throw invalidParameter('step', 'zero or negative query resolution step widths are not accepted. Try a positive integer');
  if ((endMs - startMs) / stepMs > MAX_POINTS) {
    throw new HttpFault(400, 'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)');
  }
  return { startMs, endMs, stepMs };
};

/**
 * A label name in a path: `U__` starts Prometheus' escaping of UTF-8 names, `__` an underscore and `_2e_` a code point in
 * hexadecimal (prometheus/common, model.UnescapeName). Text that is not well formed stays as it is.
 */
export const unescapeLabelName = (name: string): string => {
  if (!name.startsWith('U__')) return name;
  const escaped = name.slice(3);
  if (!/^(?:[^_]|__|_[0-9a-f]{1,6}_)*$/.test(escaped)) return name;
  return escaped.replace(/__|_([0-9a-f]{1,6})_/g, (whole, hex: string | undefined) => {
    if (hex === undefined) return '_';
    const point = Number.parseInt(hex, 16);
    return point <= 0x10ffff && (point < 0xd800 || point > 0xdfff) ? String.fromCodePoint(point) : whole;
  });
};

/** A query that does not parse is a bad parameter; anything else stays what it is. */
export const parseFault = (error: unknown): unknown => (error instanceof PromqlParseError ? invalidParameter('query', error.message) : error);
