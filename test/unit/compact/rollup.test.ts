import { describe, expect, it } from 'vitest';
import { allPartitions, objectKeysOf, readEntry, readManifest } from '../../../shared/catalog/partitions.ts';
import { bucketOf } from '../../../shared/compaction/bucket.ts';
import { GRACE_MS } from '../../../shared/compaction/garbage.ts';
import type { OpenRollup } from '../../../shared/compaction/rollup-sink.ts';
import { readSamples } from '../../../shared/storage/hot-read.ts';
import { MergeWriter } from '../../../shared/storage/merge-writer.ts';
import { type CompactRoad, dyingPorts, END_MS, HOUR, openCompactRoad, type Row, START_MS } from './compact-road.ts';

const MINUTE = 60_000;

/** How many samples each series has in each minute, as a table of samples. */
const countRollup: OpenRollup = () => {
  const writer = new MergeWriter({ promotedLabels: ['host'] });
  return {
    series(metric, labels, tMs, _values, from, to) {
      const counts = new Map<number, number>();
      for (let i = from; i < to; i++) {
        const start = Math.floor((tMs[i] as number) / MINUTE) * MINUTE;
        counts.set(start, (counts.get(start) ?? 0) + 1);
      }
      writer.series(metric, labels, [{ tMs: Float64Array.from(counts.keys()), values: Float64Array.from(counts.values()), start: 0, end: counts.size }]);
    },
    finish: () => writer.finish(),
  };
};

const minuteOf = async ({ ports }: CompactRoad) => {
  const entry = await readEntry(ports.catalog, '1m', HOUR);
  if (entry === undefined) throw new Error('no 1m entry');
  return { entry, manifest: await readManifest(ports.objects, entry.manifestKey) };
};

/** host minute count */
const counts = async (road: CompactRoad): Promise<readonly string[]> => {
  const { manifest } = await minuteOf(road);
  const lines = await Promise.all(
    manifest.files.map(async ({ key, bytes }) => {
      const read = await readSamples((offset, length) => road.ports.objects.get(key, { offset, length }), bytes, { fromMs: -Infinity, toMs: Infinity });
      return read.labels.flatMap((labels, k) =>
        Array.from(read.tMs.subarray(read.offsets[k], read.offsets[k + 1]), (t, i) => `${labels} ${(t - START_MS) / MINUTE} ${read.values[(read.offsets[k] as number) + i]}`),
      );
    }),
  );
  return lines.flat().sort();
};

const HOSTS = Array.from({ length: 6 }, (_, i) => `{"host":"h${i}"}`);
const rows = (hosts: readonly string[], seconds: readonly number[]): readonly Row[] => hosts.flatMap((labels) => seconds.map((s) => ({ metric: 'cpu', labels, s, value: s })));
const settings = { buckets: 4, openRollup: countRollup };

describe('the 1m partition of an hour', () => {
  it('is made of the raw one and committed with it, late samples and all', async () => {
    const road = await openCompactRoad();
    await road.addHot(1, rows(HOSTS, [1, 2, 61]));
    await road.compact(settings);
    await road.addHot(2, rows(['{"host":"h0"}'], [2, 3, 119]));
    const first = (await minuteOf(road)).manifest;
    await road.compact(settings);
    const { entry, manifest } = await minuteOf(road);
    expect(entry).toMatchObject({ version: 2, builtFrom: { [HOUR]: 2 }, isClosed: true, lateMerges: 1 });
    expect(manifest.hotKeys).toEqual([]);
    expect(await counts(road)).toEqual(HOSTS.flatMap((host, i) => (i === 0 ? [`${host} 0 3`, `${host} 1 2`] : [`${host} 0 2`, `${host} 1 1`])));
    const touched = bucketOf('{"host":"h0"}', 4);
    expect(manifest.files.filter(({ bucket }) => bucket !== touched)).toEqual(first.files.filter(({ bucket }) => bucket !== touched));
  });

  it('is made whole where the rollup was switched on after the first version, or off for one', async () => {
    const road = await openCompactRoad();
    await road.addHot(1, rows(HOSTS, [1]));
    await road.compact({ buckets: 4 });
    await road.addHot(2, rows(['{"host":"h1"}'], [2]));
    await road.compact(settings);
    expect(await counts(road)).toEqual(HOSTS.map((host, i) => `${host} 0 ${i === 1 ? 2 : 1}`));
    await road.addHot(3, rows(['{"host":"h2"}'], [3]));
    await road.compact({ buckets: 4 });
    await road.addHot(4, rows(['{"host":"h3"}'], [4]));
    await road.compact(settings);
    expect(await counts(road)).toEqual(HOSTS.map((host, i) => `${host} 0 ${i === 1 || i === 2 || i === 3 ? 2 : 1}`));
    expect((await minuteOf(road)).entry).toMatchObject({ version: 2, builtFrom: { [HOUR]: 4 } });
  });

  it('never differs from the raw one, wherever a run dies', async () => {
    for (let at = 0, died = true; died; at++) {
      const road = await openCompactRoad();
      await road.addHot(1, rows(HOSTS, [1]));
      await road.compact(settings);
      await road.addHot(2, rows(HOSTS, [2]));
      const dying = dyingPorts(road.ports, at, at % 2 === 0);
      await road.compact(settings, dying.ports).catch(() => undefined);
      const raw = await readEntry(road.ports.catalog, 'raw', HOUR);
      expect((await minuteOf(road)).entry.builtFrom).toEqual({ [HOUR]: raw?.version });
      await road.compact(settings);
      expect(await counts(road)).toEqual(HOSTS.map((host) => `${host} 0 2`));
      died = dying.died();
    }
  });

  it('is left as it is by samples that come when the raw partition has expired', async () => {
    const road = await openCompactRoad();
    await road.addHot(1, rows(HOSTS, [1]));
    await road.watermark(END_MS + 6 * MINUTE);
    await road.minute({ nowMs: END_MS + 6 * MINUTE, ...settings });
    const goneMs = END_MS + 7 * 24 * GRACE_MS;
    await road.minute({ nowMs: goneMs, ...settings });
    for (const s of [2, 3]) {
      await road.addHot(goneMs + s, rows(['{"host":"h0"}'], [s]));
      await road.compact({ nowMs: goneMs + MINUTE, ...settings });
    }
    expect(await counts(road)).toEqual(HOSTS.map((host) => `${host} 0 1`));
    expect(await road.read()).toHaveLength(2);
  });

  it('has a SQL list of its own, stays when the raw one expires, and its garbage goes', async () => {
    const road = await openCompactRoad();
    const nowMs = END_MS + 6 * MINUTE;
    await road.addHot(1, rows(HOSTS, [1]));
    await road.watermark(nowMs);
    expect(await road.minute({ nowMs, ...settings })).toMatchObject({ lists: 2 });
    await road.addHot(2, rows(HOSTS, [2]));
    await road.minute({ nowMs: nowMs + 6 * GRACE_MS, ...settings });
    await road.minute({ nowMs: nowMs + 7 * GRACE_MS, ...settings });
    await road.minute({ nowMs: nowMs + 7 * 24 * GRACE_MS, ...settings });
    await road.minute({ nowMs: nowMs + 8 * 24 * GRACE_MS, ...settings });
    expect(await allPartitions(road.ports.catalog, 'raw')).toEqual([]);
    const { manifest, entry } = await minuteOf(road);
    expect(await road.keys()).toEqual([entry.manifestKey, ...objectKeysOf(manifest.files), `sql/1m/dt=${HOUR}/symlink.txt`].sort());
    expect(await counts(road)).toEqual(HOSTS.map((host) => `${host} 0 2`));
  });
});
