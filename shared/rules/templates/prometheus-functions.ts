import { isIP } from 'node:net';
import { parseDurationMs } from '../../model/duration.ts';
import { parseFloatText } from '../../promql/number-text.ts';
import { quote } from '../../promql/string-text.ts';
import { formatGeneral } from '../go-format.ts';
import { GO_BUILTINS } from './go-builtins.ts';
import { QueryWanted } from './expansion-setting.ts';
import type { ExpansionSetting, QueriedSample } from './expansion-setting.ts';
import { escapeQuery } from './go-escape.ts';
import { checkedMs, goDuration, goTime, timeText } from './go-time.ts';
import { TemplateError, goTypeOf, stringMap } from './go-value.ts';
import type { GoList, GoMap, GoStruct, GoValue } from './go-value.ts';
import { humanize, humanize1024, humanizeDuration, humanizePercentage } from './humanize.ts';
import { matchesSomewhere, replaceAll } from './re2-text.ts';
import type { ParamType, TemplateFunction, TemplateFunctions } from './template-executor.ts';

const LIST = 'template.queryResult';
const SAMPLE = '*template.sample';

const sampleValue = ({ labels, value }: QueriedSample): GoStruct => ({
  kind: 'struct',
  type: SAMPLE,
  fields: new Map<string, GoValue>([
    ['Labels', stringMap(labels)],
    ['Value', value],
  ]),
});

const fieldOf = (sample: GoValue, name: string): GoValue => (sample as GoStruct).fields.get(name) ?? null;
const labelsOf = (sample: GoValue): GoMap => fieldOf(sample, 'Labels') as GoMap;
const labelOf = (sample: GoValue, name: string): string => String(labelsOf(sample).entries.get(name) ?? '');

const numberOf = (value: GoValue): number => {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'object' && value !== null && value.kind === 'struct' && value.type === '*time.Duration') return value.methods?.get('Seconds')?.([]) as number;
  if (typeof value !== 'string') throw new TemplateError(`can't convert ${goTypeOf(value)} to float`);
  const number = parseFloatText(value);
  if (number === undefined) throw new TemplateError(`strconv.ParseFloat: parsing ${quote(value.slice(0, 100))}: invalid syntax`);
  return number;
};

const query = (text: string, { answers }: ExpansionSetting): GoList => {
  const answer = answers.get(text);
  if (answer === undefined) throw new QueryWanted(text);
  if ('error' in answer) throw new TemplateError(answer.error);
  return { kind: 'list', type: LIST, elements: answer.samples.map(sampleValue) };
};

/** Host and port as Go's net.SplitHostPort; undefined when the text is not of that form. */
const splitHostPort = (text: string): { readonly host: string; readonly port: string } | undefined => {
  const match = /^(?:\[(?<bracketed>[^[\]]*)\]|(?<plain>[^:[\]]*)):(?<port>[^:[\]]*)$/.exec(text);
  return match === null ? undefined : { host: match.groups?.['bracketed'] ?? match.groups?.['plain'] ?? '', port: match.groups?.['port'] ?? '' };
};

const stripDomain = (text: string): string => {
  const parts = splitHostPort(text);
  const host = parts?.host ?? text;
  if (isIP(host) !== 0) return text;
  const name = host.split('.')[0] ?? '';
  return parts === undefined || parts.port === '' ? name : `${name}:${parts.port}`;
};

const sortByLabel = ([name, list]: readonly GoValue[]): GoList => {
  const { elements } = list as GoList;
  const keyed = elements.map((element) => ({ element, key: Buffer.from(labelOf(element, String(name))) }));
  return { ...(list as GoList), elements: keyed.sort((a, b) => Buffer.compare(a.key, b.key)).map(({ element }) => element) };
};

const first = ([list]: readonly GoValue[]): GoValue => {
  const [element] = (list as GoList).elements;
  if (element === undefined) throw new TemplateError('first() called on vector with no elements');
  return element;
};

const graphPath = (expr: string, tab: number): string => `/graph?g0.expr=${escapeQuery(expr)}&g0.tab=${tab}`;

