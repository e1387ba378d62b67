import { describe, expect, it } from 'vitest';
import { StoreMemory } from '../../../functions/store/store.ts';
import { listGaps } from '../../../shared/catalog/gaps.ts';
import { hotFilesOf, hoursWithSamples } from '../../../shared/catalog/hot-files.ts';
import type { ItemWrite } from '../../../shared/catalog/item-table.ts';
import { listMetadata } from '../../../shared/catalog/metric-metadata.ts';
import { listQuarantineFiles } from '../../../shared/catalog/quarantine-files.ts';
import { listSenders } from '../../../shared/catalog/senders.ts';
import { shardWatermarks } from '../../../shared/catalog/watermarks.ts';
import { PermanentError } from '../../../shared/errors.ts';
import { ARRIVAL_MARGIN_MS } from '../../../shared/protocols/limits.ts';
import { parseQuarantine } from '../../../shared/storage/quarantine.ts';
import { ARRIVAL_MS, deliveryOf, dyingPorts, frameOf, openStoreRoad, SHARD, type StoreRoad } from './store-road.ts';

const HELP = { metric: 'up', type: 'gauge', help: 'whether the target answers', unit: '' };
const goodFrame = (id: number): Uint8Array => frameOf(id, [{ metric: 'up', tMs: ARRIVAL_MS - id * 1000, value: id }], `agent-${id}`);

/** Two hours, metadata, a sample out of range, a heartbeat and a record that does not decode. */
const MIXED = [
  frameOf(1, [{ metric: 'up', tMs: ARRIVAL_MS - 1000, value: 1 }, { metric: 'up', tMs: ARRIVAL_MS - 3_600_000, value: 0 }], 'agent', [HELP]),
  frameOf(2, [{ metric: 'cpu', tMs: ARRIVAL_MS - 2000, value: 0.5 }, { metric: 'cpu', tMs: ARRIVAL_MS + 7_200_000, value: 9 }], 'ahead'),
  frameOf(3, []),
  Buffer.from('not a frame'),
];

const quarantined = async (road: StoreRoad) =>
  Object.entries(await road.objects())
    .filter(([key]) => key.startsWith('quarantine/'))
    .flatMap(([, text]) => parseQuarantine(Buffer.from(text, 'base64')));

