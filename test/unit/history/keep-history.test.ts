import { expect, it } from 'vitest';
import { compactLakes } from '../../../functions/compact/compact-lakes.ts';
import { keepHistory } from '../../../functions/compact/keep-history.ts';
import type { ItemTable } from '../../../shared/catalog/item-table.ts';
import { shelve } from '../../../shared/history/shelf.ts';
import { eventRow, HOUR_MS, openHistoryRoad, START_MS } from './history-road.ts';

const CLOSED_MS = START_MS + 2 * HOUR_MS;
const settings = { nowMs: CLOSED_MS, attempt: 't', promotedLabels: [], buckets: 1, addressOf: (key: string) => key };

it('is a part of the compactor’s minute, where alerts are known', async () => {
  const road = await openHistoryRoad();
  await road.shelve(eventRow(START_MS, 'a'));
  await road.stored(CLOSED_MS);
  expect((await compactLakes(road.ports, settings)).history).toEqual({ rows: 0, files: 0 });
  expect((await compactLakes(road.ports, { ...settings, alerts: road.ports.alerts })).history).toEqual({ rows: 1, files: 1 });
  expect(await road.files()).toHaveLength(1);
});

it('costs a read of each kind in a minute in which no hour ends', async () => {
  const road = await openHistoryRoad();
  await road.stored(CLOSED_MS);
  const minute = async (nowMs: number): Promise<readonly string[]> => {
    const requests: string[] = [];
    const counted = (name: string, items: ItemTable): ItemTable => ({
      get: (key) => (requests.push(`${name} get`), items.get(key)),
      query: (pk, range) => (requests.push(`${name} query`), items.query(pk, range)),
      transact: (writes) => (requests.push(`${name} transact`), items.transact(writes)),
    });
    const ports = { ...road.ports, catalog: counted('catalog', road.ports.catalog), alerts: counted('alerts', road.ports.alerts) };
    const errors: unknown[] = [];
    await keepHistory(ports, { nowMs, hasTime: () => true }, errors);
    expect(errors).toEqual([]);
    return requests;
  };
  // Once an hour: 17 fences, 16 partitions of the shelf of each kind, files that are old, and the cursor.
  expect((await minute(CLOSED_MS)).length).toBe(2 + 2 + 17 + 32 + 2 + 2);
  expect(await minute(CLOSED_MS + 60_000)).toEqual(['catalog get', 'catalog get']);
  // Where the stream stands still, also its marks.
  expect(await minute(CLOSED_MS + HOUR_MS)).toEqual(['catalog get', 'catalog query', 'catalog get', 'catalog query']);
});

it('goes on with the other kind when one fails, and says which', async () => {
  const road = await openHistoryRoad();
  const { alerts } = road.ports;
  await road.stored(CLOSED_MS);
  await alerts.transact([shelve('notifications', eventRow(START_MS, 'n'), START_MS, undefined)]);
  const failing: ItemTable = {
    get: (key) => alerts.get(key),
    transact: (writes) => alerts.transact(writes),
    query: async (pk, range) => {
      if (pk.startsWith('history#alert_events')) throw new Error('the table does not answer');
      return alerts.query(pk, range);
    },
  };
  const errors: unknown[] = [];
  expect(await keepHistory({ ...road.ports, alerts: failing }, { nowMs: CLOSED_MS, hasTime: () => true }, errors)).toEqual({ rows: 1, files: 1 });
  expect(errors.map(String)).toEqual(['Error: write history of alert_events: the table does not answer']);
  await expect(compactLakes(road.ports, { ...settings, alerts: failing })).rejects.toThrow('write history of alert_events');
});
