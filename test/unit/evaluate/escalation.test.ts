import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEvaluateMemory } from '../../../functions/evaluate/evaluate.ts';
import { viewAlerts } from '../../../functions/query/alertmanager/alert-view.ts';
import type { AlertView } from '../../../functions/query/alertmanager/alert-view.ts';
import { acknowledge, readAcknowledgements, withdraw } from '../../../shared/alerting/acknowledgements.ts';
import { readAlerts, knownRules } from '../../../shared/alerting/state-items.ts';
import { parseAlertmanagerFile } from '../../../shared/alerting/alertmanager-file.ts';
import { compileMatchers } from '../../../shared/alerting/routing/matcher-text.ts';
import { setSilence } from '../../../shared/alerting/silences/silence-store.ts';
import { START, fillUp, runAndDeliver } from './delivering-world.ts';
import { World } from './world.ts';

const MINUTE = 60_000;
let world: World;
beforeEach(async () => {
  world = await World.open();
  world.rulesText = '- {name: g, interval: 10s, rules: [{alert: Down, expr: up == 0}]}';
  const { config, errors } = parseAlertmanagerFile(
    `route:
  receiver: nobody
  routes: [{receiver: ops, matchers: [alertname=Down], group_by: [alertname], group_wait: 30s, group_interval: 4m, repeat_interval: 10m, escalate: {after: 15m, receiver: leads}}]
receivers:
  - name: nobody
  - {name: ops, webhook_configs: [{url: 'http://ops.example/'}]}
  - {name: leads, webhook_configs: [{url: 'http://leads.example/'}]}
`,
    'am.yml',
  );
  if (config === undefined) throw new Error(errors.join('\n'));
  world.alertmanager = config;
});
afterEach(() => world.close());

const by = (atMs: number) => ({ actor: 'test', nowMs: START + atMs, random: Uint8Array.of(atMs & 255, (atMs >> 8) & 255, (atMs >> 16) & 255) });

/** Takes on all alerts of a host that fire. */
const takeOn = async (host: string, atMs: number, forMs?: number): Promise<void> => {
  const alerts = [...(await readAlerts(world.alerts, (await knownRules(world.alerts)).map(({ ruleId }) => ruleId))).values()].flatMap((each) => [...each.values()]);
  const firing = alerts.filter(({ phase, labels }) => phase === 'firing' && labels.some(([name, value]) => name === 'host' && value === host));
  const wanted = firing.map(({ labels, firedAtMs }) => ({ labels, startsAtMs: firedAtMs as number }));
  await acknowledge(world.alerts, { alerts: wanted, author: 'ann', comment: 'on it', subject: host, ...(forMs === undefined ? {} : { forMs }) }, by(atMs));
};