describe('store', () => {
  it('puts one hot object per hour, names each in the catalog, and raises the watermark', async () => {
    const road = await openStoreRoad();
    const report = await road.store(deliveryOf(MIXED));
    const hours = await hoursWithSamples(road.ports.catalog, 0, 4e12);
    expect(hours).toEqual(['2026-03-01-09', '2026-03-01-10']);
    const files = (await Promise.all(hours.map((hour) => hotFilesOf(road.ports.catalog, hour)))).flat();
    const objects = await road.objects();
    expect(files.map(({ key, rows, minMetric, maxMetric }) => [key.replace(/[0-9a-f]{16}\.parquet$/, '<hash>'), rows, minMetric, maxMetric])).toEqual([
      [`hot/dt=2026-03-01-09/${ARRIVAL_MS}-${SHARD}-1-4-<hash>`, 1, 'up', 'up'],
      [`hot/dt=2026-03-01-10/${ARRIVAL_MS}-${SHARD}-1-4-<hash>`, 2, 'cpu', 'up'],
    ]);
    for (const { key, bytes } of files) expect(Buffer.from(objects[key] ?? '', 'base64')).toHaveLength(bytes);
    expect(await shardWatermarks(road.ports.catalog)).toEqual([{ shardId: SHARD, watermarkMs: ARRIVAL_MS + 3 - 1000, delivered: true }]);
    expect(await listMetadata(road.ports.catalog)).toEqual([HELP]);
    expect(report).toMatchObject({ records: 4, heartbeats: 1, duplicates: 0, quarantined: 2, samples: 4, rows: 3, objects: 2 });
    expect(report.lateness).toEqual([{ sender: 'agent', latenessMs: 3_600_000 }, { sender: 'ahead', latenessMs: 2001 }]);
    expect(report.rejected).toEqual([
      { sender: 'ahead', reason: 'timestamp more than 60 minutes after arrival', samples: 1, records: 1 },
      { sender: '', reason: 'undecodable: magic', samples: 0, records: 1 },
    ]);
  });

  it('keeps what it could not store in quarantine, byte for byte, with sender and reason', async () => {
    const road = await openStoreRoad();
    await road.store(deliveryOf(MIXED));
    expect(await quarantined(road)).toEqual([
      {
        shardId: SHARD,
        sequence: '2',
        arrivalMs: ARRIVAL_MS + 1,
        partitionKey: 'host-1',
        sender: 'ahead',
        reasons: [{ reason: 'timestamp more than 60 minutes after arrival', samples: 1 }],
        data: new Uint8Array(MIXED[1] ?? []),
      },
      expect.objectContaining({ sequence: '4', sender: '', reasons: [{ reason: 'undecodable: magic', samples: 0 }], data: new Uint8Array(Buffer.from('not a frame')) }),
    ]);
  });

  it('names each quarantine object in the catalog, with how many records it holds', async () => {
    const road = await openStoreRoad();
    await road.store(deliveryOf(MIXED));
    const [key] = Object.keys(await road.objects()).filter((each) => each.startsWith('quarantine/'));
    expect(await listQuarantineFiles(road.ports.catalog)).toEqual([{ key, arrivalMs: ARRIVAL_MS + 1, records: 2, redriven: 0 }]);
  });

  it('is the same twice as once', async () => {
    const road = await openStoreRoad();
    const report = await road.store(deliveryOf(MIXED));
    const before = [await road.objects(), await road.rows()];
    expect(await road.store(deliveryOf(MIXED))).toEqual(report);
    expect([await road.objects(), await road.rows()]).toEqual(before);
  });

  it.each([
    ['a batch', MIXED],
    ['one record', [MIXED[0] as Uint8Array]],
    ['one record that does not decode', [Buffer.from('x')]],
  ])('is the same once it succeeds as if it had never died, for %s, wherever it dies', async (_, frames) => {
    const clean = await openStoreRoad();
    await clean.store(deliveryOf(frames));
    const expected = [await clean.objects(), await clean.rows()];
    for (const effectHappens of [false, true]) {
      for (let at = 0; ; at++) {
        const road = await openStoreRoad();
        const dying = dyingPorts(road.ports, at, effectHappens);
        const report = await road.store(deliveryOf(frames), dying.ports).catch(() => undefined);
        // The list of senders comes last, and what happens to it ends nothing.
        expect(report === undefined || report.sendersProblem !== undefined).toBe(dying.died());
        if (report === undefined) await road.store(deliveryOf(frames));
        expect([await road.objects(), await road.rows()]).toEqual(expected);
        if (!dying.died()) break;
        expect(at).toBeLessThan(50);
      }
    }
  });

  it('never shows a watermark before what lies under it', async () => {
    for (let at = 0; ; at++) {
      const road = await openStoreRoad();
      const dying = dyingPorts(road.ports, at, true);
      const died = await road.store(deliveryOf(MIXED), dying.ports).then(() => false, () => true);
      if (!died) return;
      const marks = await shardWatermarks(road.ports.catalog);
      const setAside = await listQuarantineFiles(road.ports.catalog);
      const kept = Object.keys(await road.objects());
      expect(setAside.filter(({ key }) => !kept.includes(key))).toEqual([]);
      if (marks.length === 0) continue;
      expect(setAside).toHaveLength(1);
      const files = await Promise.all((await hoursWithSamples(road.ports.catalog, 0, 4e12)).map((hour) => hotFilesOf(road.ports.catalog, hour)));
      expect(files.flat().reduce((rows, file) => rows + file.rows, 0)).toBe(3);
      expect(await quarantined(road)).toHaveLength(2);
    }
  });

  it('writes no object for heartbeats alone, and moves the watermark', async () => {
    const road = await openStoreRoad();
    const report = await road.store(deliveryOf([frameOf(1, []), frameOf(2, [])]));
    expect(await road.objects()).toEqual({});
    expect(report).toMatchObject({ records: 2, heartbeats: 2, objects: 0, samples: 0 });
    expect(await shardWatermarks(road.ports.catalog)).toEqual([{ shardId: SHARD, watermarkMs: ARRIVAL_MS + 1 - 1000, delivered: true }]);
  });

  it('drops a record that stands in the batch twice, and keeps one that only shares its id', async () => {
    const road = await openStoreRoad();
    const other = frameOf(1, [{ metric: 'other', tMs: ARRIVAL_MS, value: 1 }]);
    const report = await road.store(deliveryOf([goodFrame(1), goodFrame(1), other]));
    expect(report).toMatchObject({ duplicates: 1, samples: 2, rows: 2 });
  });

  it('judges samples by the arrival of their record, not by the time of the attempt', async () => {
    const road = await openStoreRoad();
    const old = frameOf(1, [{ metric: 'up', tMs: ARRIVAL_MS - 5 * 86_400_000 - ARRIVAL_MARGIN_MS, value: 1 }]);
    expect(await road.store(deliveryOf([old, goodFrame(2)]))).toMatchObject({ rows: 2, quarantined: 0 });
    expect(await road.store(deliveryOf([goodFrame(2), old], 10))).toMatchObject({ rows: 1, quarantined: 1 });
  });

  it('keeps an empty delivery from touching anything', async () => {
    const road = await openStoreRoad();
    await road.store(deliveryOf([]));
    expect([await road.objects(), await road.rows()]).toEqual([{}, []]);
  });
});

