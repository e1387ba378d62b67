import { describe, expect, it } from 'vitest';
import { drawReport } from '../../../shared/backtest/picture.ts';
import type { BacktestReport, Episode, RuleFigures } from '../../../shared/backtest/report.ts';
import { timeTicks } from '../../../shared/backtest/time-axis.ts';
import { makeLabels } from '../../../shared/model/labels.ts';
import { MINUTE, START } from './history.ts';

const HOUR = 60 * MINUTE;
const FIGURES = { alerts: 1, pendingOnly: 0, pages: 1, pagesPerWeek: 1, firingMinutes: 1, longestMinutes: 1, series: 1, errors: 0 };
const rule = (name: string): RuleFigures => ({ ...FIGURES, ruleId: name, file: 'r.yml', group: 'g', name, kind: 'alerting', tiers: ['raw'] });
const episode = (ruleId: string, host: string, from: number, fired: number | undefined, to: number | undefined): Episode => ({
  ruleId,
  labels: makeLabels([['alertname', ruleId], ['host', host]]),
  activeAtMs: START + from * MINUTE,
  ...(fired === undefined ? {} : { firedAtMs: START + fired * MINUTE }),
  ...(to === undefined ? {} : { endedAtMs: START + to * MINUTE }),
});
const report = (rules: readonly RuleFigures[], episodes: readonly Episode[], episodesLeftOut = 0): BacktestReport => ({ rules, total: FIGURES, episodes, episodesLeftOut, notes: [] });
const RANGE = { fromMs: START, toMs: START + 12 * HOUR };
const bars = (svg: string, color: string): string[] => [...svg.matchAll(new RegExp(`<rect x="([\\d.]+)" y="[\\d.]+" width="([\\d.]+)" height="[\\d.]+" fill="${color}"`, 'g'))].slice(1).map((found) => `${found[1]}+${found[2]}`);

describe('the picture of a report', () => {
  it('has a lane for the rule and one for each of its series, with bars of pending and firing', () => {
    const svg = drawReport(report([rule('Down')], [episode('Down', 'a', 60, 120, 180), episode('Down', 'b', 600, undefined, undefined)]), RANGE, 'r.yml');
    // 880 pixels for 12 hours, from 300 on: in the rule's lane, then in that of a, then in that of b.
    expect(bars(svg, '#c8321e')).toEqual(['446.7+73.3', '446.7+73.3']);
    expect(bars(svg, '#f0b429')).toEqual(['373.3+73.3', '1033.3+146.7', '373.3+73.3', '1033.3+146.7']);
    expect(svg).toContain('>Down</text>');
    expect(svg).toContain('>host=a</text>');
  });

  it('is the same for the same report, and well formed whatever labels hold', () => {
    const hostile = report([rule('<b>&"\u0000\ud800')], [episode('<b>&"\u0000\ud800'.toWellFormed(), '</text><script>alert(1)</script>', 0, 0, 5)].map((one) => ({ ...one, ruleId: '<b>&"\u0000\ud800' })));
    const svg = drawReport(hostile, RANGE, '</svg>');
    expect(drawReport(hostile, RANGE, '</svg>')).toBe(svg);
    expect(svg).not.toContain('<script');
    expect(svg.match(/<\/svg>/g)).toHaveLength(1);
    expect(svg.isWellFormed()).toBe(true);
    expect(svg).not.toContain('\u0000');
  });

  it('keeps names of any length out of the plot, and a title out of the legend', () => {
    const svg = drawReport(report([rule('W'.repeat(500))], [episode('W'.repeat(500), 'M'.repeat(500), 0, 0, 5)]), RANGE, 'file.yml, '.repeat(100));
    const texts = [...svg.matchAll(/<text x="(12|24)"[^>]*>([^<]*)</g)].map(([whole, , content = '']) => [content.length, whole.includes('clip-path')]);
    expect(texts).toEqual([['…: 1 alerts, 1 pages'.length + 79, false], [expect.any(Number), false], [36, true], [44, true]]);
    expect(svg).toContain('<clipPath id="names"><rect width="294"');
  });

  it('stays small, and says what it does not show', () => {
    const many = Array.from({ length: 50_000 }, (_, i) => episode('Down', `h${i % 7}`, i / 70, i / 70, i / 70 + 0.01));
    const svg = drawReport(report([rule('Down'), ...Array.from({ length: 70 }, (_, i) => rule(`R${i}`))], many, 5), RANGE, 'r.yml');
    expect(svg.length).toBeLessThan(400_000);
    expect(svg).toContain('Down (7 series)');
    expect(svg).toContain('not shown: 11 more rules, 5 more episodes');
  });
});

describe('the time axis', () => {
  it('has few ticks at round times, for a minute as for ten years', () => {
    for (const lengthMs of [MINUTE, HOUR, 25 * HOUR, 30 * 24 * HOUR, 3650 * 24 * HOUR]) {
      const ticks = timeTicks(START, START + lengthMs, 12);
      expect(ticks.length).toBeGreaterThan(3);
      expect(ticks.length).toBeLessThan(14);
    }
    expect(timeTicks(START, START + 3 * HOUR, 6).map(({ text }) => text)).toEqual(['23:00', '23:30', '11-15', '00:30', '01:00', '01:30', '02:00']);
  });
});
