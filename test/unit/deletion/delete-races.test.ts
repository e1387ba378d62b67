import { describe, expect, it } from 'vitest';
import { addHotFile, hotFilesOf } from '../../../shared/catalog/hot-files.ts';
import type { ItemTable } from '../../../shared/catalog/item-table.ts';
import type { CompactPorts } from '../../../shared/compaction/commit-attempt.ts';
import type { ObjectListing } from '../../../shared/storage/object-store.ts';
import { makePieceCache } from '../../../shared/storage/piece-cache.ts';
import { makeSelectSeries } from '../../../shared/storage/select-series.ts';
import { type CompactRoad, HOUR, openCompactRoad, type Row, START_MS } from '../compact/compact-road.ts';
import { bucketsOf, CLOSED_MS, listedRows, minute, MINUTE_MS, runDelete } from './delete-road.ts';

const HOST_A = 'cpu{host="a"}';
const rowsAt = (...seconds: readonly number[]): readonly Row[] => ['a', 'b'].flatMap((host) => seconds.map((s) => ({ metric: 'cpu', labels: `{"host":"${host}"}`, s, value: s })));

const openWorld = async (rows: readonly Row[]): Promise<CompactRoad> => {
  const road = await openCompactRoad();
  await road.addHot(1, rows);
  await road.watermark(CLOSED_MS);
  await minute(road, CLOSED_MS);
  return road;
};

/** Does something right before the first transaction on which `isIt` says yes. */
const before = (road: CompactRoad, isIt: (writes: Parameters<ItemTable['transact']>[0]) => boolean, run: () => Promise<unknown>): CompactPorts & { readonly objects: ObjectListing } => {
  const { objects, catalog } = road.ports;
  let isDone = false;
  return {
    objects,
    catalog: {
      get: catalog.get.bind(catalog),
      query: catalog.query.bind(catalog),
      transact: async (writes) => {
        if (!isDone && isIt(writes)) {
          isDone = true;
          await run();
        }
        return catalog.transact(writes);
      },
    },
  };
};

const isPut = (pk: string) => (writes: Parameters<ItemTable['transact']>[0]) => writes.some((write) => 'put' in write && write.put.pk === pk);

describe('a deletion beside others', () => {
  it('stands when a store repeats a batch that it has merged', async () => {
    const road = await openCompactRoad();
    await road.addHot(1, rowsAt(5, 65));
    const [file] = await hotFilesOf(road.ports.catalog, HOUR);
    await runDelete(road, { match: HOST_A, from: 0, to: 60 });
    await runDelete(road, { match: 'cpu{host="b"}', from: 0, to: 60 });
    await addHotFile(road.ports.catalog, file as NonNullable<typeof file>);
    const select = makeSelectSeries({ ...road.ports, cache: makePieceCache(1 << 20), limits: { maxSamples: 100 } });
    expect((await select({ matchers: [], fromMs: START_MS, toMs: START_MS + 59_999 })).labels).toEqual([]);
    expect((await select({ matchers: [], fromMs: START_MS, toMs: START_MS + 65_000 })).tMs).toHaveLength(2);
  });

  it.each(['1m', '1h'] as const)('leaves rows of %s that are made of samples which came after it had gone through the finer tier', async (tier) => {
    const road = await openWorld(rowsAt(5, 65));
    const ports = before(road, isPut(tier === '1m' ? `sql-list/raw` : 'sql-list/1m'), async () => {
      await road.addHot(CLOSED_MS, rowsAt(7));
      await minute(road, CLOSED_MS + 40 * MINUTE_MS);
    });
    await runDelete(road, { match: HOST_A, from: 0, to: 3600 }, { ports });
    await minute(road, CLOSED_MS + 41 * MINUTE_MS);
    expect((await road.read()).filter((line) => line.startsWith('cpu {"host":"a"}'))).toEqual(['cpu {"host":"a"} 7 7']);
    for (const coarse of ['1m', '1h'] as const) expect((await bucketsOf(road, coarse)).filter((line) => line.startsWith('cpu {"host":"a"}'))).toHaveLength(1);
  });

  it('has SQL see it at once in an hour that has new hot files', async () => {
    const road = await openWorld(rowsAt(5, 65));
    const ports = before(road, isPut('partition/raw'), () => road.addHot(CLOSED_MS, rowsAt(3000)));
    await runDelete(road, { match: HOST_A, from: 0, to: 60 }, { ports });
    expect((await listedRows(road, HOUR)).filter((line) => line.startsWith('cpu {"host":"a"}'))).toEqual(['cpu {"host":"a"} 65']);
  });
});
