import { describe, expect, it } from 'vitest';
import { addHotFile, hotFilesOf } from '../../../shared/catalog/hot-files.ts';
import { readEntry, readManifest } from '../../../shared/catalog/partitions.ts';
import { bucketOf } from '../../../shared/compaction/bucket.ts';
import type { CompactPorts } from '../../../shared/compaction/commit-attempt.ts';
import { MissingObjectError } from '../../../shared/storage/object-store.ts';
import { type CompactRoad, dyingPorts, END_MS, HOUR, openCompactRoad, type Row } from './compact-road.ts';

const flush = (value: number, s = value): readonly Row[] => [
  { metric: 'cpu', s, value },
  { metric: 'cpu', labels: '{"host":"b"}', s, value: value / 8 },
  { metric: 'up', s, value: 'stale' },
];
const raw = async (road: CompactRoad) => {
  const entry = await readEntry(road.ports.catalog, 'raw', HOUR);
  if (entry === undefined) throw new Error('no entry');
  return { entry, manifest: await readManifest(road.ports.objects, entry.manifestKey) };
};

describe('the compaction of an hour', () => {
  it('leaves the same samples in one file, and no hot row', async () => {
    const road = await openCompactRoad();
    const keys = [...(await road.addHot(1, flush(1))), ...(await road.addHot(2, flush(2)))];
    const before = await road.read();
    expect(await road.compact()).toMatchObject({ kind: 'merged', version: 1, hotFiles: 2, rows: 6 });
    expect(await road.read()).toEqual(before);
    expect(before).toHaveLength(6);
    expect(await hotFilesOf(road.ports.catalog, HOUR)).toEqual([]);
    const { entry, manifest } = await raw(road);
    expect(manifest).toMatchObject({ version: 1, buckets: 1, hotKeys: keys, files: [{ rows: 6, minMetric: 'cpu', maxMetric: 'up', bucket: 0 }] });
    expect(entry).toMatchObject({ rows: 6, files: 1, mergedHotCount: 2, isClosed: true, lateMerges: 0 });
  });

  it('does nothing where nothing is new', async () => {
    const road = await openCompactRoad();
    expect(await road.compact()).toEqual({ kind: 'nothing' });
    await road.addHot(1, flush(1));
    await road.compact();
    const keys = await road.keys();
    expect(await road.compact()).toEqual({ kind: 'nothing' });
    expect(await road.keys()).toEqual(keys);
  });

  it('lets identity decide between what is merged and what comes late: number before stale, the greater first', async () => {
    const road = await openCompactRoad();
    await road.addHot(1, [{ metric: 'a', s: 1, value: 5 }, { metric: 'b', s: 1, value: 'stale' }, { metric: 'c', s: 1, value: 2 }]);
    await road.compact();
    await road.addHot(2, [{ metric: 'a', s: 1, value: 4 }, { metric: 'b', s: 1, value: -1 }, { metric: 'c', s: 1, value: 9 }, { metric: 'c', s: 0, value: 1 }]);
    expect(await road.compact()).toMatchObject({ version: 2, rows: 4 });
    const host = '{"host":"a"}';
    expect(await road.read()).toEqual([`a ${host} 1 5`, `b ${host} 1 -1`, `c ${host} 0 1`, `c ${host} 1 9`]);
    expect((await raw(road)).entry).toMatchObject({ isClosed: true, lateMerges: 1, mergedHotCount: 2 });
  });

  it('rewrites touched buckets alone, and keeps the buckets that an hour began with', async () => {
    const road = await openCompactRoad();
    const hosts = Array.from({ length: 12 }, (_, i) => `{"host":"h${i}"}`);
    await road.addHot(1, hosts.map((labels) => ({ metric: 'cpu', labels, s: 1, value: 1 })));
    await road.compact({ buckets: 4 });
    const first = (await raw(road)).manifest;
    expect(first.files.map(({ bucket }) => bucket)).toEqual([...new Set(hosts.map((labels) => bucketOf(labels, 4)))].sort());
    expect(first.files.reduce((sum, { rows }) => sum + rows, 0)).toBe(12);
    const [labels] = hosts as [string];
    await road.addHot(2, [{ metric: 'cpu', labels, s: 2, value: 2 }]);
    await road.compact({ buckets: 1 });
    const second = (await raw(road)).manifest;
    const touched = bucketOf(labels, 4);
    expect(second.buckets).toBe(4);
    for (const file of first.files) {
      const now = second.files.find(({ bucket }) => bucket === file.bucket);
      if (file.bucket === touched) expect(now).toMatchObject({ rows: file.rows + 1, key: expect.stringContaining('/v2-') });
      else expect(now).toEqual(file);
    }
    expect(await road.read()).toHaveLength(13);
  });

  it('takes on no more rows than it may, oldest files first, and closes the hour with the last', async () => {
    const road = await openCompactRoad();
    for (const i of [1, 2, 3]) await road.addHot(i, flush(i));
    expect(await road.compact({ maxRows: 7 })).toMatchObject({ hotFiles: 2 });
    expect((await raw(road)).entry.isClosed).toBe(false);
    expect(await road.compact({ maxRows: 1 })).toMatchObject({ hotFiles: 1, rows: 9 });
    expect((await raw(road)).entry).toMatchObject({ isClosed: true, lateMerges: 0 });
  });

  it('leaves an hour open before the watermark has passed its end by five minutes', async () => {
    const road = await openCompactRoad();
    for (const [watermarkMs, isClosed] of [[undefined, false], [END_MS + 299_999, false], [END_MS + 300_000, true]] as const) {
      await road.addHot(watermarkMs ?? 1, flush(1));
      await road.compact({ watermarkMs });
      expect((await raw(road)).entry.isClosed).toBe(isClosed);
    }
  });

  it('drops a row that a store repeated after the merge, without merging it again', async () => {
    const road = await openCompactRoad();
    await road.addHot(1, flush(1));
    const [file] = await hotFilesOf(road.ports.catalog, HOUR);
    await road.compact();
    if (file !== undefined) await addHotFile(road.ports.catalog, file);
    expect(await road.compact()).toEqual({ kind: 'nothing' });
    expect(await hotFilesOf(road.ports.catalog, HOUR)).toEqual([]);
    expect((await raw(road)).entry.version).toBe(1);
  });

  it('refuses an hour any of whose files is missing, touched or not, and changes nothing', async () => {
    const road = await openCompactRoad();
    await road.addHot(1, Array.from({ length: 12 }, (_, i) => ({ metric: 'cpu', labels: `{"host":"h${i}"}`, s: 1, value: 1 })));
    await road.compact({ buckets: 4 });
    const { manifest } = await raw(road);
    const untouched = manifest.files.find(({ bucket }) => bucket !== bucketOf('{"host":"h0"}', 4));
    await road.ports.objects.remove([untouched?.key ?? '']);
    await road.addHot(2, [{ metric: 'cpu', labels: '{"host":"h0"}', s: 2, value: 2 }]);
    await expect(road.compact()).rejects.toBeInstanceOf(MissingObjectError);
    expect((await raw(road)).entry.version).toBe(1);
    expect(await hotFilesOf(road.ports.catalog, HOUR)).toHaveLength(1);
  });
});

