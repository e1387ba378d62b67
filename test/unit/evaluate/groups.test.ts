import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEvaluateMemory } from '../../../functions/evaluate/evaluate.ts';
import { runMinute } from '../../../functions/evaluate/run-minute.ts';
import { notify } from '../../../functions/notify/notify.ts';
import { parseAlertmanagerFile } from '../../../shared/alerting/alertmanager-file.ts';
import { putExternalAlerts } from '../../../shared/alerting/external-alerts.ts';
import type { WebhookMessage } from '../../../shared/alerting/message.ts';
import { compileMatchers } from '../../../shared/alerting/routing/matcher-text.ts';
import { setSilence } from '../../../shared/alerting/silences/silence-store.ts';
import { makeLabels } from '../../../shared/model/labels.ts';
import { World } from './world.ts';

const MINUTE = 60_000;
const START = 1_700_000_040_000;

const routing = (route: string, more = '') => {
  const { config, errors } = parseAlertmanagerFile(`route: {receiver: ops, group_by: [alertname], ${route}}\nreceivers: [{name: ops, webhook_configs: [{url: 'http://hook.example/'}]}]\n${more}`, 'am.yml');
  if (config === undefined) throw new Error(errors.join('\n'));
  return config;
};

let world: World;
let answer = 200;
beforeEach(async () => {
  world = await World.open();
  world.rulesText = '- {name: g, interval: 10s, rules: [{alert: Down, expr: up == 0}]}';
  world.alertmanager = routing('group_wait: 30s, group_interval: 2m, repeat_interval: 10m');
  answer = 200;
});
afterEach(() => world.close());

const fill = (host: string, downFrom: number, downTo: number, until = 40 * MINUTE): void => {
  for (let t = START - MINUTE; t <= START + until; t += 10_000) world.put('up', { host }, t, t >= START + downFrom && t < START + downTo ? 0 : 1);
};

/** Ticks every 5 s from one time to another, and delivers what is published at once. Gives `[seconds since the start, status, hosts]`. */
const run = async (fromMs: number, toMs: number): Promise<[number, string, string][]> => {
  const told: [number, string, string][] = [];
  for (let at = fromMs; at <= toMs; at += 5000) {
    const before = world.published.length;
    await world.tick(START + at);
    for (const published of world.published.slice(before)) {
      const { message } = JSON.parse(published.body) as { message: WebhookMessage };
      told.push([at / 1000, message.status, message.alerts.map((alert) => `${alert.labels['host'] ?? ''} ${alert.status}`).sort().join(', ')]);
      const ports = { alerts: world.alerts, alertmanager: async () => world.alertmanager, fetch: async () => new Response('', { status: answer }), createTransport: () => Promise.reject(new Error('none')) as never, readSecret: async () => '' };
      await notify(ports, published, { nowMs: START + at });
    }
  }
  return told;
};

