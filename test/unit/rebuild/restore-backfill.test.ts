import { describe, expect, it } from 'vitest';
import { hotFilesOf } from '../../../shared/catalog/hot-files.ts';
import { allPartitions } from '../../../shared/catalog/partitions.ts';
import { rebuildCatalog } from '../../../shared/commands/rebuild-catalog.ts';
import { adminAt, bucketsIn, runBackfill, textFile } from '../backfill/backfill-road.ts';
import { type CompactRoad, HOUR, openCompactRoad, START_MS } from '../compact/compact-road.ts';

const DAY_MS = 86_400_000;
const linesOf = (host: string): string => [0, 60, 120].map((s) => `cpu{host="${host}"} ${s} ${START_MS + s * 1000}\n`).join('');

const rebuild = async (road: CompactRoad, nowMs: number): Promise<void> => {
  await rebuildCatalog(adminAt(road.ports, () => nowMs), { force: true, json: true, progress: () => undefined });
};

const forget = async ({ ports: { catalog } }: CompactRoad, pks: readonly string[]): Promise<void> => {
  for (const pk of pks) for (const { sk } of await catalog.query(pk)) await catalog.transact([{ remove: { pk, sk } }]);
};

describe('the rebuild of a catalog beside a backfill', () => {
  it('brings back no samples of cells that were left as they were, nor any that a tier has taken', async () => {
    const road = await openCompactRoad();
    const nowMs = START_MS + 20 * DAY_MS;
    await road.watermark(nowMs);
    const api = adminAt(road.ports, () => nowMs);
    await runBackfill(api, [textFile('a.prom', linesOf('a'))]);
    const before = await bucketsIn(road.ports, '1m');
    expect(await runBackfill(api, [textFile('b.prom', linesOf('a').replace(' 60 ', ' 61 '))])).toMatchObject({ cells: { filled: 0, skipped: 1 } });
    await rebuild(road, nowMs);
    expect(await hotFilesOf(road.ports.catalog, HOUR)).toEqual([]);
    expect(await allPartitions(road.ports.catalog, 'raw')).toEqual([]);
    expect(await bucketsIn(road.ports, '1m')).toEqual(before);
  });

  it('publishes nothing of a run that has not come to its end', async () => {
    const road = await openCompactRoad();
    const nowMs = START_MS + DAY_MS;
    const api = adminAt(road.ports, () => nowMs);
    await expect(runBackfill(api, [textFile('a.prom', `${linesOf('a')}bad`)], { pieceSamples: 2 })).rejects.toThrow('a.prom:4');
    expect(await road.keys()).toHaveLength(1);
    await rebuild(road, nowMs);
    expect(await road.read()).toEqual([]);
  });

  it('takes the files of one that did, where the version that merged them does not read', async () => {
    const road = await openCompactRoad();
    const nowMs = START_MS + DAY_MS;
    const api = adminAt(road.ports, () => nowMs);
    await runBackfill(api, [textFile('a.prom', linesOf('a'))]);
    await forget(road, ['hours', 'partition/raw', 'partition/1m', 'garbage']);
    await road.ports.objects.remove((await road.keys()).filter((key) => key.startsWith('raw/') && key.endsWith('b0.parquet')));
    await rebuild(road, nowMs);
    expect(await road.read()).toHaveLength(3);
  });
});
