import { describe, expect, it } from 'vitest';
import { PromqlLimitError } from '../../../shared/promql/errors.ts';
import { runBacktest } from '../../../shared/backtest/run-backtest.ts';
import { TestSeries } from '../../../shared/rules/unit-tests/test-series.ts';
import type { SelectRequest } from '../../../shared/promql/series-source.ts';
import { MINUTE, START, episodeText, fill, groupsOf, historyOf, portsOf, reportOf } from './history.ts';

const HOUR = 60 * MINUTE;
const range = (hours: number) => ({ fromMs: START, toMs: START + hours * HOUR });

/** 1, and 0 in minutes 30 to 70: over the border of two chunks. */
const upTo = (minutes: number): TestSeries => {
  const series = new TestSeries();
  fill(series, 'up', { host: 'a' }, Array.from({ length: minutes * 6 }, (_, i) => (i >= 180 && i < 420 ? 0 : 1)));
  return series;
};

const DOWN = '- {name: g, rules: [{alert: Down, expr: up == 0, for: 5m}]}';

describe('a rule set on its way through history', () => {
  it('goes on over the borders of chunks, and leaves open what has not ended', async () => {
    const { episodes, total } = await reportOf(groupsOf(DOWN), portsOf(historyOf(upTo(180).select)), range(3));
    expect(episodes.map(episodeText)).toEqual(['alertname=Down,host=a 30+35-70']);
    expect(total).toMatchObject({ alerts: 1, firingMinutes: 35, longestMinutes: 35, pages: 1 });
    const cut = await reportOf(groupsOf(DOWN), portsOf(historyOf(upTo(180).select)), { fromMs: START, toMs: START + 60 * MINUTE });
    expect(cut.episodes.map(episodeText)).toEqual(['alertname=Down,host=a 30+35-']);
    expect(cut.total).toMatchObject({ alerts: 1, firingMinutes: 25, longestMinutes: 25 });
  });

  it('reads a chunk with one request per rule, and of rules that read what others make too', async () => {
    const asked: SelectRequest[] = [];
    const { select } = upTo(180);
    const counted = (request: SelectRequest) => {
      asked.push(request);
      return select(request);
    };
    await reportOf(groupsOf(DOWN), portsOf(historyOf(counted)), range(3));
    expect(asked).toHaveLength(3);
    asked.length = 0;
    await reportOf(groupsOf('- {name: g, rules: [{record: r, expr: up + 1}, {alert: A, expr: "r * on (host) up > 5"}]}'), portsOf(historyOf(counted)), range(3));
    // Of each chunk: `up` for all slots of the first rule, then `r` and `up` for those of the second.
    expect(asked).toHaveLength(9);
  });

  it('does a chunk in halves where a query would be too much', async () => {
    const { select } = upTo(180);
    const spans: number[] = [];
    const small = async (request: SelectRequest) => {
      spans.push(request.toMs - request.fromMs);
      if (request.toMs - request.fromMs > 20 * MINUTE) throw new PromqlLimitError('too many samples');
      return select(request);
    };
    const { episodes, rules } = await reportOf(groupsOf(DOWN), portsOf(historyOf(small)), range(2));
    expect(episodes.map(episodeText)).toEqual(['alertname=Down,host=a 30+35-70']);
    expect(rules[0]?.errors).toBe(0);
    expect(Math.max(...spans)).toBeGreaterThan(50 * MINUTE);
  });

  it('begins no further query of a chunk that is too large', async () => {
    const { select } = upTo(60);
    let wide = 0;
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    const small = async (request: SelectRequest) => {
      if (request.toMs - request.fromMs <= 40 * MINUTE) return select(request);
      if (request.matchers.some(({ value }) => value === 'up')) throw new PromqlLimitError('too many samples');
      wide++;
      await turn();
      return select(request);
    };
    const others = Array.from({ length: 12 }, (_, i) => `{alert: Other${i}, expr: requests > ${i}}`).join(', ');
    const { episodes } = await reportOf(groupsOf(`- {name: g, rules: [{alert: Down, expr: up == 0, for: 5m}, ${others}]}`), portsOf(historyOf(small)), range(1));
    expect(episodes.map(episodeText)).toEqual(['alertname=Down,host=a 30+35-']);
    for (let i = 0; i < 50; i++) await turn();
    expect(wide).toBe(3);
  });

  it('counts a slot as an error where even that alone is too much', async () => {
    const never = () => Promise.reject(new PromqlLimitError('too many samples'));
    const { rules } = await reportOf(groupsOf(DOWN), portsOf(historyOf(never)), range(1));
    expect(rules[0]).toMatchObject({ errors: 60, alerts: 0, firstError: { atMs: START, text: 'too many samples' } });
  });

  it('takes the series of its own rules from itself, not from what an earlier version has stored', async () => {
    const series = upTo(60);
    fill(series, 'r', { host: 'a' }, Array.from({ length: 360 }, () => 99));
    const groups = groupsOf('- {name: g, rules: [{record: r, expr: up}, {alert: High, expr: r > 50}]}');
    expect((await reportOf(groups, portsOf(historyOf(series.select)), range(1))).total.alerts).toBe(0);
    // Of the time before the backtest what is stored counts.
    const later = { fromMs: START + 10 * MINUTE, toMs: START + HOUR };
    const before = groupsOf('- {name: g, rules: [{record: r, expr: up}, {alert: Was, expr: "max_over_time(r[5m]) > 50"}]}');
    expect((await reportOf(before, portsOf(historyOf(series.select)), later)).episodes.map(episodeText)).toEqual(['alertname=Was,host=a 10+10-15']);
  });

  it('ends a series for the rules behind its own in the slot in which it ends', async () => {
    const groups = groupsOf('- {name: g, rules: [{record: r, expr: up > 0}, {alert: Has, expr: r}]}');
    const { episodes } = await reportOf(groups, portsOf(historyOf(upTo(60).select)), range(1));
    expect(episodes.map(episodeText)).toEqual(['alertname=Has,host=a 0+0-30']);
  });

  it('ends at once when nobody waits, also inside of a chunk', async () => {
    let turns = 0;
    const ports = {
      ...portsOf(historyOf(upTo(60).select)),
      yieldTurn: async () => {
        if (++turns > 5) throw new Error('nobody waits');
      },
    };
    const steps = runBacktest([{ groups: groupsOf(DOWN), ports }], range(1));
    await expect(steps.next()).rejects.toThrow('nobody waits');
    expect(turns).toBe(6);
  });
});
