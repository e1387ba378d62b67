import { afterEach, beforeEach, expect, it } from 'vitest';
import { takeLease } from '../../../shared/alerting/lease.ts';
import type { Lease } from '../../../shared/alerting/lease.ts';
import { storeUnits } from '../../../shared/alerting/store-units.ts';
import { enqueue, publishAll, readUnpublished } from '../../../shared/alerting/outbox.ts';
import { knowRule, knownRules, readAlerts } from '../../../shared/alerting/state-items.ts';
import { storeTransitions } from '../../../shared/alerting/transitions.ts';
import type { Transition } from '../../../shared/alerting/transitions.ts';
import type { ItemTable, ItemWrite } from '../../../shared/catalog/item-table.ts';
import { labelsToJson, makeLabels } from '../../../shared/model/labels.ts';
import { World } from '../evaluate/world.ts';

let world: World;
let lease: Lease;
beforeEach(async () => {
  world = await World.open();
  lease = (await takeLease(world.alerts, 'a', 0, 'successor')) ?? { holder: '', epoch: 0 };
});
afterEach(() => world.close());

const RULE = { ruleId: 'rule', group: 'g', name: 'A' };

const transition = (host: string, value = 1, annotation = ''): Transition => {
  const labels = makeLabels([
    ['alertname', 'A'],
    ['__proto__', 'x'],
    ['host', host],
  ]);
  const alert = { phase: 'firing', labels, annotations: [['text', annotation]], value, activeAtMs: 1, firedAtMs: 2, keepFiringSinceMs: 3, changedAtMs: 3 } as const;
  return { rule: RULE, key: labelsToJson(labels), before: undefined, alert, atMs: 3 };
};

const entry = (id: string) => ({ id, receiver: 'ops', integration: 'ops/webhook/0', channel: 'webhook', severity: '', subject: id, body: '{}', sequence: 1 }) as const;

const counting = (items: ItemTable): { table: ItemTable; batches: (readonly ItemWrite[])[] } => {
  const batches: (readonly ItemWrite[])[] = [];
  return { batches, table: { get: (key) => items.get(key), query: (pk, range) => items.query(pk, range), transact: (writes) => (batches.push(writes), items.transact(writes)) } };
};

it('stores alerts as they are, in few transactions, each under the lease', async () => {
  const all = Array.from({ length: 120 }, (_, i) => transition(`h${i}`, [NaN, Infinity, 0.1][i % 3]));
  const { table, batches } = counting(world.alerts);
  await storeTransitions(table, lease, all, [knowRule(RULE)]);
  expect(batches.map((writes) => writes.length)).toEqual([2, 100, 100, 46]);
  expect(batches.every(([first]) => first !== undefined && 'check' in first)).toBe(true);
  expect(await knownRules(world.alerts)).toEqual([RULE]);
  const stored = (await readAlerts(world.alerts, ['rule'])).get('rule');
  expect(new Map([...(stored ?? [])].sort())).toEqual(new Map(all.map((each) => [each.key, each.alert] as const).sort()));
});

it('makes the writes of a transaction when it is its turn: 100,000 alerts at once are too many to be held as writes too', async () => {
  let made = 0;
  const heldAt: number[] = [];
  const table: ItemTable = { get: async () => undefined, query: async () => [], transact: async () => (heldAt.push(made), { done: true }) };
  const units = function* (): Generator<readonly ItemWrite[]> {
    for (; made < 1000; made++) yield [{ put: { pk: 'p', sk: String(made), attributes: {} } }];
  };
  expect(await storeUnits(table, lease, units())).toBe(1000);
  expect(heldAt.map((held, i) => held - i * 99).every((ahead) => ahead <= 100)).toBe(true);
  expect(heldAt).toHaveLength(11);
});

it('keeps transactions under their size', async () => {
  const { table, batches } = counting(world.alerts);
  await storeTransitions(table, lease, Array.from({ length: 60 }, (_, i) => transition(`h${i}`, 1, 'x'.repeat(60_000))));
  expect(batches.length).toBeGreaterThan(1);
  expect(Math.max(...batches.map((writes) => JSON.stringify(writes).length))).toBeLessThan(4_000_000);
});

it('marks what the fan-out has taken, and leaves what it has not', async () => {
  await storeUnits(world.alerts, lease, [[enqueue(entry('a'))], [enqueue(entry('b'))]]);
  const waiting = await readUnpublished(world.alerts);
  const refused = waiting[1]?.id;
  const publish = async ({ id }: { id: string }): Promise<void> => {
    if (id === refused) throw new Error('throttled');
  };
  const outcome = await publishAll(world.alerts, publish, waiting, 10);
  expect(outcome).toMatchObject({ published: 1, left: [{ id: refused }] });
  expect(outcome.errors).toHaveLength(1);
  expect((await readUnpublished(world.alerts)).map(({ id }) => id)).toEqual([refused]);
});
