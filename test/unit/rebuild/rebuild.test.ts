import { describe, expect, it } from 'vitest';
import { readEntry, readManifest } from '../../../shared/catalog/partitions.ts';
import { rebuild } from '../../../shared/commands/rebuild.ts';
import { rewriteTier } from '../../../shared/deletion/rewrite-tier.ts';
import { examineSources } from '../../../shared/doctor/rollup-sources.ts';
import { readTierFile } from '../../../shared/storage/tier-read.ts';
import type { TierColumns } from '../../../shared/tiers/bucket.ts';
import { withoutRows } from '../../../shared/tiers/without-buckets.ts';
import { DEFAULT_RETENTION } from '../../../shared/tiers/retention.ts';
import { openAdmin } from '../commands/open-admin.ts';
import { type CompactRoad, HOUR, openCompactRoad } from '../compact/compact-road.ts';
import { bucketsOf, CLOSED_MS, minute, MINUTE_MS, openRollup } from '../deletion/delete-road.ts';

const DAY = '2026-03-01';
const HOSTS = ['{"host":"a"}', '{"host":"b"}', '{"host":"c"}'];
const settings = { promotedLabels: ['host'], buckets: 2, openRollup, retention: DEFAULT_RETENTION, addressOf: (key: string) => `file:///lake/${key}` };

const openWorld = async (): Promise<CompactRoad> => {
  const road = await openCompactRoad();
  await road.addHot(1, HOSTS.flatMap((labels) => [5, 35, 65, 3605].map((s) => ({ metric: 'cpu', labels, s, value: s / 3 }))));
  await road.watermark(CLOSED_MS);
  await minute(road, CLOSED_MS);
  return road;
};

const run = async (road: CompactRoad, { verify = true, nowMs = CLOSED_MS, ...range }: { verify?: boolean; nowMs?: number; tier?: '1m' | '1h'; from?: string; to?: string } = {}) => {
  const { ok, lines } = await rebuild(openAdmin({ ...road.ports, clockMs: () => nowMs, buckets: 2 }), { verify, json: true, progress: () => undefined, ...range });
  return { ok, ...(JSON.parse(lines[0] as string) as { compared: number; differing: readonly { tier: string; dt: string; series: number; rows: number; examples: readonly string[] }[] }) };
};

/** A version of a partition that is not what it is made of. */
const spoil = async (road: CompactRoad, tier: '1m' | '1h', dt: string, change: (rows: TierColumns) => TierColumns): Promise<void> => {
  const plan: Parameters<typeof rewriteTier>[3] = async ({ entry, manifest }) => {
    const rows = new Map<number, TierColumns>();
    for (const file of manifest.files) rows.set(file.bucket, change(await readTierFile(road.ports.objects, file)));
    const { isClosed, lateMerges, builtFrom } = entry;
    return { rows, standing: { isClosed, lateMerges, ...(builtFrom === undefined ? {} : { builtFrom }) } };
  };
  await rewriteTier(road.ports, tier, dt, plan, settings, { nowMs: CLOSED_MS, attempt: 'spoil' });
};

const withSum = (rows: TierColumns): TierColumns => ({ ...rows, sum: rows.sum.map((sum, i) => (rows.startMs[i] === rows.startMs[0] ? sum + 1e-12 : sum)) });

