import { randomBytes } from 'node:crypto';
import { readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type EmbeddedStream, openStream, type StreamOptions } from '../../../shared/embedded/stream.ts';
import { openFolder, type StreamFile, type StreamFiles } from '../../../shared/embedded/stream-files.ts';
import { PermanentError, ThrottledError, UnavailableError } from '../../../shared/errors.ts';
import type { DeliveredRecord, OutgoingRecord } from '../../../shared/wire/record-stream.ts';
import { tempFolder } from '../../contract/temp-folder.ts';

const record = (text: string, partitionKey = 'k'): OutgoingRecord => ({ partitionKey, data: Buffer.from(text) });
const texts = (records: readonly DeliveredRecord[]): string[] => records.map(({ data }) => Buffer.from(data).toString());
const options = (more: Partial<StreamOptions> = {}): StreamOptions => ({ shardCount: 1, nowMs: () => 1000, ...more });
const readAll = async (stream: EmbeddedStream, shardId = 'shard-000000'): Promise<readonly DeliveredRecord[]> =>
  (await stream.read(shardId, undefined, 100_000, Number.POSITIVE_INFINITY)).records;
const segmentsOf = async (dir: string): Promise<string[]> => (await readdir(dir)).filter((name) => name.endsWith('.seg')).sort();

