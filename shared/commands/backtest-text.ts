import type { ReportDiff, RuleDiff } from '../backtest/compare-reports.ts';
import type { BacktestCost, BacktestPlan, BacktestReport, Episode, Figures } from '../backtest/report.ts';
import { ALERT_NAME } from '../alerting/rule-samples.ts';
import { formatLabels, makeLabels, METRIC_NAME } from '../model/labels.ts';
import { counted } from './progress.ts';
import { toTable } from './table.ts';

/** Episodes of a difference that are listed for people; JSON has all. */
const SHOWN_EPISODES = 20;

const rounded = (value: number): string => String(Math.round(value * 10) / 10);

export const timeText = (tMs: number): string => new Date(tMs).toISOString().replace('.000Z', 'Z');

/** What a backtest is going to read, a line each. */
export const planLines = ({ fromMs, toMs, groups, rules, slots, evaluations, storedRows, spans, notes }: BacktestPlan): readonly string[] => [
  `${timeText(fromMs)} to ${timeText(toMs)}: ${counted(rules, 'rule')} in ${counted(groups, 'group')}, ${counted(slots, 'slot')}, ${counted(evaluations, 'evaluation')}; ${storedRows} rows of all series lie compacted in that time`,
  ...spans.filter(({ tier }) => tier !== 'raw').map(({ tier, fromMs: startMs, toMs: endMs }) => `${timeText(startMs)} to ${timeText(endMs)} is answered by buckets of ${tier}: raw samples are gone; a slot sees what was before it, windows are widened to whole buckets, and a plain selector sees the last value of a bucket`),
  ...notes.map((note) => `warning: ${note}`),
];

const HEADER = ['rule', 'alerts', 'pending only', 'pages', 'pages/week', 'min firing', 'longest min', 'series', 'errors'];

const cellsOf = (name: string, figures: Figures): readonly string[] => [
  name,
  String(figures.alerts),
  String(figures.pendingOnly),
  String(figures.pages),
  rounded(figures.pagesPerWeek),
  rounded(figures.firingMinutes),
  rounded(figures.longestMinutes),
  String(figures.series),
  String(figures.errors),
];

/** The figures of a report: recording rules only where they had errors. */
export const reportText = ({ rules, total, receivers, notes }: BacktestReport): string => {
  const shown = rules.filter(({ kind, errors }) => kind === 'alerting' || errors > 0);
  const errors = rules.flatMap(({ name, errors: count, firstError }) => (firstError === undefined ? [] : [`error: ${name}: ${counted(count, 'slot')}, first at ${timeText(firstError.atMs)}: ${firstError.text}`]));
  const paged = receivers === undefined ? ['pages are alerts that begin to fire: with --alertmanager they are what its routes would send'] : receiverLines(receivers);
  return [toTable(HEADER, [...shown.map((rule) => cellsOf(rule.name, rule)), cellsOf('total', total)]), '', ...paged, ...errors, ...notes.map((note) => `warning: ${note}`)].join('\n');
};

const receiverLines = (receivers: NonNullable<BacktestReport['receivers']>): readonly string[] =>
  receivers.length === 0 ? ['no receiver would have been told anything'] : [toTable(['receiver', 'pages', 'told of ends'], receivers.map(({ receiver, pages, resolved }) => [receiver, String(pages), String(resolved)]))];

export const costLine = ({ samples, files, bytes, requests, dollars }: BacktestCost): string =>
  `${counted(samples, 'sample')} read, ${counted(files, 'file')}, ${bytes} bytes, ${counted(requests, 'request')}, $${dollars.toFixed(6)}`;

const FIGURE_NAMES = [
  ['alerts', 'alerts'],
  ['pendingOnly', 'pending only'],
  ['pages', 'pages'],
  ['pagesPerWeek', 'pages/week'],
  ['firingMinutes', 'min firing'],
] as const;

const arrow = (before: Figures | undefined, after: Figures | undefined, name: keyof Figures): string => {
  const [from, to] = [before, after].map((side) => (side === undefined ? '-' : rounded(side[name])));
  return from === to ? (from as string) : `${from} -> ${to}`;
};

const whatText = ({ what, fields }: RuleDiff): string => (fields.length === 0 ? what : `${what}: ${fields.join(', ')}`);

const diffRows = (diff: ReportDiff): readonly (readonly string[])[] => [
  ...diff.rules.map((rule) => [rule.name, whatText(rule), ...FIGURE_NAMES.map(([name]) => arrow(rule.before, rule.after, name))]),
  ['total', counted(diff.unchanged, 'rule') + ' unchanged', ...FIGURE_NAMES.map(([name]) => arrow(diff.before, diff.after, name))],
];

const DIFF_HEADER = ['rule', 'what', ...FIGURE_NAMES.map(([, title]) => title)];

const episodeText = ({ labels, firedAtMs = 0, endedAtMs }: Episode): string => {
  const name = labels.find(([label]) => label === ALERT_NAME)?.[1] ?? '';
  const series = formatLabels(makeLabels([[METRIC_NAME, name], ...labels.filter(([label]) => label !== ALERT_NAME)]));
  return `${series} ${timeText(firedAtMs)} to ${endedAtMs === undefined ? 'the end' : timeText(endedAtMs)}`;
};

const episodeLines = (title: string, episodes: readonly Episode[]): readonly string[] => {
  if (episodes.length === 0) return [];
  const more = episodes.length > SHOWN_EPISODES ? [`  ${episodes.length - SHOWN_EPISODES} more`] : [];
  return ['', `${counted(episodes.length, 'alert')} ${title}:`, ...episodes.slice(0, SHOWN_EPISODES).map((episode) => `  ${printable(episodeText(episode))}`), ...more];
};

/** What a change of rules changes, for a terminal. */
export const diffText = (diff: ReportDiff): string => [toTable(DIFF_HEADER, diffRows(diff)), ...episodeLines('would be new', diff.appeared), ...episodeLines('would be gone', diff.disappeared)].join('\n');

/** What a change of rules changes, for the comment of a pull request. */
export const diffMarkdown = (diff: ReportDiff, plan: BacktestPlan): string => {
  const row = (cells: readonly string[]): string => `| ${cells.map(markdownCell).join(' | ')} |`;
  const list = (title: string, episodes: readonly Episode[]): readonly string[] => {
    if (episodes.length === 0) return [];
    const more = episodes.length > SHOWN_EPISODES ? [`- ${episodes.length - SHOWN_EPISODES} more`] : [];
    return ['', `<details><summary>${counted(episodes.length, 'alert')} ${title}</summary>`, '', ...episodes.slice(0, SHOWN_EPISODES).map((episode) => `- ${markdownCell(episodeText(episode))}`), ...more, '', '</details>'];
  };
  return [
    `**Backtest** over ${timeText(plan.fromMs)} to ${timeText(plan.toMs)}`,
    '',
    row(DIFF_HEADER),
    row(DIFF_HEADER.map((_, i) => (i < 2 ? '---' : '---:'))),
    ...diffRows(diff).map(row),
    ...list('would be new', diff.appeared),
    ...list('would be gone', diff.disappeared),
    ...plan.notes.flatMap((note) => ['', `Warning: ${markdownCell(note)}`]),
  ].join('\n');
};

/** Names and labels are anybody's: they are text, and stay in their cell. */
const markdownCell = (text: string): string => printable(text).replace(/[\\`*_{}[\]<|#!~@]/g, (character) => (character === '<' || character === '@' ? `&#${character.charCodeAt(0)};` : `\\${character}`));

const printable = (text: string): string => text.replace(/[\p{Cc}\u2028\u2029]/gu, ' ');
