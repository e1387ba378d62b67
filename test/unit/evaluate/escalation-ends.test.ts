import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acknowledge } from '../../../shared/alerting/acknowledgements.ts';
import { parseAlertmanagerFile } from '../../../shared/alerting/alertmanager-file.ts';
import { knownRules, readAlerts } from '../../../shared/alerting/state-items.ts';
import type { ItemTable, ItemWrite } from '../../../shared/catalog/item-table.ts';
import { START, fillUp, runAndDeliver } from './delivering-world.ts';
import { World } from './world.ts';

const MINUTE = 60_000;

let world: World;
beforeEach(async () => {
  world = await World.open();
  world.rulesText = '- {name: g, interval: 10s, rules: [{alert: Down, expr: up == 0}]}';
});
afterEach(() => world.close());

const route = (routes: string): void => {
  const { config, errors } = parseAlertmanagerFile(
    `route: {receiver: nobody, routes: [${routes}]}
receivers: [{name: nobody}, {name: ops, webhook_configs: [{url: 'http://ops.example/'}]}, {name: desk, webhook_configs: [{url: 'http://desk.example/'}]}, {name: leads, webhook_configs: [{url: 'http://leads.example/'}]}]`,
    'am.yml',
  );
  if (config === undefined) throw new Error(errors.join('\n'));
  world.alertmanager = config;
};

const timers = 'matchers: [alertname=Down], group_by: [alertname], group_wait: 30s, group_interval: 4m, repeat_interval: 4h';

describe('the end of an alert that has escalated', () => {
  it('is told again to a second receiver that has refused it, also while nothing else escalates', async () => {
    route(`{receiver: ops, ${timers}, escalate: {after: 5m, receiver: leads}}`);
    fillUp(world, 'a', [[0, 8 * MINUTE]], 40 * MINUTE);
    fillUp(world, 'b', [[0, 60 * MINUTE]], 40 * MINUTE);
    const told = await runAndDeliver(world, 0, 2 * MINUTE);
    const firing = [...(await readAlerts(world.alerts, (await knownRules(world.alerts)).map(({ ruleId }) => ruleId))).values()].flatMap((each) => [...each.values()]);
    const taken = firing.filter(({ labels }) => labels.some(([, value]) => value === 'b')).map(({ labels, firedAtMs = 0 }) => ({ labels, startsAtMs: firedAtMs }));
    await acknowledge(world.alerts, { alerts: taken, author: 'ann', comment: '', subject: 'b' }, { actor: 'test', nowMs: START + 2 * MINUTE, random: Uint8Array.of(1) });
    let asked = 0;
    told.push(...(await runAndDeliver(world, 2 * MINUTE + 5000, 30 * MINUTE, (receiver) => (receiver === 'leads' && ++asked === 2 ? 404 : 200))));
    expect(told.filter(([, receiver]) => receiver === 'leads').map(([, , status, hosts]) => `${status} ${hosts}`)).toEqual(['firing a', 'resolved a', 'resolved a']);
  }, 60_000);
});

describe('two routes that escalate the same alerts to one receiver', () => {
  it('tell it for themselves each, and never write one item twice in a transaction', async () => {
    const escalate = 'escalate: {after: 5m, receiver: leads}';
    route(`{receiver: ops, ${timers}, continue: true, ${escalate}}, {receiver: desk, ${timers}, ${escalate}}`);
    fillUp(world, 'a', [[0, 14 * MINUTE]], 40 * MINUTE);
    const twice: string[] = [];
    const keyOf = (write: ItemWrite): string => JSON.stringify('put' in write ? [write.put.pk, write.put.sk] : 'remove' in write ? [write.remove.pk, write.remove.sk] : write);
    const transact: ItemTable['transact'] = (writes) => {
      const keys = writes.map(keyOf);
      twice.push(...keys.filter((key, i) => keys.indexOf(key) !== i));
      return alerts.transact(writes);
    };
    const { alerts } = world;
    const plain = world.ports.bind(world);
    world.ports = (changes = {}) => plain({ alerts: { get: alerts.get.bind(alerts), query: alerts.query.bind(alerts), transact }, ...changes });
    const told = await runAndDeliver(world, 0, 30 * MINUTE);
    expect(twice).toEqual([]);
    expect(told.filter(([, receiver]) => receiver === 'leads').map(([, , status, hosts]) => `${status} ${hosts}`)).toEqual(['firing a', 'firing a', 'resolved a', 'resolved a']);
    expect(told.filter(([, receiver]) => receiver === 'desk')).toHaveLength(2);
  }, 60_000);
});
