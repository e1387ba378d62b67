import { describe, expect, it } from 'vitest';
import { allPartitions, type PartitionEntry, readEntry, readManifest, removeEntryWrite, type Tier } from '../../../shared/catalog/partitions.ts';
import { planDays } from '../../../shared/compaction/plan-days.ts';
import type { OpenRollup } from '../../../shared/compaction/rollup-sink.ts';
import { hourStartMs } from '../../../shared/model/hour.ts';
import { openTierRollup } from '../../../shared/storage/tier-rollup.ts';
import { readTier } from '../../../shared/storage/tier-read.ts';
import { type CompactRoad, dyingPorts, openCompactRoad, type Row, START_MS } from './compact-road.ts';

const DAY = '2026-03-01';
const DAY_END_MS = hourStartMs('2026-03-02-00');
const MINUTE = 60_000;
const CLOSED_MS = DAY_END_MS + 6 * MINUTE;
const openRollup: OpenRollup = () => openTierRollup(MINUTE, { promotedLabels: ['host'] });
const settings = { openRollup, buckets: 2 };

const HOSTS = ['{"host":"a"}', '{"host":"b"}', '{"host":"c"}'];
const at = (...seconds: readonly number[]): readonly Row[] => HOSTS.flatMap((labels) => seconds.map((s) => ({ metric: 'cpu', labels, s, value: s })));

/** host, hours after START_MS, count, sum, first, last of every bucket of the tier. */
const bucketsOf = async ({ ports }: CompactRoad, tier: Tier): Promise<readonly string[]> => {
  const lines: string[] = [];
  for (const { manifestKey } of await allPartitions(ports.catalog, tier)) {
    for (const { key, bytes } of (await readManifest(ports.objects, manifestKey)).files) {
      const read = await readTier((offset, length) => ports.objects.get(key, { offset, length }), bytes, { fromMs: -Infinity, toMs: Infinity });
      read.labels.forEach((labels, k) => {
        for (let i = read.offsets[k] as number; i < (read.offsets[k + 1] as number); i++) {
          lines.push([labels, ((read.startMs[i] as number) - START_MS) / MINUTE, read.count[i], read.sum[i], read.first[i], read.last[i]].join(' '));
        }
      });
    }
  }
  return lines.sort();
};

