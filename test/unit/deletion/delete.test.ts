import { describe, expect, it } from 'vitest';
import { hotFilesOf } from '../../../shared/catalog/hot-files.ts';
import { allPartitions, readEntry, readManifest } from '../../../shared/catalog/partitions.ts';
import { deleteSeries } from '../../../shared/commands/delete.ts';
import { openAdmin } from '../commands/open-admin.ts';
import { type CompactRoad, dyingPorts, HOUR, openCompactRoad, type Row } from '../compact/compact-road.ts';
import { bucketsOf, CLOSED_MS, type Deletion, listedRows, minute, MINUTE_MS, runDelete } from './delete-road.ts';

const HOSTS = ['{"host":"a"}', '{"host":"b"}', '{"host":"c"}'];
/** Two samples a minute in 3 minutes and one an hour later, of three hosts. */
const SECONDS = [5, 35, 65, 95, 125, 155, 3605];
const rowsAt = (seconds: readonly number[], metric = 'cpu'): readonly Row[] => HOSTS.flatMap((labels) => seconds.map((s) => ({ metric, labels, s, value: s / 3 })));
const isMeant = ({ metric, labels, s }: Row, { from, to }: Deletion): boolean => metric === 'cpu' && labels === '{"host":"a"}' && s >= from && s < to;
const HOST_A = 'cpu{host="a"}';
const DAY = '2026-03-01';

/** Compacted in all tiers; `hotRows` came afterwards and are not merged. */
const openWorld = async (rows: readonly Row[], hotRows: readonly Row[] = []): Promise<CompactRoad> => {
  const road = await openCompactRoad();
  if (rows.length > 0) await road.addHot(1, rows);
  await road.watermark(CLOSED_MS);
  await minute(road, CLOSED_MS);
  if (hotRows.length > 0) await road.addHot(CLOSED_MS, hotRows);
  await minute(road, CLOSED_MS + MINUTE_MS);
  return road;
};

const ALL = [...rowsAt(SECONDS), ...rowsAt(SECONDS, 'up')];

/** What every reader finds. */
const contentOf = async (road: CompactRoad) => ({
  raw: await road.read(),
  '1m': await bucketsOf(road, '1m'),
  '1h': await bucketsOf(road, '1h'),
});

