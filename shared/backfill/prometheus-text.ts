import type { LabelPair } from '../model/labels.ts';
import { LabelCache } from '../protocols/label-cache.ts';
import { parseValue } from '../protocols/number-text.ts';
import { identifyLabels, type SeriesIdentity } from '../protocols/series-identity.ts';
import { LineFault, LineParser, ownText, type SampleParser, shown } from './parser.ts';
import type { SampleFeed } from './sample-feed.ts';
import { parseTime } from './sample-time.ts';

/**
 * Prometheus' text format ("Exposition formats", text-based, 0.0.4) and what OpenMetrics adds to it: `name{label="value"} value time`.
 * The time must be there: milliseconds, or OpenMetrics' seconds. Exemplars are left out; names may stand quoted inside the braces.
 */
export const prometheusParser = (file: string, feed: SampleFeed): SampleParser => {
  const known = new LabelCache();
  let hasEnded = false;
  return new LineParser(file, (line) => {
    if (line === '# EOF') hasEnded = true;
    else if (hasEnded) throw new LineFault('text behind "# EOF", nothing allowed');
    else if (line.startsWith('#')) describe(line, feed);
    else readSample(line, known, feed);
  });
};

/** `# TYPE name type`, `# HELP name text`, `# UNIT name unit`; anything else behind `#` is a comment. */
const describe = (line: string, feed: SampleFeed): void => {
  const found = /^#[ \t]+(TYPE|HELP|UNIT)[ \t]+([^ \t]+)(?:[ \t]+(.*))?$/.exec(line);
  if (found === null) return;
  const [, what = '', metric = '', text = ''] = found;
  feed.describe(ownText(metric), what.toLowerCase() as 'type' | 'help' | 'unit', ownText(text));
};

const readSample = (line: string, known: LabelCache, feed: SampleFeed): void => {
  // A text up to the first brace that was read as a whole series before is one here too: no quote is open at its end.
  const brace = line.indexOf('}');
  const key = brace < 0 ? '' : line.slice(0, brace + 1);
  const cached = key === '' ? undefined : known.get(key);
  const { identity, end } = cached === undefined ? readSeries(line, known) : { identity: cached, end: key.length };
  const exemplar = line.indexOf(' # ', end);
  const [value = '', time, extra] = line.slice(end, exemplar < 0 ? undefined : exemplar).trim().split(/[ \t]+/, 3);
  const number = parseValue(value);
  if (number === undefined) throw new LineFault(`${value === '' ? 'no value' : `the value ${shown(value)}`}, a number, NaN, +Inf or -Inf allowed`);
  if (time === undefined) throw new LineFault('a sample without a time, each needs one behind its value');
  const tMs = TIME.test(time) ? parseTime(time) : undefined;
  if (tMs === undefined) throw new LineFault(`the time ${shown(time)}, Unix milliseconds or seconds allowed`);
  if (extra !== undefined) throw new LineFault(`${shown(extra)} behind the time, nothing allowed`);
  feed.sample(identity, tMs, number);
};

const TIME = /^[+-]?[\d.]+(?:[eE][+-]?\d+)?$/;

const readSeries = (line: string, known: LabelCache): { readonly identity: SeriesIdentity; readonly end: number } => {
  const open = /^[ \t]*([^{ \t"]*)[ \t]*(\{?)/.exec(line) as RegExpExecArray;
  const [head, name = '', hasLabels = ''] = open;
  const labels = hasLabels === '' ? { pairs: [], end: head.length, quotedName: undefined } : readLabels(line, head.length);
  if (name !== '' && labels.quotedName !== undefined) throw new LineFault('two metric names, one allowed');
  const metric = labels.quotedName ?? ownText(name);
  if (metric === '') throw new LineFault('a sample without a metric name, each needs one');
  const identified = identifyLabels(metric, labels.pairs);
  if ('reason' in identified) throw new LineFault(identified.reason);
  const identity = { metric, labelsJson: identified.labelsJson };
  if (hasLabels !== '') known.set(ownText(line.slice(0, labels.end)), identity);
  return { identity, end: labels.end };
};

interface ReadLabels {
  readonly pairs: readonly LabelPair[];
  /** Behind the closing brace. */
  readonly end: number;
  readonly quotedName: string | undefined;
}

/** Sticky, so that a line is gone over once: a name with `=`, or nothing where a quoted one stands alone. */
const PART = /[ \t]*(?:([^="{},\s]+)[ \t]*=[ \t]*)?"([^"\\]*(?:\\.[^"\\]*)*)"[ \t]*(=)?[ \t]*(?:"([^"\\]*(?:\\.[^"\\]*)*)")?[ \t]*([,}])/y;
const CLOSE = /[ \t]*\}/y;

const readLabels = (line: string, from: number): ReadLabels => {
  const pairs: LabelPair[] = [];
  let quotedName: string | undefined;
  let at = from;
  for (;;) {
    CLOSE.lastIndex = at;
    if (CLOSE.test(line)) return { pairs, end: CLOSE.lastIndex, quotedName };
    PART.lastIndex = at;
    const part = PART.exec(line);
    if (part === null) throw new LineFault(`${shown(line.slice(at))} where a label stands, name="value" allowed`);
    const [, name, first = '', equals, second, border] = part;
    at = PART.lastIndex;
    if (name === undefined && equals === undefined && second === undefined && quotedName === undefined) quotedName = unescape(first);
    else if (name !== undefined && equals === undefined && second === undefined) pairs.push([ownText(name), unescape(first)]);
    else if (name === undefined && equals !== undefined && second !== undefined) pairs.push([unescape(first), unescape(second)]);
    else throw new LineFault(`${shown(part[0])} where a label stands, name="value" allowed`);
    if (border === '}') return { pairs, end: at, quotedName };
  }
};

const unescape = (text: string): string => ownText(text.includes('\\') ? text.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped)) : text);