describe('embedded stream', () => {
  it('keeps records, stamps and growing sequences over a restart', async () => {
    const dir = await tempFolder();
    const first = await openStream(dir, options());
    await first.putRecords([record('a', 'key 1'), record('b')]);
    await first.close();
    const second = await openStream(dir, options({ nowMs: () => 2000 }));
    await second.putRecords([record('c')]);
    expect((await readAll(second)).map(({ sequence, arrivalMs, partitionKey, data }) => [sequence, arrivalMs, partitionKey, Buffer.from(data).toString()])).toEqual([
      ['1', 1000, 'key 1', 'a'],
      ['2', 1000, 'k', 'b'],
      ['3', 2000, 'k', 'c'],
    ]);
    await second.close();
  });

  it('reads on behind a sequence, within records and bytes, and says whether there is more', async () => {
    const stream = await openStream(await tempFolder(), options());
    await stream.putRecords(['a', 'b', 'c', 'd'].map((text) => record(text)));
    const some = await stream.read('shard-000000', '1', 2, 1e9);
    expect([texts(some.records), some.more]).toEqual([['b', 'c'], true]);
    const rest = await stream.read('shard-000000', '3', 2, 1e9);
    expect([texts(rest.records), rest.more]).toEqual([['d'], false]);
    // A record of one byte counts 548 + 4.
    const two = await stream.read('shard-000000', undefined, 10, 2 * 552);
    expect([texts(two.records), two.bytes, two.more]).toEqual([['a', 'b'], 1104, true]);
    await stream.close();
  });

  it('writes concurrent puts with few syncs, in the order they came', async () => {
    const files = await openFolder(await tempFolder());
    let syncs = 0;
    const counting = withFile(files, (file) => ({ ...file, sync: () => (syncs++, file.sync()) }));
    const stream = await openStream('', options({ files: counting }));
    syncs = 0;
    await Promise.all(Array.from({ length: 100 }, (_, i) => stream.putRecords([record(String(i))])));
    expect(texts(await readAll(stream))).toEqual(Array.from({ length: 100 }, (_, i) => String(i)));
    expect(syncs).toBeLessThan(4);
    await stream.close();
  });

  it.each([1, 7, 8, 9, 30])('cuts a torn tail that lacks %i bytes, and appends behind the cut', async (missing) => {
    const dir = await tempFolder();
    const first = await openStream(dir, options());
    await first.putRecords([record('whole'), record('torn record')]);
    await first.close();
    const path = join(dir, (await segmentsOf(dir))[0] as string);
    await truncate(path, (await stat(path)).size - missing);
    const second = await openStream(dir, options());
    expect(texts(await readAll(second))).toEqual(['whole']);
    await second.putRecords([record('next')]);
    await second.close();
    const third = await openStream(dir, options());
    expect(texts(await readAll(third))).toEqual(['whole', 'next']);
    await third.close();
  });

  it('is unavailable once it is closed: the records are good, and are to come again', async () => {
    const stream = await openStream(await tempFolder(), options());
    await stream.close();
    await expect(stream.putRecords([record('a')])).rejects.toThrow(UnavailableError);
  });

  it('takes a tail of zeros for no record', async () => {
    const dir = await tempFolder();
    const first = await openStream(dir, options());
    await first.putRecords([record('whole')]);
    await first.close();
    const path = join(dir, (await segmentsOf(dir))[0] as string);
    await writeFile(path, Buffer.concat([await readFile(path), Buffer.alloc(4096)]));
    const second = await openStream(dir, options());
    expect(texts(await readAll(second))).toEqual(['whole']);
    await second.close();
  });

  it('never takes back what stood behind a bad frame, even when the next record fills the hole exactly', async () => {
    const dir = await tempFolder();
    const first = await openStream(dir, options());
    await first.putRecords([record('one'), record('two'), record('six')]);
    await first.close();
    const path = join(dir, (await segmentsOf(dir))[0] as string);
    const bytes = await readFile(path);
    bytes[(2 * bytes.length) / 3 - 1] = 0;
    await writeFile(path, bytes);
    const second = await openStream(dir, options());
    await second.putRecords([record('new')]);
    await second.close();
    const third = await openStream(dir, options());
    expect(texts(await readAll(third))).toEqual(['one', 'new']);
    await third.close();
  });

  it.each(['removed', 'emptied'])('numbers on behind its checkpoint when its segment was %s', async (how) => {
    const dir = await tempFolder();
    const first = await openStream(dir, options());
    await first.putRecords([record('a'), record('b')]);
    await first.saveCheckpoint('shard-000000', '2');
    await first.close();
    const name = (await segmentsOf(dir))[0] as string;
    if (how === 'removed') await (await openFolder(dir)).remove(name);
    else await writeFile(join(dir, name), '');
    const second = await openStream(dir, options());
    await second.putRecords([record('c')]);
    expect((await second.read('shard-000000', '2', 10, 1e9)).records.map(({ sequence }) => sequence)).toEqual(['3']);
    await second.close();
  });

  it('refuses to open over a damaged record in an earlier segment, naming the place', async () => {
    const dir = await tempFolder();
    const first = await openStream(dir, options({ segmentBytes: 1 }));
    await first.putRecords([record('one')]);
    await first.putRecords([record('two')]);
    await first.close();
    const path = join(dir, (await segmentsOf(dir))[0] as string);
    const bytes = await readFile(path);
    bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1;
    await writeFile(path, bytes);
    await expect(openStream(dir, options())).rejects.toThrow(/shard-000000\.0000000000000001\.seg: found a bad frame at byte 0 of 31/);
  });

  it('refuses segments without a table of shards', async () => {
    const dir = await tempFolder();
    await (await openStream(dir, options())).close();
    const { remove } = await openFolder(dir);
    await remove('shards.json');
    await expect(openStream(dir, options())).rejects.toThrow(/shards\.json/);
  });

  it('routes by the hash of the partition key, and by the explicit hash key before it', async () => {
    const stream = await openStream(await tempFolder(), options({ shardCount: 4 }));
    const shards = await stream.listShards();
    await stream.putRecords(shards.map((shard) => ({ ...record(shard.shardId), explicitHashKey: shard.startingHashKey })));
    for (const { shardId } of shards) expect(texts(await readAll(stream, shardId))).toEqual([shardId]);
    await stream.putRecords(Array.from({ length: 400 }, (_, i) => record('x', `host-${i}`)));
    for (const { shardId } of shards) expect((await readAll(stream, shardId)).length).toBeGreaterThan(60);
    await stream.close();
  });

  it.each([
    ['a record over 1 MiB', { partitionKey: 'k', data: new Uint8Array(1024 * 1024) }],
    ['an empty partition key', record('x', '')],
    ['a partition key of 257 characters', record('x', 'k'.repeat(257))],
    ['a hash key of 2^128', { ...record('x'), explicitHashKey: '340282366920938463463374607431768211456' }],
    ['a hash key that is no number', { ...record('x'), explicitHashKey: '0x1' }],
  ])('refuses %s for ever, and keeps nothing of the put', async (_, bad) => {
    const stream = await openStream(await tempFolder(), options());
    await expect(stream.putRecords([record('good'), bad])).rejects.toBeInstanceOf(PermanentError);
    expect(await readAll(stream)).toEqual([]);
    await stream.close();
  });

  it('throttles a put that comes while too much waits for the disk', async () => {
    const stream = await openStream(await tempFolder(), options({ queueBytes: 1000 }));
    const large = stream.putRecords([{ partitionKey: 'k', data: randomBytes(5000) }]);
    await expect(stream.putRecords([record('small')])).rejects.toBeInstanceOf(ThrottledError);
    await large;
    await stream.putRecords([record('small')]);
    expect(await readAll(stream)).toHaveLength(2);
    await stream.close();
  });
});

