import { describe, expect, it } from 'vitest';
import { hotFilesOf } from '../../../shared/catalog/hot-files.ts';
import { allPartitions, manifestKeyOf, putManifest, readEntry, readManifest, type Tier } from '../../../shared/catalog/partitions.ts';
import { rebuildCatalog } from '../../../shared/commands/rebuild-catalog.ts';
import type { OpenRollup } from '../../../shared/compaction/rollup-sink.ts';
import { hourStartMs } from '../../../shared/model/hour.ts';
import { openTierRollup } from '../../../shared/storage/tier-rollup.ts';
import { openAdmin } from '../commands/open-admin.ts';
import { type CompactRoad, dyingPorts, HOUR, openCompactRoad, type Row } from '../compact/compact-road.ts';
import { loseCatalog } from './lose-catalog.ts';

const MINUTE_MS = 60_000;
const CLOSED_MS = hourStartMs('2026-03-02-00') + 6 * MINUTE_MS;
const openRollup: OpenRollup = () => openTierRollup(MINUTE_MS, { promotedLabels: ['host'] });
const up = (s: number, value = s): Row => ({ metric: 'up', s, value });

const rebuild = async (road: CompactRoad, { force = false, ports = road.ports, nowMs = CLOSED_MS } = {}): Promise<Record<string, unknown>> => {
  const { lines } = await rebuildCatalog(openAdmin({ ...road.ports, ...ports, clockMs: () => nowMs }), { force, json: true, progress: () => undefined });
  return JSON.parse(lines[0] as string) as Record<string, unknown>;
};

const entriesOf = async ({ ports }: CompactRoad) => (await Promise.all((['raw', '1m', '1h'] as const).map((tier) => allPartitions(ports.catalog, tier)))).flat();

const minutes = (road: CompactRoad, nowMs: number) => road.minute({ nowMs, openRollup, buckets: 2 });

/** Two versions of an hour, its 1m partition, and a day; a hot file that came since. */
const openWorld = async (): Promise<CompactRoad> => {
  const road = await openCompactRoad();
  await road.addHot(1, [up(1), up(3600)]);
  await road.watermark(CLOSED_MS);
  await minutes(road, CLOSED_MS);
  await road.addHot(CLOSED_MS, [up(2)]);
  await minutes(road, CLOSED_MS + 20 * MINUTE_MS);
  await road.addHot(CLOSED_MS + 20 * MINUTE_MS, [up(3)]);
  return road;
};