describe('groups in ticks', () => {
  it('wait, gather, tell of additions at the interval, repeat, and end', async () => {
    fill('a', 0, 14 * MINUTE);
    fill('b', 10_000, 14 * MINUTE);
    fill('c', 60_000, 14 * MINUTE);
    const told = await run(0, 18 * MINUTE);
    expect(told).toEqual([
      [50, 'firing', 'a firing, b firing'], // the first slot is evaluated at 20 s
      [170, 'firing', 'a firing, b firing, c firing'],
      [770, 'firing', 'a firing, b firing, c firing'],
      [890, 'resolved', 'a resolved, b resolved, c resolved'],
    ]);
  }, 60_000);

  it('keep their timers over a change of the evaluator', async () => {
    fill('a', 0, 30 * MINUTE);
    const told = [];
    for (let minute = 0; minute < 6; minute++) {
      world.memory = createEvaluateMemory(`00000000000000c${minute}`);
      told.push(...(await run(minute * MINUTE, minute * MINUTE + 55_000)));
    }
    expect(told).toEqual([[50, 'firing', 'a firing']]);
  }, 60_000);

  it('are told again at the next interval after a final failure, which is an alert of its own until then', async () => {
    fill('a', 0, 30 * MINUTE);
    answer = 404;
    const failed = await run(0, 70_000);
    answer = 200;
    expect([...failed, ...(await run(75_000, 8 * MINUTE))]).toEqual([
      [50, 'firing', 'a firing'],
      [85, 'firing', ' firing'], // TidemarkDeliveryFailed: it is over once it is told
      [170, 'firing', 'a firing'],
      [205, 'resolved', ' resolved'],
    ]);
  }, 60_000);

  it('tell of a refused end again at the next interval, and of a new beginning after the usual wait', async () => {
    fill('a', 0, 3 * MINUTE);
    const told = await run(0, 3 * MINUTE);
    answer = 404;
    told.push(...(await run(3 * MINUTE + 5000, 5 * MINUTE)));
    answer = 200;
    told.push(...(await run(5 * MINUTE + 5000, 8 * MINUTE)));
    expect(told.filter(([, , hosts]) => hosts.startsWith('a'))).toEqual([
      [50, 'firing', 'a firing'],
      [290, 'resolved', 'a resolved'],
      [410, 'resolved', 'a resolved'],
    ]);
  }, 60_000);

  it('begin anew while the end before is still owed', async () => {
    fill('a', 0, 3 * MINUTE);
    const told = await run(0, 3 * MINUTE);
    answer = 404;
    told.push(...(await run(3 * MINUTE + 5000, 5 * MINUTE)));
    answer = 200;
    fill('b', 5 * MINUTE, 9 * MINUTE);
    told.push(...(await run(5 * MINUTE + 5000, 7 * MINUTE)));
    expect(told.filter(([, , hosts]) => /^[ab]/.test(hosts))).toEqual([
      [50, 'firing', 'a firing'],
      [290, 'resolved', 'a resolved'],
      [350, 'firing', 'a resolved, b firing'],
    ]);
  }, 60_000);

  it('are silenced from the next flush on, and told when the silence is over', async () => {
    fill('a', 0, 30 * MINUTE);
    const wanted = { id: undefined, matchers: compileMatchers([{ name: 'host', op: '=', value: 'a' }]).matchers, startsAtMs: START, endsAtMs: START + 3 * MINUTE, createdBy: 'ann', comment: '' };
    const told = await run(0, 25_000);
    await setSilence(world.alerts, wanted, { actor: 'test', nowMs: START, random: Uint8Array.of(1) }, 3_600_000);
    expect([...told, ...(await run(30_000, 6 * MINUTE))]).toEqual([[290, 'firing', 'a firing']]);
  }, 60_000);

  it('take in alerts from outside, which end by themselves', async () => {
    fill('a', 0, 0, 10 * MINUTE);
    await run(0, 15_000);
    const labels = makeLabels([['alertname', 'Outside'], ['host', 'x']]);
    await putExternalAlerts(world.alerts, [{ labels, annotations: [], startsAtMs: START + 20_000, endsAtMs: START + 100_000, updatedAtMs: START, generatorUrl: '' }], { revision: 'r1', nowMs: START + 20_000 });
    expect(await run(20_000, 5 * MINUTE)).toEqual([[50, 'firing', 'x firing'], [170, 'resolved', 'x resolved']]);
  }, 60_000);

  it('keep an invocation while a timer is due within the minute', async () => {
    world.rulesText = '- {name: g, rules: [{alert: Down, expr: up == 0}]}';
    fill('a', 0, 30 * MINUTE);
    let now = START + 16_000;
    await world.tick(now);
    const ticks: number[] = [];
    await runMinute(world.ports(), world.memory, { nowMs: () => now, sleep: async (ms) => void (now += ms), onTick: () => void ticks.push((now - START) / 1000) });
    expect(ticks[0]).toBe(16);
    expect(ticks.length).toBeGreaterThan(5);
    expect(world.published).toHaveLength(1);
  });
});
