import { METRIC_NAME } from '../model/labels.ts';
import type { Labels } from '../model/labels.ts';
import { ALERT_NAME } from '../alerting/rule-samples.ts';
import type { BacktestReport, Episode, RuleFigures } from './report.ts';
import type { DueRange } from './slot-grid.ts';
import { timeTicks } from './time-axis.ts';

/** Lanes of one picture: more cannot be read. */
const MAX_RULES = 60;
/** Lanes of a rule's series, those that fired longest first. */
const MAX_SERIES = 3;

const WIDTH = 1200;
const NAME_WIDTH = 300;
const RIGHT = 20;
const TOP = 64;
const RULE_HEIGHT = 24;
const SERIES_HEIGHT = 15;
const BOTTOM = 34;
const PLOT = WIDTH - NAME_WIDTH - RIGHT;
/** Characters of the two sizes of text that fit left of the plot, of a wide font at that (DejaVu Sans: 7.6 and 6.1 pixels on average). */
const RULE_CHARS = 36;
const SERIES_CHARS = 44;
/** Of many files: up to the legend. */
const TITLE_CHARS = 80;

const FIRING = '#c8321e';
const PENDING = '#f0b429';

interface Bar {
  readonly fromMs: number;
  readonly toMs: number;
}

interface Lane {
  readonly text: string;
  readonly isRule: boolean;
  readonly pending: readonly Bar[];
  readonly firing: readonly Bar[];
}

