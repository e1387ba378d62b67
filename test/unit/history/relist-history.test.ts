import { expect, it } from 'vitest';
import { rebuildCatalog } from '../../../shared/commands/rebuild-catalog.ts';
import { collectGarbage } from '../../../shared/compaction/collect.ts';
import { GRACE_MS } from '../../../shared/compaction/garbage.ts';
import { listHistoryFiles } from '../../../shared/history/history-files.ts';
import { openAdmin } from '../commands/open-admin.ts';
import { eventRow, type HistoryRoad, HOUR_MS, openHistoryRoad, START_MS } from './history-road.ts';

const openWorld = async (): Promise<HistoryRoad> => {
  const road = await openHistoryRoad();
  await road.shelve(...Array.from({ length: 120 }, (_, i) => eventRow(START_MS + i * HOUR_MS, `e${i}`)));
  await road.write(START_MS + 130 * HOUR_MS);
  return road;
};

const loseCatalog = async ({ ports: { catalog } }: HistoryRoad): Promise<void> => {
  for (const pk of ['history', 'history-files#alert_events', 'watermark']) for (const { sk } of await catalog.query(pk)) await catalog.transact([{ remove: { pk, sk } }]);
};

const rebuild = async (road: HistoryRoad): Promise<Record<string, unknown>> => {
  const { lines } = await rebuildCatalog(openAdmin({ ...road.ports }), { force: false, json: true, progress: () => undefined });
  return JSON.parse(lines[0] as string) as Record<string, unknown>;
};

it('a lost catalog lists files of history again, from the objects alone', async () => {
  const road = await openWorld();
  const files = await listHistoryFiles(road.ports.catalog, 'alert_events');
  expect(files).toHaveLength(120);
  await loseCatalog(road);
  const nowMs = START_MS + 130 * HOUR_MS;
  expect(await rebuild(road)).toMatchObject({ ok: true, history: { listed: 120, kept: 0 } });
  expect(await listHistoryFiles(road.ports.catalog, 'alert_events')).toEqual(files);
  expect(await rebuild(road)).toMatchObject({ ok: true, history: { listed: 0, kept: 120 } });
  // The compactor begins anew, with rows that still wait: nothing stands twice.
  await road.write(nowMs + HOUR_MS);
  expect(await listHistoryFiles(road.ports.catalog, 'alert_events')).toEqual(files);
  expect(await road.files()).toHaveLength(120);
});

it('a lost catalog lists files of history that are over, and the compactor lets go of them', async () => {
  const road = await openWorld();
  await loseCatalog(road);
  await road.ports.objects.putIfAbsent('history/alert_events/notes.txt', Buffer.from('somebody else’s'));
  expect(await rebuild(road)).toMatchObject({ history: { listed: 120, kept: 0 } });
  // 2026-03-01 from 10:00 on is gone, 14 files.
  const nowMs = Date.UTC(2027, 2, 2) + HOUR_MS;
  await road.write(nowMs);
  expect((await listHistoryFiles(road.ports.catalog, 'alert_events'))[0]?.dt).toBe('2026-03-02');
  expect(await rebuild(road)).toMatchObject({ history: { listed: 0, kept: 106 } });
  expect(await collectGarbage(road.ports, nowMs + GRACE_MS, (key) => key)).toEqual({ removed: 14, held: 0 });
  expect(Buffer.from(await road.ports.objects.get('history/alert_events/notes.txt')).toString()).toBe('somebody else’s');
});
