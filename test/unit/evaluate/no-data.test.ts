import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { watchedExpr } from '../../../shared/alerting/no-data.ts';
import { parseQuery } from '../../../shared/promql/parser.ts';
import { printExpr } from '../../../shared/promql/printer.ts';
import { World } from './world.ts';

const MINUTE = 60_000;
const START = 1_700_000_040_000;

let world: World;
beforeEach(async () => {
  world = await World.open();
});
afterEach(() => world.close());

/** `up` of two hosts is `value` each 10 s; b stops after five minutes. */
const fill = (value: number): void => {
  for (let t = START; t < START + 120 * MINUTE; t += 10_000) {
    world.put('up', { host: 'a' }, t, 1);
    if (t < START + 5 * MINUTE) world.put('up', { host: 'b' }, t, value);
  }
};

const run = async (from: number, to: number): Promise<void> => {
  for (let minute = from; minute <= to; minute++) await world.tick(START + minute * MINUTE + 16_000);
};

/** Of the rules of the test: the installation has alerts of its own about itself. */
const active = (): string[] =>
  [...(world.memory.alerts?.alerts.values() ?? [])].flatMap((alerts) => [...alerts].filter(([key, { phase }]) => phase !== 'inactive' && !key.includes('"tidemark":"true"')).map(([key, { phase }]) => `${key} ${phase}`));

describe('no_data', () => {
  it('ok ends an alert with its series, as Prometheus does', async () => {
    world.rulesText = '- {name: g, rules: [{alert: Down, expr: up == 0, no_data: ok}]}';
    fill(0);
    await run(0, 12);
    expect(active()).toEqual([]);
  });

  it('keep holds an alert while its series is gone, and ends it when the series comes back well', async () => {
    world.rulesText = '- {name: g, rules: [{alert: Down, expr: up == 0, labels: {severity: page}, no_data: keep}]}';
    fill(0);
    await run(0, 90);
    expect(active()).toEqual(['{"alertname":"Down","host":"b","severity":"page"} firing']);
    world.put('up', { host: 'b' }, START + 91 * MINUTE, 1);
    await run(91, 91);
    expect(active()).toEqual([]);
  });

  it('alert names the series that are missing, for an hour', async () => {
    world.rulesText = '- {name: g, rules: [{alert: Down, expr: up == 0, for: 1m, no_data: alert}]}';
    fill(1);
    await run(0, 9);
    expect(active()).toEqual([]);
    await run(10, 12);
    expect(active()).toEqual(['{"alertname":"Down","host":"b","no_data":"true"} firing']);
    await run(13, 75);
    expect(active()).toEqual([]);
  });

  it('alert says nothing in an incomplete slot', async () => {
    world.rulesText = '- {name: g, rules: [{alert: Down, expr: up == 0, no_data: alert}]}';
    fill(1);
    await run(0, 1);
    for (let minute = 2; minute <= 12; minute++) await world.tick(START + minute * MINUTE + 16_000, START + MINUTE + 16_000);
    expect(active()).toEqual([]);
  });

  it.each([
    ['up == 0', 'up'],
    ['(5 < (avg by (job) (load)))', 'avg by (job) (load)'],
    ['a > 1 and b < 2', 'a'],
    ['a unless b', 'a'],
    ['rate(x[5m])', 'rate(x[5m])'],
  ])('watches of %s %s', (query, watched) => {
    expect(printExpr(watchedExpr(parseQuery(query)))).toBe(watched);
  });
});