describe('rebuild', () => {
  it('finds nothing where rollups are what they are made of, and writes nothing then', async () => {
    const road = await openWorld();
    expect(await run(road)).toEqual({ ok: true, verify: true, compared: 3, differing: [] });
    const keys = await road.keys();
    expect(await run(road, { verify: false })).toMatchObject({ ok: true, compared: 3, differing: [] });
    expect(await road.keys()).toEqual(keys);
  });

  it('finds a partition that has lost all of its rows', async () => {
    const road = await openWorld();
    await spoil(road, '1m', HOUR, (rows) => withoutRows(rows, () => true));
    expect((await run(road, { tier: '1m' })).differing).toMatchObject([{ tier: '1m', dt: HOUR, rows: 6 }]);
  });

  it('names a sum that differs in its last bits, a row that is missing, and one too many; then makes them right', async () => {
    const road = await openWorld();
    const right = [await bucketsOf(road, '1m'), await bucketsOf(road, '1h')];
    await spoil(road, '1m', HOUR, withSum);
    await spoil(road, '1h', DAY, (rows) => withoutRows(rows, (k) => rows.labels[k] === '{"host":"b"}'));
    const verified = await run(road);
    expect(verified.ok).toBe(false);
    expect(verified.differing.map(({ tier, dt, series, rows }) => `${tier} ${dt} ${series} ${rows}`)).toEqual([`1m ${HOUR} 3 3`, `1h ${DAY} 3 4`]);
    expect(verified.differing[0]?.examples[0]).toMatch(/^cpu\{"host":"."\} at 2026-03-01T10:00:00\.000Z has sum 13\.33333333333433\d*, 13\.33333333333333\d* expected$/);
    expect(verified.differing[1]?.examples.some((example) => example.endsWith('is missing'))).toBe(true);
    expect(await run(road, { verify: false })).toMatchObject({ ok: true });
    expect([await bucketsOf(road, '1m'), await bucketsOf(road, '1h')]).toEqual(right);
    expect(await run(road)).toMatchObject({ ok: true, differing: [] });
    const entry = await readEntry(road.ports.catalog, '1h', DAY);
    expect(entry === undefined ? 'gone' : await examineSources(road.ports.catalog, entry, DEFAULT_RETENTION, CLOSED_MS)).toEqual([]);
  });

  it('keeps to one tier and a range', async () => {
    const road = await openWorld();
    await spoil(road, '1m', HOUR, withSum);
    expect(await run(road, { tier: '1h' })).toMatchObject({ compared: 1 });
    expect(await run(road, { tier: '1m', from: '2026-03-01T11:00:00Z' })).toMatchObject({ ok: true, compared: 1 });
    expect(await run(road, { tier: '1m', from: '2026-03-01T10:59:59Z', to: '2026-03-01T11:00:00Z' })).toMatchObject({ ok: false, compared: 1 });
    await expect(run(road, { from: 'soon' })).rejects.toThrow('cannot parse "soon"');
  });

  it('leaves alone what has nothing finer left: an hour without raw, and in a day the hours without 1m', async () => {
    const road = await openWorld();
    const before = await bucketsOf(road, '1h');
    await minute(road, CLOSED_MS + 8 * 86_400_000);
    expect(await run(road, { nowMs: CLOSED_MS + 8 * 86_400_000 })).toMatchObject({ ok: true, compared: 1 });
    const { catalog } = road.ports;
    await catalog.transact([{ remove: { pk: 'partition/1m', sk: HOUR } }]);
    await spoil(road, '1h', DAY, withSum);
    const spoilt = await bucketsOf(road, '1h');
    expect(await run(road, { nowMs: CLOSED_MS + 8 * 86_400_000, verify: false })).toMatchObject({ differing: [] });
    expect(await bucketsOf(road, '1h')).toEqual(spoilt);
    expect(spoilt).not.toEqual(before);
  });

  it('has a rollup of other buckets than its source right too', async () => {
    const road = await openWorld();
    const entry = await readEntry(road.ports.catalog, '1m', HOUR);
    const manifest = await readManifest(road.ports.objects, entry?.manifestKey ?? '');
    expect(manifest.buckets).toBe(2);
    const other = await openCompactRoad();
    await other.addHot(1, HOSTS.map((labels) => ({ metric: 'cpu', labels, s: 5, value: 1 })));
    await other.watermark(CLOSED_MS);
    await other.compact({ openRollup, buckets: 3 });
    await other.addHot(2, HOSTS.map((labels) => ({ metric: 'cpu', labels, s: 3605, value: 1 })));
    await other.minute({ nowMs: CLOSED_MS + MINUTE_MS, openRollup, buckets: 2 });
    expect(await run(other)).toMatchObject({ ok: true, compared: 3, differing: [] });
  });
});