describe('store of a record alone', () => {
  /** A process that dies while it decodes leaves nothing but its counted attempt. */
  const dieInDecode = async (road: StoreRoad, frame: Uint8Array): Promise<void> => {
    const dying = dyingPorts(road.ports, 1, false);
    await expect(road.store(deliveryOf([frame]), dying.ports)).rejects.toThrow('dead');
  };

  it('gives up its bytes to quarantine at the third attempt, with the gap under the watermark', async () => {
    const road = await openStoreRoad();
    await dieInDecode(road, goodFrame(1));
    await dieInDecode(road, goodFrame(1));
    expect(await road.store(deliveryOf([goodFrame(1)]))).toMatchObject({ records: 1, quarantined: 1, samples: 0, objects: 0 });
    const [gap] = await listGaps(road.ports.catalog);
    expect(gap).toMatchObject({ shardId: SHARD, sequence: '1', arrivalMs: ARRIVAL_MS });
    expect(Object.keys(await road.objects())).toEqual([gap?.key]);
    expect((await quarantined(road))[0]?.data).toEqual(goodFrame(1));
    expect(await shardWatermarks(road.ports.catalog)).toHaveLength(1);
    expect(await road.store(deliveryOf([goodFrame(2)], 2))).toMatchObject({ quarantined: 0, rows: 1 });
  });

  it('records the gap before the watermark moves', async () => {
    for (let at = 0; ; at++) {
      const road = await openStoreRoad();
      for (let attempt = 0; attempt < 2; attempt++) await dieInDecode(road, goodFrame(1));
      const dying = dyingPorts(road.ports, at, true);
      const died = await road.store(deliveryOf([goodFrame(1)]), dying.ports).then(() => false, () => true);
      const marked = (await shardWatermarks(road.ports.catalog)).length > 0;
      expect(marked && (await listGaps(road.ports.catalog)).length === 0).toBe(false);
      if (!died) return;
    }
  });

  it('waits an outage of the objects out, however many processes try', async () => {
    const road = await openStoreRoad();
    const { objects, catalog } = road.ports;
    const outage = { catalog, objects: { putIfAbsent: () => Promise.reject(new Error('503')), get: (key: string) => objects.get(key) } };
    for (let attempt = 0; attempt < 5; attempt++) await expect(road.store(deliveryOf([goodFrame(1)]), outage)).rejects.toThrow('503');
    expect(await road.store(deliveryOf([goodFrame(1)]))).toMatchObject({ rows: 1, quarantined: 0 });
    expect(await listGaps(catalog)).toEqual([]);
  });

  it('waits an outage out whose every refusal comes after the effect', async () => {
    const road = await openStoreRoad();
    const { objects, catalog } = road.ports;
    const timeout = { objects, catalog: { get: catalog.get.bind(catalog), query: catalog.query.bind(catalog), transact: (writes: readonly ItemWrite[]) => catalog.transact(writes).then(() => Promise.reject(new Error('timeout'))) } };
    const memory = new StoreMemory();
    for (let attempt = 0; attempt < 5; attempt++) await expect(road.store(deliveryOf([goodFrame(1)]), timeout, memory)).rejects.toThrow('timeout');
    expect(await road.store(deliveryOf([goodFrame(1)]), road.ports, memory)).toMatchObject({ rows: 1, quarantined: 0 });
  });

  it('counts against the record what our own code, or a port for good, refuses in it', async () => {
    const road = await openStoreRoad();
    const { objects, catalog } = road.ports;
    const refusing = { catalog, objects: { putIfAbsent: (key: string, bytes: Uint8Array) => (key.startsWith('hot/') ? Promise.reject(new PermanentError('no such key')) : objects.putIfAbsent(key, bytes)), get: (key: string) => objects.get(key) } };
    const memory = new StoreMemory();
    for (let attempt = 0; attempt < 2; attempt++) await expect(road.store(deliveryOf([goodFrame(1)]), refusing, memory)).rejects.toThrow('no such key');
    expect(await road.store(deliveryOf([goodFrame(1)]), refusing, memory)).toMatchObject({ quarantined: 1 });
  });

  it('lists who sends, also those who only say that they are there', async () => {
    const road = await openStoreRoad();
    await road.store(deliveryOf([goodFrame(1), frameOf(2, [], 'quiet'), Buffer.from('not a frame')]));
    expect(await listSenders(road.ports.catalog, ARRIVAL_MS)).toMatchObject([
      { sender: 'agent-1', shardId: SHARD, lastSeenMs: ARRIVAL_MS, flushIntervalMs: 10_000, samples: 1, latenessMs: 1000 },
      { sender: 'quiet', lastSeenMs: ARRIVAL_MS + 1, samples: 0, latenessMs: undefined },
    ]);
  });

  it('stores what comes while the list of senders cannot be written, and says so', async () => {
    const road = await openStoreRoad();
    const { objects, catalog } = road.ports;
    const get: typeof catalog.get = (key) => (key.pk === 'senders' ? Promise.reject(new Error('throttled')) : catalog.get(key));
    const refusing = { objects, catalog: { get, query: catalog.query.bind(catalog), transact: catalog.transact.bind(catalog) } };
    expect(await road.store(deliveryOf([goodFrame(1), goodFrame(2)]), refusing)).toMatchObject({ rows: 2, sendersProblem: 'throttled' });
    expect(await shardWatermarks(catalog)).toMatchObject([{ watermarkMs: ARRIVAL_MS + 1 - 1000 }]);
    expect(await road.store(deliveryOf([goodFrame(3)]))).not.toHaveProperty('sendersProblem');
  });
});
