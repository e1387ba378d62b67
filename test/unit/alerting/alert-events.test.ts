import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEvaluateMemory } from '../../../functions/evaluate/evaluate.ts';
import { takeLease } from '../../../shared/alerting/lease.ts';
import type { Lease } from '../../../shared/alerting/lease.ts';
import { storeTransitions } from '../../../shared/alerting/transitions.ts';
import type { Transition } from '../../../shared/alerting/transitions.ts';
import type { ItemTable } from '../../../shared/catalog/item-table.ts';
import { SHELF_MS, closeShelf, firstShelfMs, shelfRows } from '../../../shared/history/shelf.ts';
import type { ShelfRow } from '../../../shared/history/shelf.ts';
import { labelsToJson, makeLabels } from '../../../shared/model/labels.ts';
import { World } from '../evaluate/world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const START = 1_700_000_040_000;

const RULES = `- name: g
  rules:
    - {alert: Down, expr: up == 0, for: 2m, keep_firing_for: 1m, labels: {severity: page}, annotations: {summary: "{{ $labels.host }} is down", text: long}}
`;

let world: World;
beforeEach(async () => {
  world = await World.open();
  world.rulesText = RULES;
});
afterEach(() => world.close());

const rowsOf = async (items: ItemTable): Promise<ShelfRow[]> => {
  const rows: ShelfRow[] = [];
  for await (const row of shelfRows(items, 'alert_events', 0, 1e13)) rows.push(row);
  return rows.sort((a, b) => a.tMs - b.tMs || (a.name < b.name ? -1 : 1));
};

const storyOf = (rows: readonly ShelfRow[]): string[] =>
  rows
    .filter(({ attributes }) => attributes['alertname'] === 'Down')
    .map(({ tMs, attributes }) => `${(tMs - START) / MINUTE} ${hostOf(String(attributes['labels']))} ${attributes['from_state']} ${attributes['to_state']} ${attributes['value']}`);

const hostOf = (labels: string): string => (JSON.parse(labels) as { readonly host: string }).host;

/** `long` is down from 0 to 3, `brie` for a minute, `late` from 5 on. */
const putHosts = (): void => {
  for (let m = 0; m <= 8; m++) {
    world.put('up', { host: 'long' }, START + m * MINUTE, m < 4 ? 0 : 1);
    world.put('up', { host: 'brie' }, START + m * MINUTE, m === 1 ? 0 : 1);
    world.put('up', { host: 'late' }, START + m * MINUTE, m >= 5 ? 0 : 1);
  }
};

const STORY = [
  '0 long inactive pending 0',
  '1 brie inactive pending 0',
  '2 brie pending inactive 0',
  '2 long pending firing 0',
  '5 late inactive pending 0',
  '5 long firing inactive 0',
  '7 late pending firing 0',
];

describe('the history of alerts', () => {
  it('has each transition once: to pending, firing and back, also of a pending alert that is dropped', async () => {
    putHosts();
    for (let m = 0; m <= 8; m++) await world.tick(START + m * MINUTE + 16_000);
    const rows = await rowsOf(world.alerts);
    expect(storyOf(rows).sort()).toEqual(STORY);
    expect(rows.find(({ attributes }) => attributes['to_state'] === 'firing')?.attributes).toEqual({
      rule_id: expect.stringMatching(/./) as string,
      rule_group: 'rules.yml;g',
      alertname: 'Down',
      labels: '{"alertname":"Down","host":"long","severity":"page"}',
      severity: 'page',
      from_state: 'pending',
      to_state: 'firing',
      value: '0',
      active_ts: START,
      summary: 'long is down',
    });
  });

  it('has the end of an alert whose rule is gone', async () => {
    putHosts();
    for (let m = 0; m <= 2; m++) await world.tick(START + m * MINUTE + 16_000);
    world.rulesText = '[]';
    await world.tick(START + 2 * MINUTE + 18_000);
    expect(storyOf(await rowsOf(world.alerts)).at(-1)).toBe('2.3 long firing inactive 0');
  });

  it.each(['before', 'after'] as const)('is the same after a crash %s any write', async (when) => {
    for (let at = 0, hasDied = true; hasDied; at++) {
      await world.close();
      world = await World.open();
      world.rulesText = RULES;
      putHosts();
      hasDied = await runWithCrash(at, when);
      expect(storyOf(await rowsOf(world.alerts)).sort(), `effect ${at}`).toEqual(STORY);
    }
  });
});