describe('the rebuild of a lost catalog', () => {
  it('gives every partition the entry that it had, and every hot file its row', async () => {
    const road = await openWorld();
    const [entries, samples, rows] = [await entriesOf(road), await road.read(), await hotFilesOf(road.ports.catalog, HOUR)];
    await loseCatalog(road);
    expect(await road.read()).toEqual([]);
    expect(await rebuild(road)).toMatchObject({ ok: true, partitions: 5, outcomes: { restored: 5 }, hotRows: 1, unread: [] });
    expect(await entriesOf(road)).toEqual(entries);
    expect(await hotFilesOf(road.ports.catalog, HOUR)).toEqual(rows);
    expect(await road.read()).toEqual(samples);
    expect(await rebuild(road)).toMatchObject({ ok: true, outcomes: { kept: 5 }, hotRows: 0 });
  });

  it('goes on wherever it was interrupted, and clears up what lay about', async () => {
    for (let i = 0, died = true; died; i++) {
      const road = await openWorld();
      const samples = await road.read();
      await loseCatalog(road);
      const dying = dyingPorts(road.ports, i, i % 2 === 0);
      const ports = { catalog: dying.ports.catalog, objects: { ...dying.ports.objects, list: road.ports.objects.list.bind(road.ports.objects) } };
      await rebuild(road, { ports }).catch(() => undefined);
      await rebuild(road);
      expect(await road.read()).toEqual(samples);
      await road.watermark(CLOSED_MS);
      await minutes(road, CLOSED_MS + 70 * MINUTE_MS);
      await minutes(road, CLOSED_MS + 140 * MINUTE_MS);
      await minutes(road, CLOSED_MS + 210 * MINUTE_MS);
      expect((await road.keys()).filter((key) => key.startsWith(`raw/dt=${HOUR}/_v`) && key.endsWith('.json'))).toHaveLength(1);
      expect(await road.read()).toEqual(samples);
      died = dying.died();
    }
  });

  it('keeps what the compactor began anew before, both with and without --force', async () => {
    const road = await openWorld();
    const samples = await road.read();
    await minutes(road, CLOSED_MS + 200 * MINUTE_MS);
    await road.ports.objects.remove((await road.keys()).filter((key) => key.startsWith('hot/')));
    await loseCatalog(road);
    await road.addHot(CLOSED_MS + 201 * MINUTE_MS, [up(9)]);
    await road.watermark(CLOSED_MS);
    await minutes(road, CLOSED_MS + 220 * MINUTE_MS);
    await road.ports.objects.remove((await road.keys()).filter((key) => key.startsWith('hot/')));
    expect(await rebuild(road)).toMatchObject({ outcomes: { kept: 3, restored: 2 } });
    expect(await rebuild(road, { force: true })).toMatchObject({ ok: true });
    expect((await road.read()).toSorted()).toEqual([...samples, 'up {"host":"a"} 9 9'].toSorted());
    await minutes(road, CLOSED_MS + 240 * MINUTE_MS);
    expect((await road.read()).toSorted()).toEqual([...samples, 'up {"host":"a"} 9 9'].toSorted());
    expect(await hotFilesOf(road.ports.catalog, HOUR)).toEqual([]);
  });

  it('never takes the manifest of a run under way, nor one whose files are gone', async () => {
    const road = await openWorld();
    const entry = await readEntry(road.ports.catalog, 'raw', HOUR);
    const manifest = await readManifest(road.ports.objects, entry?.manifestKey ?? '');
    await loseCatalog(road);
    const underWay = { ...manifest, version: 3, attempt: 'now' };
    await putManifest(road.ports.objects, underWay);
    await road.ports.catalog.transact([
      { put: { pk: 'garbage', sk: '1/x', attributes: { state: 'waiting', garbage: JSON.stringify({ kind: 'attempt', versions: [underWay], buckets: 1 }) } } },
    ]);
    const [file] = manifest.files as readonly [(typeof manifest.files)[number]];
    await putManifest(road.ports.objects, { ...manifest, version: 4, attempt: 'gone', files: [{ ...file, key: `raw/dt=${HOUR}/v4-gone-b0.parquet` }] });
    await rebuild(road);
    expect(await readEntry(road.ports.catalog, 'raw', HOUR)).toMatchObject({ version: 2, manifestKey: manifestKeyOf(manifest) });
  });

  it('names what does not read, and takes the rest', async () => {
    const road = await openWorld();
    await loseCatalog(road);
    await road.ports.objects.putIfAbsent(`hot/dt=${HOUR}/5-bad.parquet`, Buffer.from('PAR1 no'));
    await road.ports.objects.putIfAbsent(`raw/dt=${HOUR}/_v9-bad.json`, Buffer.from('{'));
    const found = await rebuild(road);
    expect(found).toMatchObject({ ok: false, outcomes: { restored: 5 } });
    expect(found['unread']).toHaveLength(2);
  });

  it.each<{ tier: Tier; dt: string }>([{ tier: 'raw', dt: HOUR }, { tier: '1m', dt: HOUR }])('chooses the same of two attempts at one $tier version, whatever their order', async ({ tier, dt }) => {
    const road = await openWorld();
    const manifest = await readManifest(road.ports.objects, (await readEntry(road.ports.catalog, tier, dt))?.manifestKey ?? '');
    await loseCatalog(road);
    await putManifest(road.ports.objects, { ...manifest, attempt: 'zz' });
    await rebuild(road);
    const expected = [manifestKeyOf(manifest), manifestKeyOf({ ...manifest, attempt: 'zz' })].sort()[0];
    expect((await readEntry(road.ports.catalog, tier, dt))?.manifestKey).toBe(expected);
  });
});