describe('an escalation', () => {
  it('tells the second receiver once, when the alert has been told of for so long, and of its end', async () => {
    fillUp(world, 'a', [[0, 33 * MINUTE]], 45 * MINUTE);
    const told = await runAndDeliver(world, 0, 40 * MINUTE);
    expect(told.filter(([, receiver]) => receiver === 'leads')).toEqual([
      [950, 'leads', 'firing', 'a'], // told of at 50 s
      [2210, 'leads', 'resolved', 'a'],
    ]);
    expect(told.filter(([, receiver]) => receiver === 'ops').map(([s, , status]) => [s, status])).toEqual([[50, 'firing'], [770, 'firing'], [1490, 'firing'], [2210, 'resolved']]);
    expect(new Set(world.published.map(({ body }) => (JSON.parse(body) as { dedupKey: string }).dedupKey)).size).toBe(2);
  }, 60_000);

  it('happens once over changes of the evaluator, before and after it', async () => {
    fillUp(world, 'a', [[0, 60 * MINUTE]], 30 * MINUTE);
    const told = [];
    for (let part = 0; part < 6; part++) {
      world.memory = createEvaluateMemory(`00000000000000c${part}`);
      told.push(...(await runAndDeliver(world, part * 4 * MINUTE, (part + 1) * 4 * MINUTE - 5000)));
    }
    expect(told.filter(([, receiver]) => receiver === 'leads')).toEqual([[950, 'leads', 'firing', 'a']]);
  }, 60_000);

  it('is told again at a flush after it failed for good', async () => {
    fillUp(world, 'a', [[0, 60 * MINUTE]], 30 * MINUTE);
    let tries = 0;
    const told = await runAndDeliver(world, 0, 24 * MINUTE, (receiver) => (receiver === 'leads' && tries++ === 0 ? 404 : 200));
    expect(told.filter(([, receiver]) => receiver === 'leads').map(([s]) => s)).toEqual([950, 1010]);
  }, 60_000);

  it('waits while the alert is silenced, and adds alerts that come later', async () => {
    fillUp(world, 'a', [[0, 60 * MINUTE]], 40 * MINUTE);
    fillUp(world, 'b', [[6 * MINUTE, 60 * MINUTE]], 40 * MINUTE);
    const told = await runAndDeliver(world, 0, 10 * MINUTE);
    const wanted = { id: undefined, matchers: compileMatchers([{ name: 'host', op: '=', value: 'a' }]).matchers, startsAtMs: START, endsAtMs: START + 18 * MINUTE, createdBy: 'ann', comment: '' };
    await setSilence(world.alerts, wanted, by(10 * MINUTE), 3_600_000);
    told.push(...(await runAndDeliver(world, 10 * MINUTE + 5000, 40 * MINUTE)));
    // b is told of at 530 s; a's silence ends at 1080 s, and the next flush is at 1250 s.
    expect(told.filter(([, receiver]) => receiver === 'leads')).toEqual([[1250, 'leads', 'firing', 'a'], [1430, 'leads', 'firing', 'a b']]);
  }, 60_000);

  it('counts towards the time until when an invocation stays', async () => {
    fillUp(world, 'a', [[0, 60 * MINUTE]], 20 * MINUTE);
    await runAndDeliver(world, 0, 14 * MINUTE);
    expect(world.reports.at(-1)?.nextFlushMs).toBe(START + 950_000);
  }, 60_000);
});

