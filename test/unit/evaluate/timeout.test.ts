import { afterEach, beforeEach, expect, it } from 'vitest';
import { readAlertStates } from '../../../shared/alerting/alert-states.ts';
import { World } from './world.ts';

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;
const START = 1_700_000_040_000;
/** 86,400 windows of as many samples each are sorted: minutes of computing, in little memory. */
const ENDLESS = 'max_over_time(quantile_over_time(0.5, up[1d:1s])[1d:1s]) == 0';

let world: World;
beforeEach(async () => {
  world = await World.open();
  for (let t = START - 2 * DAY; t <= START; t += 4 * MINUTE) world.put('up', { host: 'a' }, t, 0);
});
afterEach(() => world.close());

it('a rule without end ends as its own error, and holds nobody back', async () => {
  world.rulesText = `- {name: g, rules: [{alert: Endless, expr: '${ENDLESS}'}, {alert: B, expr: up == 0}, {alert: C, expr: up == 0}]}
- {name: h, rules: [{alert: D, expr: up == 0}]}
`;
  // Each look at the clock takes a second: time passes while a rule computes, and in no other way.
  let nowMs = START;
  const ports = world.ports({ clockMs: () => (nowMs += 1000) });
  expect(await world.tick(START + 16_000, undefined, ports)).toMatchObject({ slots: 2, firing: 3, ruleErrors: 1, errors: [] });
  const [group] = await readAlertStates(world.alerts, await ports.rules());
  expect(group?.rules.map((rule) => rule.health)).toEqual(['err', 'ok', 'ok']);
  expect(group?.rules[0]?.lastError).toBe('query timed out in expression evaluation: found more than 10000 ms of computing');
});

it('a rule has no more time than its interval', async () => {
  world.rulesText = `- {name: g, interval: 2s, rules: [{alert: Endless, expr: '${ENDLESS}'}]}`;
  let nowMs = START;
  const ports = world.ports({ clockMs: () => (nowMs += 500) });
  await world.tick(START + 16_000, undefined, ports);
  const [group] = await readAlertStates(world.alerts, await ports.rules());
  expect(group?.rules[0]?.lastError).toMatch(/more than 2000 ms/);
});