describe('the 1h partition of a day', () => {
  it('is built once the day is over, and again when late samples come', async () => {
    const road = await openCompactRoad();
    await road.addHot(1, at(10, 20, 70, -3590, 3600));
    await road.watermark(DAY_END_MS + 4 * MINUTE);
    await road.minute({ nowMs: DAY_END_MS + 4 * MINUTE, ...settings });
    expect(await allPartitions(road.ports.catalog, '1h')).toEqual([]);
    await road.watermark(CLOSED_MS);
    expect(await road.minute({ nowMs: CLOSED_MS, ...settings })).toMatchObject({ outcomes: [{ kind: 'merged', rows: 9 }], lists: 1 });
    expect(await bucketsOf(road, '1m')).toHaveLength(12);
    expect(await bucketsOf(road, '1h')).toEqual(HOSTS.flatMap((host) => [`${host} -60 1 -3590 -3590 -3590`, `${host} 0 3 100 10 70`, `${host} 60 1 3600 3600 3600`]).sort());
    expect(await road.minute({ nowMs: CLOSED_MS + MINUTE, ...settings })).toMatchObject({ outcomes: [] });
    await road.addHot(CLOSED_MS, at(5));
    await road.minute({ nowMs: CLOSED_MS + 20 * MINUTE, ...settings });
    expect(await bucketsOf(road, '1h')).toContain('{"host":"b"} 0 4 105 5 70');
    expect(await readEntry(road.ports.catalog, '1h', DAY)).toMatchObject({ version: 2, builtFrom: { '2026-03-01-09': 1, '2026-03-01-10': 2, '2026-03-01-11': 1 } });
  });

  it('keeps what it holds of an hour whose 1m partition has expired', async () => {
    const road = await openCompactRoad();
    await road.addHot(1, at(10, -3590, 3600));
    await road.watermark(CLOSED_MS);
    await road.minute({ nowMs: CLOSED_MS, ...settings });
    const expired = (await readEntry(road.ports.catalog, '1m', '2026-03-01-09')) as PartitionEntry;
    await road.ports.catalog.transact([removeEntryWrite(expired)]);
    await road.addHot(CLOSED_MS, at(5));
    await road.minute({ nowMs: CLOSED_MS + 20 * MINUTE, ...settings });
    expect(await bucketsOf(road, '1h')).toEqual(HOSTS.flatMap((host) => [`${host} -60 1 -3590 -3590 -3590`, `${host} 0 2 15 5 10`, `${host} 60 1 3600 3600 3600`]).sort());
    expect(await readEntry(road.ports.catalog, '1h', DAY)).toMatchObject({ version: 2, builtFrom: { '2026-03-01-09': 1, '2026-03-01-10': 2, '2026-03-01-11': 1 } });
  });

  it('joins hours of different numbers of buckets', async () => {
    const road = await openCompactRoad();
    await road.addHot(1, at(10));
    await road.watermark(CLOSED_MS);
    await road.compact({ ...settings, buckets: 3 });
    await road.addHot(2, at(3601));
    await road.minute({ nowMs: CLOSED_MS, ...settings, buckets: 1 });
    expect(await bucketsOf(road, '1h')).toEqual(HOSTS.flatMap((host) => [`${host} 0 1 10 10 10`, `${host} 60 1 3601 3601 3601`]));
  });

  it('is the same wherever a run dies', async () => {
    for (let i = 0, died = true; died; i++) {
      const road = await openCompactRoad();
      await road.addHot(1, at(10));
      await road.watermark(CLOSED_MS);
      const dying = dyingPorts(road.ports, i, i % 2 === 0);
      await road.minute({ nowMs: CLOSED_MS, ...settings }, dying.ports).catch(() => undefined);
      await road.minute({ nowMs: CLOSED_MS + MINUTE, ...settings });
      expect(await bucketsOf(road, '1h')).toEqual(HOSTS.map((host) => `${host} 0 1 10 10 10`));
      died = dying.died();
    }
  });
});

describe('the days that are due', () => {
  const entry = (tier: Tier, dt: string, version: number, builtFrom?: Readonly<Record<string, number>>): PartitionEntry => ({
    tier, dt, version, manifestKey: 'm', files: 1, rows: 1, bytes: 1, minTMs: 0, maxTMs: 1, mergedHotCount: 0, isClosed: true, lateMerges: 0, ...(builtFrom === undefined ? {} : { builtFrom }),
  });
  const minutes = [entry('1m', `${DAY}-09`, 1), entry('1m', `${DAY}-10`, 3), entry('1m', '2026-03-02-00', 1)];

  it.each<{ name: string; builtFrom: Readonly<Record<string, number>> | undefined; due: readonly string[] }>([
    { name: 'never built', builtFrom: undefined, due: [DAY] },
    { name: 'built from what stands', builtFrom: { [`${DAY}-09`]: 1, [`${DAY}-10`]: 3 }, due: [] },
    { name: 'built from an older hour', builtFrom: { [`${DAY}-09`]: 1, [`${DAY}-10`]: 2 }, due: [DAY] },
    { name: 'built before an hour was there', builtFrom: { [`${DAY}-09`]: 1 }, due: [DAY] },
    { name: 'built from an hour that has expired, and from what stands', builtFrom: { [`${DAY}-08`]: 1, [`${DAY}-09`]: 1, [`${DAY}-10`]: 3 }, due: [] },
    { name: 'built from an hour that has expired, before another came', builtFrom: { [`${DAY}-08`]: 1, [`${DAY}-09`]: 1 }, due: [DAY] },
  ])('$name: $due', ({ builtFrom, due }) => {
    expect(planDays(minutes, builtFrom === undefined ? [] : [entry('1h', DAY, 1, builtFrom)], CLOSED_MS)).toEqual(due);
    expect(planDays(minutes, [], DAY_END_MS + 5 * MINUTE - 1)).toEqual([]);
    expect(planDays(minutes, [], undefined)).toEqual([]);
  });
});