/** Each tick at minute m is repeated by another process when the first one has died in it. Returns whether one did. */
const runWithCrash = async (at: number, when: 'before' | 'after'): Promise<boolean> => {
  let effects = 0;
  let isDead = false;
  const { alerts } = world;
  const dying: ItemTable = {
    get: (key) => alerts.get(key),
    query: (pk, range) => alerts.query(pk, range),
    transact: async (writes) => {
      if (isDead) throw new Error('crashed');
      if (effects++ !== at) return alerts.transact(writes);
      isDead = true;
      if (when === 'after') await alerts.transact(writes);
      throw new Error('crashed');
    },
  };
  let hasDied = false;
  for (let m = 0; m <= 8; m++) {
    const nowMs = START + m * MINUTE + 16_000;
    await world.tick(nowMs, undefined, world.ports({ alerts: dying })).catch(() => undefined);
    if (!isDead) continue;
    hasDied = true;
    isDead = false;
    world.memory = createEvaluateMemory('00000000000000bb');
    await world.tick(nowMs + 1000, undefined, world.ports({ alerts: dying }));
  }
  return hasDied;
};

describe('the shelf of events', () => {
  const lease = async (): Promise<Lease> => (await takeLease(world.alerts, 'a', 0, 'successor')) ?? { holder: '', epoch: 0 };
  const rule = { ruleId: 'r', group: 'g', name: 'A' };
  const transition = (host: string, atMs: number, summary = ''): Transition => {
    const labels = makeLabels([['alertname', 'A'], ['host', host]]);
    const alert = { phase: 'firing', labels, annotations: [['summary', summary]], value: Number.NaN, activeAtMs: atMs, firedAtMs: atMs, changedAtMs: atMs } as const;
    return { rule, key: labelsToJson(labels), before: undefined, alert, atMs };
  };

  it('puts an event of an hour that has been closed into the first open one', async () => {
    await closeShelf(world.alerts, 'alert_events', 10 * HOUR);
    await storeTransitions(world.alerts, await lease(), [transition('a', 7 * HOUR), transition('b', 10 * HOUR + 1)]);
    expect(await firstShelfMs(world.alerts, 'alert_events', 0, 10 * HOUR)).toBeUndefined();
    expect(await firstShelfMs(world.alerts, 'alert_events', 10 * HOUR, 11 * HOUR)).toBe(10 * HOUR);
    expect((await rowsOf(world.alerts)).map(({ tMs }) => tMs)).toEqual([7 * HOUR, 10 * HOUR + 1]);
  });

  it('takes no event into an hour that is closed while transitions are stored, and has each once', async () => {
    let transactions = 0;
    const racing: ItemTable = {
      get: (key) => world.alerts.get(key),
      query: (pk, range) => world.alerts.query(pk, range),
      transact: async (writes) => {
        if (++transactions === 2) await closeShelf(world.alerts, 'alert_events', 10 * HOUR);
        return world.alerts.transact(writes);
      },
    };
    const all = Array.from({ length: 120 }, (_, i) => transition(`h${i}`, 9 * HOUR + i));
    await storeTransitions(racing, await lease(), all);
    const rows = await rowsOf(world.alerts);
    expect(rows.map(({ tMs }) => tMs)).toEqual(all.map(({ atMs }) => atMs));
    const closed: ShelfRow[] = [];
    for await (const row of shelfRows(world.alerts, 'alert_events', 0, 10 * HOUR)) closed.push(row);
    // Those of the first transaction: half of 98 writes.
    expect(closed).toHaveLength(49);
  });

  it('is never reopened, and keeps rows for a month', async () => {
    await closeShelf(world.alerts, 'alert_events', 10 * HOUR);
    await closeShelf(world.alerts, 'alert_events', 9 * HOUR);
    await storeTransitions(world.alerts, await lease(), [transition('a', 9 * HOUR)]);
    const found = await Promise.all([...'0123456789abcdef'].map((digit) => world.alerts.query(`history#alert_events#${digit}`)));
    expect(found.flat().map(({ expiresAtS }) => expiresAtS)).toEqual([(10 * HOUR + SHELF_MS) / 1000]);
  });

  it('cuts a long summary, and never inside a character', async () => {
    await storeTransitions(world.alerts, await lease(), [transition('a', 1, 'x'.repeat(999) + '😀')]);
    expect((await rowsOf(world.alerts))[0]?.attributes['summary']).toBe(`${'x'.repeat(999)}\ufffd`);
  });
});
