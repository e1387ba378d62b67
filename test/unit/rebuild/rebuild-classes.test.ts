import { describe, expect, it } from 'vitest';
import type { AdminPorts } from '../../../scripts/admin/admin-ports.ts';
import { readEntry } from '../../../shared/catalog/partitions.ts';
import { rebuildCatalog } from '../../../shared/commands/rebuild-catalog.ts';
import { rebuild } from '../../../shared/commands/rebuild.ts';
import { rewriteTier } from '../../../shared/deletion/rewrite-tier.ts';
import { classRows } from '../../../shared/lakes/class-rows.ts';
import { classPorts } from '../../../shared/lakes/lakes.ts';
import { readTierFile } from '../../../shared/storage/tier-read.ts';
import { openAdmin } from '../commands/open-admin.ts';
import { openRollup } from '../deletion/delete-road.ts';
import type { ClassRoad } from '../lakes/class-road.ts';
import { CLASSES, DAY_OVER_MS, HOUR, openTwoLakes } from '../lakes/two-lakes.ts';

const apiOf = (road: ClassRoad, over: Partial<AdminPorts> = {}) => openAdmin({ ...road.ports, clockMs: () => DAY_OVER_MS, classes: CLASSES, addressOf: road.addressOf, ...over });
const run = async (road: ClassRoad, verify: boolean): Promise<unknown> => JSON.parse((await rebuild(apiOf(road), { verify, json: true, progress: () => undefined })).lines[0] as string);
const restore = async (road: ClassRoad, over: Partial<AdminPorts> = {}): Promise<unknown> => JSON.parse((await rebuildCatalog(apiOf(road, over), { force: false, json: true, progress: () => undefined })).lines[0] as string);

/** Both lakes lose all that their catalog says, but not their objects. */
const loseCatalog = async ({ ports: { catalog } }: ClassRoad): Promise<void> => {
  const names = ['hours', 'partition/raw', 'partition/1m', 'partition/1h', 'sql-list/raw', 'sql-list/1m', 'sql-list/1h', 'garbage', 'expired'];
  for (const pk of ['retention-classes', 'watermark', ...names, ...names.map((name) => `classes/brief/${name}`)]) {
    for (const { sk } of await catalog.query(pk)) await catalog.transact([{ remove: { pk, sk } }]);
  }
};

describe('rebuild over retention classes', () => {
  it('verifies and rewrites the partitions of every lake, and names the class', async () => {
    const road = await openTwoLakes();
    expect(await run(road, true)).toMatchObject({ ok: true, compared: 4, differing: [] });
    const brief = classPorts(road.ports, 'brief');
    const settings = { promotedLabels: ['host'], buckets: 1, openRollup, retention: (CLASSES[0] as (typeof CLASSES)[number]).retention, addressOf: road.addressOf };
    const plan: Parameters<typeof rewriteTier>[3] = async ({ entry: { isClosed, lateMerges, builtFrom }, manifest: { files } }) => {
      const rows = await readTierFile(brief.objects, files[0] as (typeof files)[number]);
      return { rows: new Map([[0, { ...rows, sum: rows.sum.map((sum) => sum + 1) }]]), standing: { isClosed, lateMerges, ...(builtFrom === undefined ? {} : { builtFrom }) } };
    };
    await rewriteTier(brief, '1m', HOUR, plan, settings, { nowMs: DAY_OVER_MS, attempt: 'spoil' });
    expect(await run(road, true)).toMatchObject({ ok: false, differing: [{ tier: '1m', dt: HOUR, class: 'brief', series: 1 }, { tier: '1h', class: 'brief' }] });
    const { lines } = await rebuild(apiOf(road), { verify: true, json: false, progress: () => undefined });
    expect(lines[0]).toBe(`1m ${HOUR} of class brief: 1 row of 1 series`);
    // The day, which was of the rows before, is right again with its hour.
    expect(await run(road, false)).toMatchObject({ differing: [{ tier: '1m', class: 'brief' }] });
    expect(await run(road, true)).toMatchObject({ ok: true, compared: 4 });
  });
});

describe('a rebuild of the catalog', () => {
  it('finds the lakes of the classes and has them readable again', async () => {
    const road = await openTwoLakes();
    const [samples, sql] = [await road.promql(), await road.sql()];
    await loseCatalog(road);
    expect(await road.promql()).toEqual([]);
    expect(await restore(road)).toMatchObject({ ok: true, partitions: 6, outcomes: { restored: 6 }, unknownClasses: [] });
    expect(await classRows(road.ports.catalog)).toEqual([{ name: 'brief', retention: (CLASSES[0] as (typeof CLASSES)[number]).retention }]);
    expect(await road.promql()).toEqual(samples);
    await road.watermark(DAY_OVER_MS);
    await road.compact(DAY_OVER_MS + 60_000, { classes: CLASSES });
    expect(await road.sql()).toEqual(sql);
    expect(await restore(road)).toMatchObject({ ok: true, outcomes: { kept: 6 } });
  });

  it('leaves a class out whose retention nobody knows, and says so', async () => {
    const road = await openTwoLakes();
    await loseCatalog(road);
    expect(await restore(road, { classes: [] })).toMatchObject({ ok: false, partitions: 3, unknownClasses: ['brief'] });
    expect(await road.promql()).toHaveLength(2);
    expect(await readEntry(classPorts(road.ports, 'brief').catalog, 'raw', HOUR)).toBeUndefined();
    const { ok, lines } = await rebuildCatalog(apiOf(road, { classes: [] }), { force: false, json: false, progress: () => undefined });
    expect([ok, lines[1]]).toEqual([false, expect.stringContaining('retention class brief is left out')]);
    expect(await restore(road)).toMatchObject({ ok: true, outcomes: { restored: 3, kept: 3 } });
    expect(await road.promql()).toHaveLength(3);
  });
});