describe('an acknowledgement', () => {
  it('stops repeats and the escalation, and neither new alerts of the group nor the end', async () => {
    fillUp(world, 'a', [[0, 40 * MINUTE]], 60 * MINUTE);
    fillUp(world, 'b', [[25 * MINUTE, 27 * MINUTE]], 60 * MINUTE);
    const told = await runAndDeliver(world, 0, 2 * MINUTE);
    await takeOn('a', 2 * MINUTE);
    told.push(...(await runAndDeliver(world, 2 * MINUTE + 5000, 50 * MINUTE)));
    expect(told).toEqual([
      [50, 'ops', 'firing', 'a'],
      [1730, 'ops', 'firing', 'a b resolved'],
      [2450, 'ops', 'resolved', 'a'],
    ]);
  }, 60_000);

  it('holds for one time that the alert fires', async () => {
    fillUp(world, 'a', [[0, 6 * MINUTE], [8 * MINUTE, 60 * MINUTE]], 40 * MINUTE);
    const told = await runAndDeliver(world, 0, 2 * MINUTE);
    await takeOn('a', 2 * MINUTE);
    told.push(...(await runAndDeliver(world, 2 * MINUTE + 5000, 30 * MINUTE)));
    expect(await readAcknowledgements(world.alerts)).toEqual([]);
    // It began again at 480 s, between two flushes: the 15 minutes count from there.
    expect(told.find(([, receiver]) => receiver === 'leads')).toEqual([8 * 60 + 15 * 60, 'leads', 'firing', 'a']);
    expect(told.filter(([, receiver]) => receiver === 'ops').length).toBeGreaterThan(1);
  }, 60_000);

  it('ends at its own end, and when it is withdrawn: repeats and the escalation go on with the next flush', async () => {
    fillUp(world, 'a', [[0, 60 * MINUTE]], 40 * MINUTE);
    const told = await runAndDeliver(world, 0, 2 * MINUTE);
    await takeOn('a', 2 * MINUTE, 16 * MINUTE);
    told.push(...(await runAndDeliver(world, 2 * MINUTE + 5000, 24 * MINUTE)));
    expect(told.slice(1).map(([s, receiver]) => [s, receiver])).toEqual([[1250, 'ops'], [1250, 'leads']]);
    await takeOn('a', 24 * MINUTE);
    expect(await runAndDeliver(world, 24 * MINUTE + 5000, 34 * MINUTE)).toEqual([]);
    await withdraw(world.alerts, { acknowledgements: await readAcknowledgements(world.alerts), author: 'ann', subject: 'a' }, by(34 * MINUTE));
    expect((await runAndDeliver(world, 34 * MINUTE + 5000, 39 * MINUTE)).map(([s, receiver]) => [s, receiver])).toEqual([[2210, 'ops']]);
  }, 60_000);

  it.each(['', 'for: 2m, '])('holds for an alert that two rules have, whichever of them comes first (%j)', async (first) => {
    const second = first === '' ? 'for: 2m, ' : '';
    world.rulesText = `- {name: g, interval: 10s, rules: [{alert: Down, ${first}expr: up == 0}]}\n- {name: h, interval: 10s, rules: [{alert: Down, ${second}expr: up == 0}]}`;
    fillUp(world, 'a', [[0, 60 * MINUTE]], 40 * MINUTE);
    await runAndDeliver(world, 0, 4 * MINUTE);
    const nowMs = START + 4 * MINUTE;
    const [alert] = await viewAlerts({ ...world.ports(), nowMs: () => nowMs, startedAtMs: 0, random: () => new Uint8Array(16), version: '' }, world.alertmanager, nowMs);
    await acknowledge(world.alerts, { alerts: [alert as AlertView], author: 'ann', comment: '', subject: 'a' }, by(4 * MINUTE));
    expect(await runAndDeliver(world, 4 * MINUTE + 5000, 30 * MINUTE)).toEqual([]);
    expect(await readAcknowledgements(world.alerts)).toMatchObject([{ startsAtMs: START }]);
  }, 60_000);

  it('is not lost where it is given again while the evaluator finds that its time is over', async () => {
    fillUp(world, 'a', [[0, 60 * MINUTE]], 30 * MINUTE);
    await runAndDeliver(world, 0, 2 * MINUTE);
    await takeOn('a', 2 * MINUTE, 3 * MINUTE);
    await runAndDeliver(world, 2 * MINUTE + 5000, 5 * MINUTE - 5000);
    // The evaluator has read what holds, and writes at the end of its tick.
    const { alerts } = world;
    let isGiven = false;
    const transact: typeof alerts.transact = async (writes) => {
      if (!isGiven && JSON.stringify(writes).includes('"acknowledged"')) await takeOn('a', 5 * MINUTE).then(() => (isGiven = true));
      return alerts.transact(writes);
    };
    await world.tick(START + 5 * MINUTE, START + 5 * MINUTE, world.ports({ alerts: { get: alerts.get.bind(alerts), query: alerts.query.bind(alerts), transact } }));
    if (!isGiven) await takeOn('a', 5 * MINUTE);
    expect(await readAcknowledgements(world.alerts)).toMatchObject([{ atMs: START + 5 * MINUTE }]);
    expect(await runAndDeliver(world, 5 * MINUTE + 5000, 25 * MINUTE)).toEqual([]);
  }, 60_000);

  it('repeats a group of which one alert is not taken on', async () => {
    fillUp(world, 'a', [[0, 60 * MINUTE]], 20 * MINUTE);
    fillUp(world, 'b', [[0, 60 * MINUTE]], 20 * MINUTE);
    const told = await runAndDeliver(world, 0, 2 * MINUTE);
    await takeOn('a', 2 * MINUTE);
    told.push(...(await runAndDeliver(world, 2 * MINUTE + 5000, 18 * MINUTE)));
    expect(told).toEqual([[50, 'ops', 'firing', 'a b'], [770, 'ops', 'firing', 'a b'], [950, 'leads', 'firing', 'b']]);
  }, 60_000);

  it('is refused without an alert, for too long, and with a text that is too long', async () => {
    await expect(takeOn('nobody', 0)).rejects.toThrow(/found none that fires/);
    const alert = { labels: [['alertname', 'A']] as const, startsAtMs: 0 };
    const wanted = { alerts: [alert], author: 'ann', comment: '', subject: 'A' };
    await expect(acknowledge(world.alerts, { ...wanted, forMs: 32 * 86_400_000 }, by(0))).rejects.toThrow(/found 32d, more than 0s and at most 31d/);
    await expect(acknowledge(world.alerts, { ...wanted, comment: 'x'.repeat(5000) }, by(0))).rejects.toThrow(/5000 bytes/);
  });
});
