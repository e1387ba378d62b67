import { describe, expect, it } from 'vitest';
import { deleteSeries } from '../../../shared/commands/delete.ts';
import { parseRetentionClasses } from '../../../shared/lakes/retention-class.ts';
import { hourStartMs } from '../../../shared/model/hour.ts';
import { openAdmin } from '../commands/open-admin.ts';
import { type ClassRoad, openClassRoad } from '../lakes/class-road.ts';
import { ARRIVAL_MS } from '../store/store-road.ts';

const DAY_OVER_MS = hourStartMs('2026-03-02-00') + 600_000;
const CLASSES = parseRetentionClasses([{ name: 'brief', match: '{host="b"}', retention: 'raw=3d,1m=4d,1h=5d' }]);

const openWorld = async (): Promise<ClassRoad> => {
  const road = await openClassRoad();
  await road.store(CLASSES, 0, ['a', 'b', 'c'].map((host) => ({ metric: 'cpu', labels: `{"host":"${host}"}`, tMs: ARRIVAL_MS - 10_000, value: 1 })));
  await road.watermark(DAY_OVER_MS);
  await road.compact(DAY_OVER_MS, { classes: CLASSES });
  return road;
};

describe('a deletion', () => {
  it('goes through the lake of every retention class', async () => {
    const road = await openWorld();
    const api = openAdmin({ ...road.ports, clockMs: () => DAY_OVER_MS });
    const asked = { match: 'cpu{host=~"a|b"}', from: '2026-03-01T10:00:00Z', to: '2026-03-01T11:00:00Z', json: true, progress: () => undefined };
    const expected = { partitions: 6, rows: { raw: 2, '1m': 2, '1h': 2 } };
    expect(JSON.parse(await deleteSeries(api, { ...asked, dryRun: true }))).toMatchObject(expected);
    expect(JSON.parse(await deleteSeries(api, { ...asked, dryRun: false }))).toMatchObject(expected);
    expect(await road.promql()).toEqual(['cpu{host="c"} -10 1']);
    expect(await road.sql()).toEqual(['cpu{host="c"} -10 1']);
    await road.compact(DAY_OVER_MS + 7_200_000, { classes: CLASSES });
    expect(await road.promql()).toEqual(['cpu{host="c"} -10 1']);
  });

  it('knows no other class', async () => {
    const road = await openWorld();
    const api = openAdmin({ ...road.ports, clockMs: () => DAY_OVER_MS });
    const body = new URLSearchParams({ match: 'cpu', from: '0', to: '1' }).toString();
    const answer = await api.fetch(`${api.url}/api/v1/admin/delete/raw/2026-03-01-10?class=../x`, { method: 'POST', body, headers: { 'content-type': 'application/x-www-form-urlencoded' } });
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('found no such retention class, brief are allowed')]);
  });
});
