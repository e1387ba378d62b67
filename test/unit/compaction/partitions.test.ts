import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ItemTable } from '../../../shared/catalog/item-table.ts';
import {
  allPartitions,
  commitPartitions,
  entryOf,
  listPartitions,
  type Manifest,
  manifestKeyOf,
  partitionFileKey,
  type PartitionEntry,
  putManifest,
  readEntry,
  readManifest,
  removeEntryWrite,
  seriesIndexKey,
  type Tier,
} from '../../../shared/catalog/partitions.ts';
import { type ItemTables, openItemTables } from '../../../shared/embedded/item-sqlite.ts';
import { openObjectDirectory } from '../../../shared/embedded/object-directory.ts';
import { hourStartMs } from '../../../shared/model/hour.ts';
import { tempFolder } from '../../contract/temp-folder.ts';

let tables: ItemTables;
let items: ItemTable;
beforeEach(async () => {
  tables = await openItemTables(':memory:', ['catalog']);
  items = tables.table('catalog');
});
afterEach(() => tables.close());

const manifestOf = (tier: Tier, dt: string, version: number, attempt = 'a'): Manifest => {
  const startMs = hourStartMs(dt.length === 10 ? `${dt}-00` : dt);
  const file = { bucket: 0, rows: 5, bytes: 100, minTMs: startMs + 1000, maxTMs: startMs + 2000, minMetric: 'a', maxMetric: 'ü' };
  return { tier, dt, version, attempt, buckets: 1, files: [{ ...file, key: partitionFileKey({ tier, dt, version, attempt }, 0), seriesIndex: { key: seriesIndexKey({ tier, dt, version, attempt }, 0), series: 2, bytes: 50 } }], hotKeys: ['hot/a', 'hot/b'] };
};
const entryFor = (tier: Tier, dt: string, version: number, attempt = 'a'): PartitionEntry => entryOf(manifestOf(tier, dt, version, attempt), { isClosed: true, lateMerges: version - 1 });

describe('the partitions of the catalog', () => {
  it('has keys that differ by tier, partition, version and attempt', () => {
    const manifest = manifestOf('raw', '2026-01-02-03', 7, 'k2');
    expect(manifestKeyOf(manifest)).toBe('raw/dt=2026-01-02-03/_v7-k2.json');
    expect(manifest.files[0]?.key).toBe('raw/dt=2026-01-02-03/v7-k2-b0.parquet');
    expect(manifest.files[0]?.seriesIndex.key).toBe('raw/dt=2026-01-02-03/_v7-k2-b0.series.parquet');
  });

  it('gives back an entry as it was committed, an empty partition and its sources too', async () => {
    const full = { ...entryFor('raw', '2026-01-02-03', 1), lateMerges: 4 };
    const empty = entryOf({ ...manifestOf('1h', '2026-01-02', 1), files: [] }, { isClosed: false, lateMerges: 0, builtFrom: { '2026-01-02-03': 2 } });
    expect(await commitPartitions(items, [full, empty])).toBe(true);
    expect(await readEntry(items, 'raw', '2026-01-02-03')).toEqual(full);
    expect(await readEntry(items, '1h', '2026-01-02')).toEqual(empty);
    expect(await readEntry(items, '1m', '2026-01-02-03')).toBeUndefined();
    expect(empty).toMatchObject({ minTMs: Infinity, maxTMs: -Infinity, rows: 0 });
  });

  it('moves from n - 1 to n alone, and all tiers or none', async () => {
    const dt = '2026-01-02-03';
    expect(await commitPartitions(items, [entryFor('raw', dt, 2)])).toBe(false);
    expect(await commitPartitions(items, [entryFor('raw', dt, 1)])).toBe(true);
    expect(await commitPartitions(items, [entryFor('raw', dt, 1, 'b')])).toBe(false);
    expect(await commitPartitions(items, [entryFor('raw', dt, 3)])).toBe(false);
    expect(await commitPartitions(items, [entryFor('raw', dt, 2), entryFor('1m', dt, 2)])).toBe(false);
    expect(await readEntry(items, 'raw', dt)).toEqual(entryFor('raw', dt, 1));
    expect(await commitPartitions(items, [entryFor('raw', dt, 2), entryFor('1m', dt, 1)])).toBe(true);
  });

  it('writes nothing when what goes alongside is refused', async () => {
    const alongside = { check: { pk: 'x', sk: 'y' }, when: { is: 'present' } } as const;
    expect(await commitPartitions(items, [entryFor('raw', '2026-01-02-03', 1)], [alongside])).toBe(false);
    expect(await allPartitions(items, 'raw')).toEqual([]);
  });

  it('lists the hours and days that hold rows of a range', async () => {
    const hours = ['2026-01-02-03', '2026-01-02-04', '2026-01-02-05'].map((dt) => entryFor('raw', dt, 1));
    await commitPartitions(items, [...hours, entryFor('1h', '2026-01-02', 1)]);
    const at = hourStartMs('2026-01-02-04');
    expect(await listPartitions(items, 'raw')).toEqual(hours);
    expect(await listPartitions(items, 'raw', at, at + 1000)).toEqual([hours[1]]);
    expect(await listPartitions(items, 'raw', at + 2001, at + 3000)).toEqual([]);
    const midnight = hourStartMs('2026-01-02-00');
    expect(await listPartitions(items, '1h', midnight + 1500, at)).toHaveLength(1);
    expect(await listPartitions(items, '1h', midnight + 86_400_000)).toEqual([]);
  });

  it('takes a partition out unless it has moved on', async () => {
    const first = entryFor('raw', '2026-01-02-03', 1);
    await commitPartitions(items, [first]);
    await commitPartitions(items, [entryFor('raw', '2026-01-02-03', 2)]);
    expect(await items.transact([removeEntryWrite(first)])).toMatchObject({ done: false });
    expect(await items.transact([removeEntryWrite(entryFor('raw', '2026-01-02-03', 2))])).toEqual({ done: true });
    expect(await allPartitions(items, 'raw')).toEqual([]);
  });
});

