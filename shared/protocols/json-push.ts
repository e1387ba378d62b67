import type { LabelPair } from '../model/labels.ts';
import { bodyJson } from './body-text.ts';
import type { Decoded } from './decoded.ts';
import { MalformedBodyError } from './malformed-body-error.ts';
import { SeriesCollector } from './series-collector.ts';
import { identifyLabels } from './series-identity.ts';

/**
 * `{"samples":[{"metric":"up","labels":{"host":"a"},"ts":1613707265000,"value":1}]}`. `ts` in Unix milliseconds, `nowMs` where
 * it is left out; `value` a
 * number, or "NaN", "+Inf" or "-Inf"; `labels` may be left out. All or nothing: a person or a script writes these, and is
 * told what to mend.
 * @throws MalformedBodyError naming the place, such as `samples[3].ts`.
 */
export const decodeJsonPush = (body: Uint8Array, nowMs: number): Decoded => {
  const push = asObject(bodyJson('json', body), 'body', ['samples']);
  if (!Array.isArray(push.samples)) throw malformed('samples', `${kind(push.samples)}, an array needed`);
  const collector = new SeriesCollector();
  push.samples.forEach((sample: unknown, i) => readSample(sample, `samples[${i}]`, nowMs, collector));
  return { batch: collector.build(), rejected: [] };
};

const readSample = (raw: unknown, place: string, nowMs: number, collector: SeriesCollector): void => {
  const { metric, labels, ts = nowMs, value } = asObject(raw, place, ['metric', 'labels', 'ts', 'value']);
  if (typeof metric !== 'string' || metric === '') throw malformed(`${place}.metric`, `${kind(metric)}, a name needed`);
  if (typeof ts !== 'number' || !Number.isSafeInteger(ts)) {
    throw malformed(`${place}.ts`, `${kind(ts)}, Unix time in whole milliseconds needed`);
  }
  if (!metric.isWellFormed()) throw malformed(`${place}.metric`, 'a lone surrogate, UTF-8 has none');
  const identity = identifyLabels(metric, readLabels(labels, `${place}.labels`));
  if ('reason' in identity) throw malformed(`${place}.labels`, identity.reason);
  collector.sample(collector.series(metric, identity.labelsJson), ts, readValue(value, `${place}.value`));
};

const readLabels = (raw: unknown, place: string): LabelPair[] => {
  if (raw === undefined) return [];
  return Object.entries(asObject(raw, place)).map(([name, value]): LabelPair => {
    if (typeof value !== 'string') throw malformed(`${place}[${shown(name)}]`, `${kind(value)}, a string needed`);
    return [name, value];
  });
};

const SPECIAL: ReadonlyMap<unknown, number> = new Map([
  ['NaN', Number.NaN],
  ['+Inf', Infinity],
  ['Inf', Infinity],
  ['-Inf', -Infinity],
]);

const readValue = (raw: unknown, place: string): number => {
  const value = typeof raw === 'number' ? raw : SPECIAL.get(raw);
  if (value === undefined) throw malformed(place, `${kind(raw)}, a number, "NaN", "+Inf" or "-Inf" needed`);
  return value;
};

const asObject = (raw: unknown, place: string, keys?: readonly string[]): Readonly<Record<string, unknown>> => {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) throw malformed(place, `${kind(raw)}, an object needed`);
  const unknownKey = keys === undefined ? undefined : Object.keys(raw).find((key) => !keys.includes(key));
  if (unknownKey !== undefined) throw malformed(place, `unknown key ${shown(unknownKey)}, known are ${keys?.join(', ')}`);
  return raw as Readonly<Record<string, unknown>>;
};

const kind = (raw: unknown): string => {
  if (raw === undefined) return 'nothing';
  if (raw === null) return 'null';
  if (typeof raw === 'object') return Array.isArray(raw) ? 'an array' : 'an object';
  return shown(raw as string | number | boolean);
};

/** As JSON, and no longer than a message can bear. */
const shown = (raw: string | number | boolean): string => JSON.stringify(typeof raw === 'string' ? raw.slice(0, 60) : raw);

const malformed = (place: string, reason: string): MalformedBodyError => new MalformedBodyError('json', place, reason);
