import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CompactThread, makeCompactThread } from '../../../scripts/start/compact-thread.ts';
import { beginBackfill } from '../../../shared/catalog/backfill-files.ts';
import { addHotFile, hotFilesOf } from '../../../shared/catalog/hot-files.ts';
import type { ItemTable } from '../../../shared/catalog/item-table.ts';
import { allPartitions } from '../../../shared/catalog/partitions.ts';
import { type ItemTables, openItemTables } from '../../../shared/embedded/item-sqlite.ts';
import { openObjectDirectory } from '../../../shared/embedded/object-directory.ts';
import { PermanentError } from '../../../shared/errors.ts';
import { type SampleBatch, SampleBatchBuilder } from '../../../shared/model/sample-batch.ts';
import { buildHotObjects } from '../../../shared/storage/hot-object.ts';
import type { ObjectStore } from '../../../shared/storage/object-store.ts';
import { DEFAULT_RETENTION } from '../../../shared/tiers/retention.ts';
import { encodeFrames } from '../../../shared/wire/frame.ts';
import { tempFolder } from '../../contract/temp-folder.ts';

const HOUR = '2026-01-01-12';
const NOW_MS = Date.UTC(2026, 0, 1, 12, 30);
const WITHOUT_END = new AbortController().signal;

let folder: string;
let tables: ItemTables;
let catalog: ItemTable;
let objects: ObjectStore;
let thread: CompactThread;
beforeEach(async () => {
  folder = await tempFolder();
  objects = await openObjectDirectory(folder);
  tables = await openItemTables(join(folder, 'items.sqlite'), ['catalog', 'alerts']);
  catalog = tables.table('catalog');
  thread = makeCompactThread({ objectsFolder: folder, retention: DEFAULT_RETENTION, classes: [] }, () => tables.share());
});
afterEach(async () => {
  await thread.close();
  await tables.close();
});

const batchOf = (tMs: number): SampleBatch => {
  const batch = new SampleBatchBuilder();
  batch.series('m', '{}');
  batch.sample(tMs, tMs);
  return batch.build();
};

const store = async (key: string, tMs: number): Promise<void> => {
  const [object] = buildHotObjects([batchOf(tMs)], { promotedLabels: [] });
  const { bytes, ...row } = object as NonNullable<typeof object>;
  await objects.putIfAbsent(key, bytes);
  await addHotFile(catalog, { ...row, key, bytes: bytes.length });
};

const run = (attempt: string, stopping = WITHOUT_END): ReturnType<CompactThread['compact']> => thread.compact({ nowMs: NOW_MS, attempt, openHotFiles: 1 }, stopping);