describe('a manifest', () => {
  it('comes back as it was put', async () => {
    const objects = await openObjectDirectory(await tempFolder());
    const manifest = { ...manifestOf('raw', '2026-01-02-03', 2), predecessor: 'raw/dt=2026-01-02-03/_v1-z.json' };
    await putManifest(objects, manifest);
    expect(await readManifest(objects, manifestKeyOf(manifest))).toEqual(manifest);
  });

  it.each(['', '{', 'null', '{"format":1}', '{"format":2}', JSON.stringify({ format: 1, ...manifestOf('raw', '2026-01-02-03', 9) })])('is not read from %s', async (text) => {
    const objects = await openObjectDirectory(await tempFolder());
    await objects.putIfAbsent('raw/dt=2026-01-02-03/_v1-a.json', Buffer.from(text));
    await expect(readManifest(objects, 'raw/dt=2026-01-02-03/_v1-a.json')).rejects.toMatchObject({ name: 'PermanentError', message: expect.stringMatching(/^read manifest raw/) });
  });

  it.each<[string, string, (file: object) => object]>([
    ['a file without an index', 'files.0.seriesIndex', (file: object) => ({ ...file, seriesIndex: undefined })],
    ['a number of bytes that is a text', 'files.0.bytes', (file: object) => ({ ...file, bytes: '100' })],
    ['rows below 0', 'files.0.rows', (file: object) => ({ ...file, rows: -1 })],
    ['something more', 'files.0.color', (file: object) => ({ ...file, color: 'red' })],
  ])('is not read with %s, and the error says where', async (_, where, change) => {
    const objects = await openObjectDirectory(await tempFolder());
    const manifest = manifestOf('raw', '2026-01-02-03', 1);
    await objects.putIfAbsent(manifestKeyOf(manifest), Buffer.from(JSON.stringify({ format: 1, ...manifest, files: manifest.files.map((file) => change(file)) })));
    await expect(readManifest(objects, manifestKeyOf(manifest))).rejects.toThrow(`found ${where} to be of another kind`);
  });
});