describe('compactions of an hour that meet', () => {
  it('let one win; the other leaves nothing behind, and no sample is lost or doubled', async () => {
    const road = await openCompactRoad();
    for (const i of [1, 2, 3]) await road.addHot(i, flush(i));
    const before = await road.read();
    const outcomes = await Promise.all([road.compact({ attempt: 'one' }), road.compact({ attempt: 'two' })]);
    expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['lost', 'merged']);
    expect(await road.read()).toEqual(before);
    const loser = outcomes[0]?.kind === 'lost' ? 'one' : 'two';
    expect((await road.keys()).filter((key) => key.includes(loser))).toEqual([]);
    expect(await road.ports.catalog.query('garbage')).toHaveLength(1);
  });

  it('leave a hot file that comes while one merges to the next run', async () => {
    const road = await openCompactRoad();
    await road.addHot(1, flush(1));
    const { objects } = road.ports;
    let late = false;
    const putIfAbsent: CompactPorts['objects']['putIfAbsent'] = async (key, bytes) => {
      if (!late) {
        late = true;
        await road.addHot(2, flush(2));
      }
      return objects.putIfAbsent(key, bytes);
    };
    const ports = { ...road.ports, objects: { ...bound(objects), putIfAbsent } };
    expect(await road.compact({}, ports)).toMatchObject({ hotFiles: 1, rows: 3 });
    expect(await road.read()).toHaveLength(6);
    expect(await road.compact()).toMatchObject({ version: 2, hotFiles: 1, rows: 6 });
    expect(await road.read()).toHaveLength(6);
  });

  it('knows its own commit when the answer was lost and the write is made again', async () => {
    const road = await openCompactRoad();
    await road.addHot(1, flush(1));
    const { catalog } = road.ports;
    const ports: CompactPorts = {
      ...road.ports,
      catalog: {
        get: (key) => catalog.get(key),
        query: (pk, range) => catalog.query(pk, range),
        transact: async (writes) => {
          const isCommit = writes.some((write) => 'put' in write && write.put.pk === 'partition/raw');
          if (isCommit) await catalog.transact(writes);
          return catalog.transact(writes);
        },
      },
    };
    expect(await road.compact({}, ports)).toMatchObject({ kind: 'merged', version: 1 });
    expect(await road.read()).toHaveLength(3);
    expect(await hotFilesOf(catalog, HOUR)).toEqual([]);
  });
});

const bound = (objects: CompactPorts['objects']): CompactPorts['objects'] => ({
  get: (key, range) => objects.get(key, range),
  putIfAbsent: (key, bytes) => objects.putIfAbsent(key, bytes),
  remove: (keys) => objects.remove(keys),
  replace: (key, bytes) => objects.replace(key, bytes),
});

describe('a compaction that dies', () => {
  it.each([false, true])('at any effect gives the same answer before and after the next run (effect comes about: %s)', async (effectHappens) => {
    for (let at = 0; ; at++) {
      const road = await openCompactRoad();
      await road.addHot(1, flush(1));
      await road.compact();
      for (const i of [2, 3]) await road.addHot(i, flush(i));
      const before = await road.read();
      const { ports, died } = dyingPorts(road.ports, at, effectHappens);
      await road.compact({}, ports).catch(() => undefined);
      expect(await road.read()).toEqual(before);
      await road.compact();
      expect(await road.read()).toEqual(before);
      expect(await hotFilesOf(road.ports.catalog, HOUR)).toEqual([]);
      expect((await raw(road)).entry).toMatchObject({ rows: 9, version: 2, mergedHotCount: 3 });
      if (!died()) {
        expect(at).toBeGreaterThanOrEqual(5);
        break;
      }
    }
  });
});