const humanizeTimestamp = (value: number): string => (Number.isFinite(value) ? timeText(checkedMs(value)) : formatGeneral(value, 4));

const title = (text: string): string => text.replace(/(^|[^\p{L}\p{N}_'])(\p{L})/gu, (_all, before: string, letter: string) => before + letter.toUpperCase());

const durationSeconds = (text: string): number => {
  const durationMs = parseDurationMs(text);
  if (durationMs === undefined) throw new TemplateError(`not a valid duration string: ${quote(text.slice(0, 100))}`);
  return durationMs / 1000;
};

const pathOf = (url: string): string => (URL.canParse(url) ? new URL(url).pathname.replace(/\/$/, '') : '');

const of = (params: readonly ParamType[], call: (args: readonly GoValue[]) => GoValue): TemplateFunction => ({ params, call });
const ofNumber = (call: (value: number) => GoValue): TemplateFunction => of(['any'], ([value]) => call(numberOf(value as GoValue)));
const ofText = (call: (text: string) => GoValue): TemplateFunction => of(['string'], ([text]) => call(text as string));

/** The functions of Prometheus' templates and Go's own; names and texts are those of its template/template.go. */
export const TEMPLATE_FUNCTIONS: TemplateFunctions = new Map<string, TemplateFunction>([
  ...GO_BUILTINS,
  ['first', of([LIST], first)],
  ['label', of(['string', SAMPLE], ([name, sample]) => labelOf(sample as GoValue, name as string))],
  ['value', of([SAMPLE], ([sample]) => fieldOf(sample as GoValue, 'Value'))],
  ['strvalue', of([SAMPLE], ([sample]) => labelOf(sample as GoValue, '__value__'))],
  ['sortByLabel', of(['string', LIST], sortByLabel)],
  ['args', { params: [], rest: 'any', call: (args) => ({ kind: 'map', type: 'map[string]interface {}', entries: new Map(args.map((arg, i) => [`arg${i}`, arg])), zero: null }) }],
  ['tmpl', { params: ['string', 'any'], call: ([name, dot], { runNamed }) => runNamed(name as string, dot as GoValue) }],
  ['safeHtml', ofText((text) => text)],
  ['match', { params: ['string', 'string'], call: ([pattern, text], context) => matchesSomewhere(pattern as string, text as string, context) }],
  ['reReplaceAll', { params: ['string', 'string', 'string'], call: ([pattern, replacement, text], context) => replaceAll(pattern as string, replacement as string, text as string, context) }],
  ['title', ofText(title)],
  ['toUpper', ofText((text) => text.toUpperCase())],
  ['toLower', ofText((text) => text.toLowerCase())],
  ['stripPort', ofText((text) => splitHostPort(text)?.host ?? text)],
  ['stripDomain', ofText(stripDomain)],
  ['humanize', ofNumber(humanize)],
  ['humanize1024', ofNumber(humanize1024)],
  ['humanizeDuration', ofNumber(humanizeDuration)],
  ['humanizePercentage', ofNumber(humanizePercentage)],
  ['humanizeTimestamp', ofNumber(humanizeTimestamp)],
  ['toTime', ofNumber((value) => goTime(checkedMs(Number.isFinite(value) ? value : Infinity)))],
  ['toDuration', ofNumber(goDuration)],
  ['parseDuration', ofText(durationSeconds)],
  ['graphLink', ofText((expr) => graphPath(expr, 0))],
  ['tableLink', ofText((expr) => graphPath(expr, 1))],
  ['urlQueryEscape', ofText(escapeQuery)],
  ['query', { params: ['string'], call: ([text], { setting }) => query(text as string, setting) }],
  ['now', { params: [], call: (_args, { setting }) => setting.nowMs / 1000 }],
  ['externalURL', { params: [], call: (_args, { setting }) => setting.externalUrl }],
  ['pathPrefix', { params: [], call: (_args, { setting }) => pathOf(setting.externalUrl) }],
]);