describe('the thread that compacts', () => {
  it('merges what is due, raw and 1m, under the same catalog and folder as the main thread', async () => {
    await store(`hot/dt=${HOUR}/1.parquet`, NOW_MS);
    expect(await run('a')).toMatchObject({ outcomes: [{ kind: 'merged', version: 1, rows: 1 }], left: 0 });
    await store(`hot/dt=${HOUR}/2.parquet`, NOW_MS + 1);
    expect(await run('b')).toMatchObject({ outcomes: [{ kind: 'merged', version: 2, rows: 2 }] });
    expect(await hotFilesOf(catalog, HOUR)).toEqual([]);
    expect((await Promise.all((['raw', '1m'] as const).map((tier) => allPartitions(catalog, tier)))).map(([entry]) => entry?.version)).toEqual([2, 2]);
  });

  it('leaves half written files of the main thread alone', async () => {
    await mkdir(join(folder, '~tmp'), { recursive: true });
    await writeFile(join(folder, '~tmp', '7'), 'half');
    await run('a');
    expect(await readdir(join(folder, '~tmp'))).toEqual(['7']);
  });

  it('says what fails, and goes on when that has gone', async () => {
    await store(`hot/dt=${HOUR}/1.parquet`, NOW_MS);
    const file = join(folder, `hot/dt=${HOUR}/1.parquet`);
    await rm(file);
    await expect(run('a')).rejects.toThrow(/compact 2026-01-01-12: .*hot\/dt=2026-01-01-12\/1.parquet/);
    await store(`hot/dt=${HOUR}/1.parquet`, NOW_MS);
    expect(await run('b')).toMatchObject({ outcomes: [{ kind: 'merged' }] });
  });

  it('begins nothing once it is to stop', async () => {
    await store(`hot/dt=${HOUR}/1.parquet`, NOW_MS);
    expect(await run('a', AbortSignal.abort())).toMatchObject({ outcomes: [], left: 1 });
  });

  it('is started anew after it has died', async () => {
    const lake = join(folder, 'lake');
    await writeFile(lake, 'no folder');
    thread = makeCompactThread({ objectsFolder: lake, retention: DEFAULT_RETENTION, classes: [] }, () => tables.share());
    await expect(run('a')).rejects.toThrow(/^compact thread: open object directory /);
    await rm(lake);
    expect(await run('b')).toMatchObject({ outcomes: [], left: 0 });
  });

  it('answers the calls of a backfill in turn with its runs, and says whether an error is for good', async () => {
    await beginBackfill(catalog, '1.a', NOW_MS);
    const frame = encodeFrames(() => new Uint8Array(16), { sender: 'backfill', flushIntervalMs: 0 }, batchOf(NOW_MS - 3_600_000))[0]?.bytes as Uint8Array;
    const piece = thread.answerCall({ kind: 'piece', run: '1.a', frame, nowMs: NOW_MS });
    const answers = await Promise.all([piece, run('a'), thread.answerCall({ kind: 'step', run: '1.a', nowMs: NOW_MS }), run('b')]);
    expect(answers).toMatchObject([{ samples: 1 }, { outcomes: [] }, { stored: 1, isDone: false }, { outcomes: [] }]);
    expect(await thread.answerCall({ kind: 'step', run: '1.a', nowMs: NOW_MS })).toMatchObject({ isDone: true });
    await expect(thread.answerCall({ kind: 'step', run: '1.a', nowMs: NOW_MS })).rejects.toThrow(PermanentError);
  });

  it('deletes and rebuilds', async () => {
    await store(`hot/dt=${HOUR}/1.parquet`, NOW_MS);
    await run('a');
    const about = { class: undefined, dt: HOUR, nowMs: NOW_MS };
    expect(await thread.answerCall({ ...about, kind: 'rebuild', tier: '1m', isVerified: true })).toEqual({ series: 0, rows: 0, examples: [] });
    expect(await thread.answerCall({ ...about, kind: 'rebuild', tier: '1m', dt: '2026-01-01-11', isVerified: false })).toBeNull();
    const selection = { matchers: [{ name: '__name__', op: '=' as const, value: 'm' }], fromMs: NOW_MS, toMs: NOW_MS + 60_000 };
    expect(await thread.answerCall({ ...about, kind: 'delete', tier: 'raw', selection, isDry: true })).toEqual({ raw: 1 });
    expect(await thread.answerCall({ ...about, kind: 'delete', tier: 'raw', selection, isDry: false })).toEqual({ raw: 1, '1m': 1 });
    expect(await thread.answerCall({ ...about, kind: 'delete', tier: 'raw', selection, isDry: true })).toEqual({ raw: 0 });
    await expect(thread.answerCall({ ...about, kind: 'delete', class: 'none', tier: 'raw', selection, isDry: true })).rejects.toThrow(PermanentError);
  });

  it('starts no more once it is closed, whatever waits', async () => {
    await beginBackfill(catalog, '1.a', NOW_MS);
    let started = 0;
    thread = makeCompactThread({ objectsFolder: folder, retention: DEFAULT_RETENTION, classes: [] }, () => {
      started++;
      return tables.share();
    });
    const calls = [1, 2, 3].map(() => thread.answerCall({ kind: 'step', run: '1.a', nowMs: NOW_MS }));
    await calls[0];
    await thread.close();
    const ends = await Promise.allSettled([...calls.slice(1), run('late')]);
    expect(ends.map((end) => (end.status === 'rejected' ? String(end.reason) : end.status))).toContain('Error: compact thread: it is closed');
    expect(started).toBe(1);
  });

  it('fails what is under way when the tables are closed', async () => {
    await run('a');
    await tables.close();
    await expect(run('b')).rejects.toThrow('item thread: it is closed');
  });
});
