import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ItemTable } from '../../../shared/catalog/item-table.ts';
import { START } from './delivering-world.ts';
import { World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await World.open();
  world.rulesText = '- {name: g, interval: 1m, rules: [{alert: Down, expr: up == 0}]}';
});
afterEach(() => world.close());

/** Says what is asked of a table. */
const watched = (table: ItemTable, name: string, requests: string[]): ItemTable => ({
  get: (key) => (requests.push(`${name}: get ${key.pk}`), table.get(key)),
  query: (pk, range) => (requests.push(`${name}: query ${pk}`), table.query(pk, range)),
  transact: (writes) => (requests.push(`${name}: write ${writes.length}`), table.transact(writes)),
});

describe('what a tick asks of its tables', () => {
  it('is three small reads while no slot is due, and a little more once a minute', async () => {
    world.put('up', { host: 'a' }, START - 1000, 1);
    const ticks: string[][] = [];
    for (let at = 0; at < 240_000; at += 5000) {
      const requests: string[] = [];
      await world.tick(START + at, START + at, world.ports({ alerts: watched(world.alerts, 'alerts', requests), catalog: watched(world.catalog, 'catalog', requests) }));
      ticks.push(requests.sort());
    }
    const idle = ['alerts: get lease', 'alerts: query revision', 'catalog: query watermark'];
    // A minute on the grid of ticks, after everything has been read once.
    const minute = ticks.slice(24, 36);
    expect(minute.filter((requests) => JSON.stringify(requests) === JSON.stringify(idle)).length).toBeGreaterThanOrEqual(9);
    const more = minute.flat().filter((request) => !idle.includes(request)).sort();
    expect(more).toEqual(['alerts: write 1', 'alerts: write 2', 'catalog: query senders']);
    expect(minute.flat()).toHaveLength(12 * idle.length + more.length + 1); // shards are listed beside the watermarks known so far
  });
});
