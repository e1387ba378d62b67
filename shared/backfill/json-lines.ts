import { messageOf } from '../errors.ts';
import type { LabelPair } from '../model/labels.ts';
import { LabelCache } from '../protocols/label-cache.ts';
import { identifyLabels, type SeriesIdentity } from '../protocols/series-identity.ts';
import { LineFault, LineParser, ownText, type SampleParser, shown } from './parser.ts';
import type { SampleFeed } from './sample-feed.ts';
import { parseTime, timeFrom, TIMES_ALLOWED } from './sample-time.ts';

const KEYS: ReadonlySet<string> = new Set(['metric', 'labels', 'ts', 'value']);

/**
 * One object a line, as in the JSON push: `{"metric":"up","labels":{"host":"a"},"ts":1613707265000,"value":1}`. `ts` and `value` may be
 * arrays of one length, for many samples of a series; `ts` Unix seconds or milliseconds or RFC 3339; `value` a number, "NaN", "+Inf",
 * "-Inf", or null for a stale marker.
 */
export const jsonLinesParser = (file: string, feed: SampleFeed): SampleParser => {
  const known = new LabelCache();
  return new LineParser(file, (line) => readLine(line, known, feed));
};

const readLine = (line: string, known: LabelCache, feed: SampleFeed): void => {
  const found = parse(line);
  const unknown = Object.keys(found).find((key) => !KEYS.has(key));
  if (unknown !== undefined) throw new LineFault(`the key ${shown(unknown)}, ${[...KEYS].join(', ')} allowed`);
  const { ts, value } = found;
  const identity = identityOf(found, known);
  if (!Array.isArray(ts) && !Array.isArray(value)) return addSample(feed, identity, ts, value);
  if (!Array.isArray(ts) || !Array.isArray(value) || ts.length !== value.length) throw new LineFault('"ts" and "value" of different lengths, arrays of one length allowed');
  ts.forEach((t: unknown, i) => addSample(feed, identity, t, value[i]));
};

const parse = (line: string): Readonly<Record<string, unknown>> => {
  let found: unknown;
  try {
    found = JSON.parse(line);
  } catch (error) {
    throw new LineFault(`no JSON (${messageOf(error).slice(0, 200)}), an object on each line allowed`);
  }
  if (typeof found !== 'object' || found === null || Array.isArray(found)) throw new LineFault(`${shown(line)}, an object on each line allowed`);
  return found as Readonly<Record<string, unknown>>;
};

const identityOf = ({ metric, labels = {} }: Readonly<Record<string, unknown>>, known: LabelCache): SeriesIdentity => {
  if (typeof metric !== 'string' || metric === '' || !metric.isWellFormed()) throw new LineFault('no name under "metric", text allowed');
  if (typeof labels !== 'object' || labels === null || Array.isArray(labels)) throw new LineFault('no object under "labels", one of texts allowed');
  const key = JSON.stringify([metric, labels]);
  const cached = known.get(key);
  if (cached !== undefined) return cached;
  const identified = identifyLabels(metric, Object.entries(labels).map(pairOf));
  if ('reason' in identified) throw new LineFault(identified.reason);
  const identity = { metric: ownText(metric), labelsJson: identified.labelsJson };
  known.set(key, identity);
  return identity;
};

const pairOf = ([name, value]: readonly [string, unknown]): LabelPair => {
  if (typeof value !== 'string') throw new LineFault(`the label ${shown(name)} with ${shown(String(value))}, text allowed`);
  return [name, value];
};

const SPECIAL: ReadonlyMap<unknown, number> = new Map([
  ['NaN', Number.NaN],
  ['+Inf', Infinity],
  ['Inf', Infinity],
  ['-Inf', -Infinity],
]);

const addSample = (feed: SampleFeed, identity: SeriesIdentity, ts: unknown, value: unknown): void => {
  const tMs = typeof ts === 'number' ? timeFrom(ts) : typeof ts === 'string' ? parseTime(ts) : undefined;
  if (tMs === undefined) throw new LineFault(`the time ${shown(String(ts))} under "ts", ${TIMES_ALLOWED}`);
  if (value === null) return feed.stale(identity, tMs);
  const number = typeof value === 'number' ? value : SPECIAL.get(value);
  if (number === undefined) throw new LineFault(`${shown(String(value))} under "value", a number, "NaN", "+Inf", "-Inf" or null allowed`);
  feed.sample(identity, tMs, number);
};