describe('embedded stream on a disk that refuses', () => {
  it.each(['write', 'half a write', 'sync'])('acknowledges nothing when a %s fails, and goes on behind the last good frame', async (how) => {
    const dir = await tempFolder();
    let failing = false;
    const files = withFile(await openFolder(dir), (file) => failingFile(file, () => (failing ? how : undefined)));
    const stream = await openStream('', options({ files }));
    await stream.putRecords([record('before')]);
    const [name] = await segmentsOf(dir);
    const bytes = await files.sizeBytes(name as string);
    failing = true;
    const puts = await Promise.allSettled([stream.putRecords([record('lost 1')]), stream.putRecords([record('lost 2')])]);
    for (const put of puts) expect(put).toMatchObject({ status: 'rejected', reason: expect.any(UnavailableError) });
    expect(await files.sizeBytes(name as string)).toBe(bytes);
    failing = false;
    await stream.putRecords([record('after')]);
    expect(texts(await readAll(stream))).toEqual(['before', 'after']);
    await stream.close();
    const again = await openStream(dir, options());
    expect((await readAll(again)).map(({ sequence }) => sequence)).toEqual(['1', '2']);
    await again.close();
  });

  it('cuts a torn frame before the next write when the cut itself failed', async () => {
    const dir = await tempFolder();
    let failing = false;
    const files = withFile(await openFolder(dir), (file) => ({
      ...failingFile(file, () => (failing ? 'half a write' : undefined)),
      truncate: (bytes) => (failing ? Promise.reject(diskFull()) : file.truncate(bytes)),
    }));
    const stream = await openStream('', options({ files }));
    failing = true;
    await expect(stream.putRecords([record('a long record that is torn')])).rejects.toThrow(/no space left/);
    failing = false;
    await stream.putRecords([record('after')]);
    await stream.close();
    const again = await openStream(dir, options());
    expect(texts(await readAll(again))).toEqual(['after']);
    await again.close();
  });
});

describe('segments of the embedded stream', () => {
  it('removes segments that are delivered and old, and never one that is not delivered', async () => {
    const dir = await tempFolder();
    let nowMs = 0;
    const opts = options({ segmentBytes: 1, retentionMs: 1000, nowMs: () => nowMs });
    const first = await openStream(dir, opts);
    for (const text of ['a', 'b', 'c']) await first.putRecords([record(text)]);
    nowMs = 1e9;
    await first.trim();
    expect(await segmentsOf(dir)).toHaveLength(3);
    await first.saveCheckpoint('shard-000000', '2');
    nowMs = 1000;
    await first.trim();
    expect(await segmentsOf(dir)).toHaveLength(3);
    nowMs = 1001;
    await first.trim();
    expect(await segmentsOf(dir)).toHaveLength(1);
    await first.saveCheckpoint('shard-000000', '3');
    await first.trim();
    await first.close();
    const second = await openStream(dir, opts);
    await second.putRecords([record('d')]);
    expect((await readAll(second)).map(({ sequence }) => sequence)).toEqual(['4']);
    await second.close();
  });

  it('removes them while puts never pause', async () => {
    const dir = await tempFolder();
    let nowMs = 1000;
    const stream = await openStream(dir, options({ nowMs: () => nowMs, segmentBytes: 100, retentionMs: 10 }));
    for (const text of ['a', 'b', 'c']) await stream.putRecords([record(text.repeat(100))]);
    await stream.saveCheckpoint('shard-000000', '3');
    nowMs = 2000;
    const enough = new AbortController();
    // Two senders in turn: when one put is durable, another has long been waiting.
    const sender = async (): Promise<void> => {
      while (!enough.signal.aborted) await stream.putRecords([record('d')]);
    };
    const first = sender();
    await Promise.resolve();
    await Promise.resolve();
    const senders = [first, sender()];
    await Promise.race([stream.trim(), new Promise((resolve) => setTimeout(resolve, 300))]);
    const names = await segmentsOf(dir);
    enough.abort();
    await Promise.all(senders);
    expect(names).not.toContain('shard-000000.0000000000000001.seg');
    await stream.close();
  });

  it('does not look at damage in what is delivered', async () => {
    const dir = await tempFolder();
    const first = await openStream(dir, options({ segmentBytes: 1 }));
    for (const text of ['a', 'b']) await first.putRecords([record(text)]);
    await first.saveCheckpoint('shard-000000', '1');
    await first.close();
    await writeFile(join(dir, (await segmentsOf(dir))[0] as string), 'damage');
    const second = await openStream(dir, options());
    expect(texts((await second.read('shard-000000', '1', 10, 1e9)).records)).toEqual(['b']);
    await second.close();
  });

  it('reads over segments while more is put', async () => {
    const stream = await openStream(await tempFolder(), options({ segmentBytes: 3_000_000 }));
    const large = Array.from({ length: 9 }, (_, i) => ({ partitionKey: 'k', data: new Uint8Array(900_000).fill(i) }));
    const seen: number[] = [];
    let after: string | undefined;
    for (const each of large) {
      await stream.putRecords([each]);
      const { records } = await stream.read('shard-000000', after, 10, 1e9);
      seen.push(...records.map(({ data }) => data[0] as number));
      after = records.at(-1)?.sequence;
    }
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    const fresh = await readAll(stream);
    expect(fresh.map(({ data }) => data[899_999])).toEqual(seen);
    await stream.close();
  });
});