/** A time line of a report as SVG: a lane per alerting rule and below it those of its series that fired longest. */
export const drawReport = (report: BacktestReport, range: DueRange, title: string): string => {
  const rules = report.rules.filter(({ kind }) => kind === 'alerting');
  const byRule = new Map<string, Episode[]>(rules.map(({ ruleId }) => [ruleId, []]));
  for (const episode of report.episodes) byRule.get(episode.ruleId)?.push(episode);
  const lanes = rules.slice(0, MAX_RULES).flatMap((rule) => lanesOf(rule, byRule.get(rule.ruleId) ?? [], range));
  const leftOut = [
    ...(rules.length > MAX_RULES ? [`${rules.length - MAX_RULES} more rules`] : []),
    ...(report.episodesLeftOut > 0 ? [`${report.episodesLeftOut} more episodes`] : []),
  ];
  const bottom = TOP + lanes.reduce((sum, lane) => sum + heightOf(lane), 0);
  const height = bottom + BOTTOM + (leftOut.length > 0 ? 16 : 0);
  const { alerts, pages } = report.total;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="13" fill="#1b1b1b">`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    `<clipPath id="names"><rect width="${NAME_WIDTH - 6}" height="${height}"/></clipPath>`,
    text(12, 24, `${cut(title, TITLE_CHARS)}: ${alerts} alerts, ${pages} pages`, ' font-size="15" font-weight="600"'),
    text(12, 44, `${timeText(range.fromMs)} to ${timeText(range.toMs)} UTC`, ' font-size="12" fill="#555555"'),
    ...legend(),
    ...axis(range, bottom),
    ...lanesAt(lanes, range),
    ...(leftOut.length > 0 ? [text(12, height - 10, `not shown: ${leftOut.join(', ')}`, ' font-size="12" fill="#555555"')] : []),
    '</svg>',
  ];
  return `${parts.join('\n')}\n`;
};

const heightOf = ({ isRule }: Lane): number => (isRule ? RULE_HEIGHT : SERIES_HEIGHT);

const lanesOf = (rule: RuleFigures, episodes: readonly Episode[], range: DueRange): readonly Lane[] => {
  const bySeries = new Map<string, Episode[]>();
  for (const episode of episodes) {
    const key = seriesText(episode.labels);
    const known = bySeries.get(key);
    if (known === undefined) bySeries.set(key, [episode]);
    else known.push(episode);
  }
  const firingMs = (of: readonly Episode[]): number => of.reduce((sum, { firedAtMs, endedAtMs }) => sum + (firedAtMs === undefined ? 0 : (endedAtMs ?? range.toMs) - firedAtMs), 0);
  const longest = [...bySeries].map(([key, of]) => ({ key, of, sumMs: firingMs(of) })).sort((a, b) => b.sumMs - a.sumMs || (a.key < b.key ? -1 : 1));
  const shown = longest.slice(0, MAX_SERIES).map(({ key, of }) => laneOf(key, false, of, range));
  const more = longest.length > MAX_SERIES ? ` (${longest.length} series)` : '';
  return [laneOf(`${rule.name}${more}`, true, episodes, range), ...shown];
};

const laneOf = (name: string, isRule: boolean, episodes: readonly Episode[], range: DueRange): Lane => ({
  text: name,
  isRule,
  pending: merged(episodes.map(({ activeAtMs, firedAtMs, endedAtMs }) => ({ fromMs: activeAtMs, toMs: firedAtMs ?? endedAtMs ?? range.toMs })), range),
  firing: merged(episodes.flatMap(({ firedAtMs, endedAtMs }) => (firedAtMs === undefined ? [] : [{ fromMs: firedAtMs, toMs: endedAtMs ?? range.toMs }])), range),
});

/** Bars that would touch are one: a picture holds no more of them than it has pixels. */
const merged = (bars: readonly Bar[], { fromMs, toMs }: DueRange): readonly Bar[] => {
  const pixelMs = (toMs - fromMs) / PLOT;
  const out: Bar[] = [];
  for (const bar of bars.filter((each) => each.toMs > each.fromMs).sort((a, b) => a.fromMs - b.fromMs)) {
    const last = out.at(-1);
    if (last === undefined || bar.fromMs > last.toMs + pixelMs) out.push(bar);
    else out[out.length - 1] = { fromMs: last.fromMs, toMs: Math.max(last.toMs, bar.toMs) };
  }
  return out;
};

const seriesText = (labels: Labels): string => labels.filter(([name]) => name !== ALERT_NAME && name !== METRIC_NAME).map(([name, value]) => `${name}=${value}`).join(' ') || '(no labels)';

/** Names of wide letters end at the plot all the same. */
const CLIPPED = ' clip-path="url(#names)"';

const lanesAt = (lanes: readonly Lane[], range: DueRange): readonly string[] => {
  let y = TOP;
  return lanes.flatMap((lane) => {
    const [top, height] = [y, heightOf(lane)];
    y += height;
    const line = lane.isRule ? [`<line x1="0" y1="${top}" x2="${WIDTH}" y2="${top}" stroke="#d8d8d8"/>`] : [];
    const name = lane.isRule ? text(12, top + 16, cut(lane.text, RULE_CHARS), ` font-weight="600"${CLIPPED}`) : text(24, top + 11, cut(lane.text, SERIES_CHARS), ` font-size="11" fill="#555555"${CLIPPED}`);
    const bar = { y: top + (lane.isRule ? 5 : 3), height: height - (lane.isRule ? 9 : 6), range };
    return [...line, name, ...lane.pending.map((each) => rect(each, PENDING, bar)), ...lane.firing.map((each) => rect(each, FIRING, bar))];
  });
};

const xOf = (tMs: number, { fromMs, toMs }: DueRange): number => NAME_WIDTH + ((Math.min(Math.max(tMs, fromMs), toMs) - fromMs) / (toMs - fromMs)) * PLOT;

/** What is shorter than a pixel is seen all the same. */
const rect = ({ fromMs, toMs }: Bar, color: string, { y, height, range }: { readonly y: number; readonly height: number; readonly range: DueRange }): string => {
  const x = xOf(fromMs, range);
  return `<rect x="${x.toFixed(1)}" y="${y}" width="${Math.max(1, xOf(toMs, range) - x).toFixed(1)}" height="${height}" fill="${color}"/>`;
};

const legend = (): readonly string[] =>
  [['firing', FIRING] as const, ['pending', PENDING] as const].flatMap(([name, color], i) => {
    const x = WIDTH - RIGHT - 170 + i * 85;
    return [`<rect x="${x}" y="14" width="12" height="12" fill="${color}"/>`, text(x + 18, 24, name)];
  });

const axis = (range: DueRange, bottom: number): readonly string[] =>
  timeTicks(range.fromMs, range.toMs, 12).flatMap(({ tMs, text: label }) => {
    const x = xOf(tMs, range).toFixed(1);
    return [`<line x1="${x}" y1="${TOP}" x2="${x}" y2="${bottom}" stroke="#ececec"/>`, `<text x="${x}" y="${bottom + 18}" text-anchor="middle" font-size="11" fill="#555555">${label}</text>`];
  });

const timeText = (tMs: number): string => new Date(tMs).toISOString().slice(0, 16).replace('T', ' ');

const text = (x: number, y: number, content: string, style = ''): string => `<text x="${x}" y="${y}"${style}>${escaped(content)}</text>`;

const cut = (content: string, chars: number): string => {
  const letters = [...content];
  return letters.length <= chars ? content : `${letters.slice(0, chars - 1).join('')}…`;
};

/** Label values are anybody's: neither markup nor characters that XML refuses. */
const escaped = (content: string): string =>
  content
    .toWellFormed()
    .replace(/[\p{Cc}\uFFFE\uFFFF]/gu, ' ')
    .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
