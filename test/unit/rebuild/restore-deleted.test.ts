import { describe, expect, it } from 'vitest';
import { rebuildCatalog } from '../../../shared/commands/rebuild-catalog.ts';
import { openAdmin } from '../commands/open-admin.ts';
import { type CompactRoad, openCompactRoad, type Row } from '../compact/compact-road.ts';
import { bucketsOf, CLOSED_MS, minute, MINUTE_MS, runDelete } from '../deletion/delete-road.ts';
import { loseCatalog } from './lose-catalog.ts';

const row = (host: string, s: number): Row => ({ metric: 'cpu', labels: `{"host":"${host}"}`, s, value: s });

const rebuild = async (road: CompactRoad, force: boolean): Promise<void> => {
  await rebuildCatalog(openAdmin({ ...road.ports, clockMs: () => CLOSED_MS + 60 * MINUTE_MS }), { force, json: true, progress: () => undefined });
};

/** An hour of two hosts, compacted; the grace of what was before is not over. */
const openWorld = async (): Promise<CompactRoad> => {
  const road = await openCompactRoad();
  await road.addHot(1, [row('a', 5), row('b', 5)]);
  await road.watermark(CLOSED_MS);
  await minute(road, CLOSED_MS);
  return road;
};

describe.each([
  { what: 'a part', match: 'cpu{host="a"}', left: ['cpu {"host":"b"} 5 5'] },
  { what: 'all', match: 'cpu', left: [] },
])('the rebuild of a catalog after a deletion of $what', ({ match, left }) => {
  const deletion = { match, from: 0, to: 3600 };

  it('brings none of it back', async () => {
    const road = await openWorld();
    await runDelete(road, deletion);
    await loseCatalog(road);
    await rebuild(road, false);
    await rebuild(road, true);
    expect(await road.read()).toEqual(left);
    for (const tier of ['1m', '1h'] as const) expect(await bucketsOf(road, tier)).toHaveLength(left.length);
  });

  it.each([{ state: 'lie there still', isSwept: false }, { state: 'are gone', isSwept: true }])('nor where the hour was begun anew before, and the hot objects $state', async ({ isSwept }) => {
    const road = await openWorld();
    await runDelete(road, deletion);
    if (isSwept) await road.ports.objects.remove((await road.keys()).filter((key) => key.startsWith('hot/')));
    await loseCatalog(road);
    await road.addHot(CLOSED_MS + MINUTE_MS, [row('c', 7)]);
    await road.watermark(CLOSED_MS);
    await minute(road, CLOSED_MS + 2 * MINUTE_MS);
    await rebuild(road, true);
    expect(await road.read()).toEqual([...left, 'cpu {"host":"c"} 7 7']);
    await minute(road, CLOSED_MS + 300 * MINUTE_MS);
    await rebuild(road, true);
    expect(await road.read()).toEqual([...left, 'cpu {"host":"c"} 7 7']);
  });
});
