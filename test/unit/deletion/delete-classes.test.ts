import { describe, expect, it } from 'vitest';
import { deleteSeries } from '../../../shared/commands/delete.ts';
import { openAdmin } from '../commands/open-admin.ts';
import { CLASSES, DAY_OVER_MS, openTwoLakes } from '../lakes/two-lakes.ts';

describe('a deletion', () => {
  it('goes through the lake of every retention class', async () => {
    const road = await openTwoLakes();
    const api = openAdmin({ ...road.ports, clockMs: () => DAY_OVER_MS, classes: CLASSES });
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
    const road = await openTwoLakes();
    const api = openAdmin({ ...road.ports, clockMs: () => DAY_OVER_MS, classes: CLASSES });
    const body = new URLSearchParams({ match: 'cpu', from: '0', to: '1' }).toString();
    const answer = await api.fetch(`${api.url}/api/v1/admin/delete/raw/2026-03-01-10?class=../x`, { method: 'POST', body, headers: { 'content-type': 'application/x-www-form-urlencoded' } });
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('found no such retention class, brief are allowed')]);
  });
});