describe('a deletion', () => {
  it.each<Deletion>([
    { match: HOST_A, from: 0, to: 7200 },
    { match: HOST_A, from: 60, to: 120 },
    { match: HOST_A, from: 40, to: 130 },
    { match: HOST_A, from: 35, to: 36 },
    { match: HOST_A, from: 3600, to: 3700 },
  ])('of $match from $from s to $to s leaves every tier as if the samples had never come', async (deletion) => {
    const road = await openWorld(ALL);
    const never = await openWorld(ALL.filter((row) => !isMeant(row, deletion)));
    const dry = await runDelete(road, deletion, { dryRun: true });
    const before = await contentOf(road);
    const { rows } = await runDelete(road, deletion);
    expect(rows.raw).toBe(ALL.filter((row) => isMeant(row, deletion)).length);
    expect(dry.rows.raw).toBe(rows.raw);
    expect(await contentOf(road)).toEqual(await contentOf(never));
    expect(before).not.toEqual(await contentOf(road));
    expect((await listedRows(road, HOUR)).filter((line) => line.startsWith('cpu {"host":"a"}')).map((line) => Number(line.split(' ')[2]))).toEqual(
      SECONDS.filter((s) => s < 3600 && (s < deletion.from || s >= deletion.to)).sort((a, b) => String(a).localeCompare(String(b))),
    );
    expect(await runDelete(road, deletion)).toMatchObject({ rows: { raw: 0, '1m': 0, '1h': 0 } });
  });

  it('counts the rows of every tier, and a dry run changes nothing', async () => {
    const road = await openWorld(ALL);
    const [keys, content] = [await road.keys(), await contentOf(road)];
    const deletion = { match: HOST_A, from: 0, to: 7200 };
    expect(await runDelete(road, deletion, { dryRun: true })).toMatchObject({ dryRun: true, partitions: 5, rows: { raw: 7, '1m': 4, '1h': 2 } });
    expect([await road.keys(), await contentOf(road)]).toEqual([keys, content]);
    expect(await runDelete(road, deletion)).toMatchObject({ dryRun: false, rows: { raw: 7, '1m': 4, '1h': 2 } });
  });

  it('merges hot files that hold such samples, so that no later merge brings them back, and takes later ones for new', async () => {
    const road = await openWorld(rowsAt([5, 35]), rowsAt([6, 36]));
    await runDelete(road, { match: HOST_A, from: 0, to: 60 });
    expect(await hotFilesOf(road.ports.catalog, HOUR)).toEqual([]);
    await minute(road, CLOSED_MS + 300 * MINUTE_MS);
    expect((await road.read()).filter((line) => line.startsWith('cpu {"host":"a"}'))).toEqual([]);
    expect((await road.read()).filter((line) => line.startsWith('cpu {"host":"b"}'))).toHaveLength(4);
    await road.addHot(CLOSED_MS + 301 * MINUTE_MS, rowsAt([7]));
    expect((await road.read()).filter((line) => line.startsWith('cpu {"host":"a"}'))).toHaveLength(1);
  });

  it('of an hour that was never compacted, and of what does not match at all', async () => {
    const road = await openCompactRoad();
    await road.addHot(1, rowsAt([5]));
    await runDelete(road, { match: HOST_A, from: 0, to: 10 });
    expect(await road.read()).toHaveLength(2);
    const keys = await road.keys();
    expect(await runDelete(road, { match: 'cpu{host="z"}', from: 0, to: 10 })).toMatchObject({ rows: { raw: 0 } });
    expect(await road.keys()).toEqual(keys);
  });

  it('takes whole buckets where the finer samples have expired, and refuses to cut one', async () => {
    const road = await openWorld(ALL);
    const lateMs = CLOSED_MS + 8 * 86_400_000;
    await minute(road, lateMs);
    expect(await allPartitions(road.ports.catalog, 'raw')).toEqual([]);
    await expect(runDelete(road, { match: HOST_A, from: 30, to: 120 }, { nowMs: lateMs })).rejects.toThrow(
      'delete: found 2026-03-01T10:00:30.000Z, inside of a 1m bucket whose raw samples have expired; 2026-03-01T10:00:00.000Z or 2026-03-01T10:01:00.000Z is allowed',
    );
    const never = await openWorld(ALL.filter((row) => !isMeant(row, { match: HOST_A, from: 60, to: 120 })));
    expect(await runDelete(road, { match: HOST_A, from: 60, to: 120 }, { nowMs: lateMs })).toMatchObject({ rows: { raw: 0, '1m': 1, '1h': 0 } });
    expect([await bucketsOf(road, '1m'), await bucketsOf(road, '1h')]).toEqual([await bucketsOf(never, '1m'), await bucketsOf(never, '1h')]);
    const yearMs = CLOSED_MS + 40 * 86_400_000;
    await minute(road, yearMs);
    await expect(runDelete(road, { match: HOST_A, from: 0, to: 1800 }, { nowMs: yearMs })).rejects.toThrow('inside of a 1h bucket whose 1m rows have expired');
    expect(await runDelete(road, { match: HOST_A, from: 0, to: 3600 }, { nowMs: yearMs })).toMatchObject({ rows: { '1h': 1 } });
    expect((await bucketsOf(road, '1h')).filter((line) => line.startsWith('cpu {"host":"a"}'))).toHaveLength(1);
  });

  it('is made whole by a second run wherever the first one dies', { timeout: 120_000 }, async () => {
    const deletion = { match: HOST_A, from: 40, to: 3600 };
    const rows = rowsAt([5, 65]);
    const hot = rowsAt([36, 66]);
    const expected = await contentOf(await openWorld([...rows, ...hot].filter((row) => !isMeant(row, deletion))));
    for (let i = 0, died = true; died; i++) {
      const road = await openWorld(rows, hot);
      const dying = dyingPorts(road.ports, i, i % 2 === 0);
      const ports = { catalog: dying.ports.catalog, objects: { ...dying.ports.objects, list: road.ports.objects.list.bind(road.ports.objects) } };
      await runDelete(road, deletion, { ports }).catch(() => undefined);
      await runDelete(road, deletion);
      expect(await contentOf(road)).toEqual(expected);
      died = dying.died();
      if (died && i % 4 > 0) continue;
      // Once the grace is over nothing of the deleted lies about.
      for (const afterMinutes of [70, 140, 210]) await minute(road, CLOSED_MS + afterMinutes * MINUTE_MS);
      const keys = await road.keys();
      expect(keys.filter((key) => key.startsWith('hot/'))).toEqual([]);
      expect(keys.filter((key) => key.startsWith(`raw/dt=${HOUR}/_v`) && key.endsWith('.json'))).toHaveLength(1);
      expect(await contentOf(road)).toEqual(expected);
    }
  });

  it('is planned anew when the compactor commits first', async () => {
    const road = await openWorld(rowsAt([5, 65]), rowsAt([6]));
    let isDone = false;
    const { catalog, objects } = road.ports;
    const busy = {
      objects,
      catalog: {
        get: catalog.get.bind(catalog),
        query: catalog.query.bind(catalog),
        transact: async (writes: Parameters<typeof catalog.transact>[0]) => {
          if (!isDone && writes.some((write) => 'put' in write && write.put.pk === 'partition/raw')) {
            isDone = true;
            await minute(road, CLOSED_MS + 20 * MINUTE_MS);
          }
          return catalog.transact(writes);
        },
      },
    };
    await runDelete(road, { match: HOST_A, from: 0, to: 60 }, { ports: busy });
    expect(isDone).toBe(true);
    const entry = await readEntry(catalog, 'raw', HOUR);
    expect(entry).toMatchObject({ version: 3 });
    expect((await readManifest(objects, entry?.manifestKey ?? '')).files.length).toBeGreaterThan(0);
    expect((await road.read()).filter((line) => line.startsWith('cpu {"host":"a"}'))).toEqual(['cpu {"host":"a"} 65 ' + String(65 / 3)]);
    expect(await readEntry(catalog, '1h', DAY)).toMatchObject({ builtFrom: { [HOUR]: 3 } });
  });

  it('refuses what is no selector, and a range that ends before it begins', async () => {
    const road = await openCompactRoad();
    await expect(runDelete(road, { match: 'rate(cpu[5m])', from: 0, to: 1 })).rejects.toThrow('invalid parameter "match[]"');
    await expect(runDelete(road, { match: '{host=~".*"}', from: 0, to: 1 })).rejects.toThrow('at least one');
    await expect(runDelete(road, { match: 'cpu', from: 2, to: 1 })).rejects.toThrow('an end after its start is allowed');
  });

  it.each(['', `/raw/${HOUR}`, `/1h/${DAY}`])('refuses a range with an end left out (%s)', async (path) => {
    const road = await openWorld(rowsAt([5]));
    const api = openAdmin({ ...road.ports, clockMs: () => CLOSED_MS, buckets: 2 });
    const body = new URLSearchParams({ match: HOST_A, from: '0' });
    const answer = await api.fetch(`${api.url}/api/v1/admin/delete${path}`, { method: 'POST', body: body.toString(), headers: { 'content-type': 'application/x-www-form-urlencoded' } });
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringMatching(/invalid parameter .*to.*: found .*, Unix seconds or RFC 3339 are allowed/)]);
  });

  it('tells people how far it is, and what went', async () => {
    const road = await openWorld(rowsAt([5]));
    const progress: string[] = [];
    const api = openAdmin({ ...road.ports, clockMs: () => CLOSED_MS, buckets: 2 });
    const text = await deleteSeries(api, { match: HOST_A, from: '2026-03-01T10:00:00Z', to: '2026-03-01T11:00:00Z', dryRun: false, json: false, progress: (line) => progress.push(line) });
    expect(progress).toEqual(['[######--------------] 1 of 3 partitions, 1 sample', '[#############-------] 2 of 3 partitions, 1 sample', '[####################] 3 of 3 partitions, 1 sample']);
    expect(text).toBe('cpu{host="a"} from 2026-03-01T10:00:00.000Z to 2026-03-01T11:00:00.000Z, in 3 partitions\n\ntier  rows deleted\n----  ------------\nraw              1\n1m               1\n1h               1');
  });
});