describe('reshard', () => {
  it('closes the open shards, names them as parents of what they overlap, and ends them once they are read', async () => {
    const dir = await tempFolder();
    const first = await openStream(dir, options({ shardCount: 2 }));
    await first.putRecords([{ ...record('old'), explicitHashKey: '0' }]);
    await first.close();
    const stream = await openStream(dir, options({ shardCount: 3 }));
    expect((await stream.listShards()).map(({ shardId, parentIds, open: isOpen }) => [shardId, parentIds, isOpen])).toEqual([
      ['shard-000000', [], false],
      ['shard-000001', [], false],
      ['shard-000002', ['shard-000000'], true],
      ['shard-000003', ['shard-000000', 'shard-000001'], true],
      ['shard-000004', ['shard-000001'], true],
    ]);
    await stream.putRecords([{ ...record('new'), explicitHashKey: '0' }]);
    const old = await stream.read('shard-000000', undefined, 10, 1e9);
    expect([texts(old.records), old.ended]).toEqual([['old'], true]);
    expect((await stream.read('shard-000002', undefined, 10, 1e9)).ended).toBe(false);
    await stream.close();
  });

  it('forgets a closed shard once it is delivered and old', async () => {
    let nowMs = 0;
    const dir = await tempFolder();
    const opts = options({ shardCount: 1, retentionMs: 10, nowMs: () => nowMs });
    const stream = await openStream(dir, opts);
    await stream.putRecords([record('a')]);
    await stream.reshard(2);
    nowMs = 100;
    await stream.trim();
    expect(await stream.listShards()).toHaveLength(3);
    await stream.saveCheckpoint('shard-000000', '1');
    await stream.trim();
    expect((await stream.listShards()).map(({ shardId }) => shardId)).toEqual(['shard-000001', 'shard-000002']);
    await stream.close();
    expect((await readdir(dir)).filter((name) => name.startsWith('shard-000000'))).toEqual([]);
  });
});

const diskFull = (): Error => Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });

const withFile = (files: StreamFiles, wrap: (file: StreamFile) => StreamFile): StreamFiles => ({
  ...files,
  open: async (name) => wrap(await files.open(name)),
});

const failingFile = (file: StreamFile, how: () => string | undefined): StreamFile => ({
  ...file,
  write: async (bytes, at) => {
    if (how() === 'half a write') await file.write(bytes.subarray(0, bytes.length >> 1), at);
    if (how()?.endsWith('write') === true) throw diskFull();
    await file.write(bytes, at);
  },
  sync: () => (how() === 'sync' ? Promise.reject(diskFull()) : file.sync()),
});
