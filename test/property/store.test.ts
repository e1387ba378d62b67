import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hotFilesOf, hoursWithSamples } from '../../shared/catalog/hot-files.ts';
import { shardWatermarks } from '../../shared/catalog/watermarks.ts';
import { startMapping } from '../../shared/embedded/mapping.ts';
import { openStream } from '../../shared/embedded/stream.ts';
import { parseQuarantine } from '../../shared/storage/quarantine.ts';
import { readSamples } from '../../shared/storage/hot-read.ts';
import type { DeliveredRecord } from '../../shared/wire/record-stream.ts';
import { storeDelivery, StoreMemory, type StorePorts } from '../../functions/store/store.ts';
import { tempFolder } from '../contract/temp-folder.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { ARRIVAL_MS, deliveryOf, frameOf, openStoreRoad, type Row, SHARD, type StoreRoad } from '../unit/store/store-road.ts';

const row = fc.record({
  metric: fc.constantFrom('cpu', 'up', 'größe', 'z'),
  labels: fc.constantFrom('{}', '{"host":"a"}', '{"host":"b","zone":"1"}'),
  tMs: fc.integer({ min: -4000, max: 100 }).map((s) => ARRIVAL_MS + s * 1000),
  value: fc.oneof(fc.integer({ min: -5, max: 1000 }), fc.double({ noNaN: true, noDefaultInfinity: true })),
});
const flush = fc.array(row, { maxLength: 12 });

const identity = ({ metric, labels, tMs }: Row): string => JSON.stringify([metric, labels, tMs]);

/** Of several values of one identity the greatest number counts (design 4, identity). */
const samplesOf = (rows: Iterable<Row>): Record<string, number> => {
  const found: Record<string, number> = {};
  for (const each of rows) found[identity(each)] = Math.max(found[identity(each)] ?? Number.NEGATIVE_INFINITY, each.value);
  return found;
};

/** What a reader finds: only files that the catalog names. */
const storedSamples = async ({ ports }: StoreRoad): Promise<Record<string, number>> => {
  const rows: Row[] = [];
  for (const hour of await hoursWithSamples(ports.catalog, 0, 4e12)) {
    for (const file of await hotFilesOf(ports.catalog, hour)) {
      const read = (offset: number, length: number): Promise<Uint8Array> => ports.objects.get(file.key, { offset, length });
      const found = await readSamples(read, file.bytes, { fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY });
      found.metrics.forEach((metric, k) => {
        for (let i = found.offsets[k] as number; i < (found.offsets[k + 1] as number); i++) {
          rows.push({ metric, labels: found.labels[k] as string, tMs: found.tMs[i] as number, value: found.values[i] as number });
        }
      });
    }
  }
  return samplesOf(rows);
};

/** Ports of which every effect may fail, before it came about or after, as `faults` says in turn. */
const faultyPorts = (ports: StorePorts, faults: readonly ('none' | 'before' | 'after')[]): StorePorts => {
  let turn = 0;
  const effect = async <T>(run: () => Promise<T>): Promise<T> => {
    const fault = faults[turn++] ?? 'none';
    if (fault === 'before') throw new Error('refused');
    const result = await run();
    if (fault === 'after') throw new Error('timeout after the effect');
    return result;
  };
  return {
    objects: { putIfAbsent: (key, bytes) => effect(() => ports.objects.putIfAbsent(key, bytes)), get: (key, range) => ports.objects.get(key, range) },
    catalog: {
      get: (key) => effect(() => ports.catalog.get(key)),
      query: (pk, range) => ports.catalog.query(pk, range),
      transact: (writes) => effect(() => ports.catalog.transact(writes)),
    },
  };
};

describe('store, for any batches', () => {
  it('gives the same samples however the records are cut into deliveries, and however often each comes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(flush, { minLength: 1, maxLength: 8 }), fc.array(fc.nat(7), { maxLength: 4 }), fc.boolean(), async (flushes, cuts, twice) => {
        const { records } = deliveryOf(flushes.map((rows, i) => frameOf(i, rows)));
        const road = await openStoreRoad();
        for (const piece of piecesOf(records, cuts)) {
          await road.store({ shardId: SHARD, records: piece });
          if (twice) await road.store({ shardId: SHARD, records: piece });
        }
        // The whole once more, as after a lost checkpoint: other cuts, other objects, the same samples.
        if (twice) await road.store({ shardId: SHARD, records });
        expect(await storedSamples(road)).toEqual(samplesOf(flushes.flat()));
      }),
      { numRuns: 30 },
    );
  });

  it('stores every acknowledged sample through a mapping over faulty ports, and what does not decode lies in quarantine', async () => {
    const fault = fc.constantFrom<'none' | 'before' | 'after'>('none', 'none', 'none', 'before', 'after');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof({ weight: 5, arbitrary: flush }, fc.constant('poison' as const)), { maxLength: 12 }), fc.array(fault, { maxLength: 60 }), async (puts, faults) => {
        const road = await openStoreRoad();
        const clock = new VirtualClock(ARRIVAL_MS);
        const stream = await openStream(await tempFolder(), { shardCount: 2, nowMs: () => ARRIVAL_MS });
        await Promise.all(
          puts.map((put, i) => stream.putRecords([{ partitionKey: `host-${i}`, data: put === 'poison' ? Buffer.from(`poison ${i}`) : frameOf(i, put) }])),
        );
        const ports = faultyPorts(road.ports, faults);
        const memory = new StoreMemory();
        const mapping = startMapping({ stream, ...clock, deliver: async (delivery) => void (await storeDelivery(ports, delivery, { promotedLabels: ['host'], memory })) });
        await mapping.idle();
        await mapping.stop();
        await stream.close();
        expect(await storedSamples(road)).toEqual(samplesOf(puts.flatMap((put) => (put === 'poison' ? [] : put))));
        const marks = await shardWatermarks(road.ports.catalog);
        expect(marks.every((mark) => mark.watermarkMs === ARRIVAL_MS - 1000)).toBe(true);
        expect(await poisonsOf(road)).toEqual(puts.flatMap((put, i) => (put === 'poison' ? [`poison ${i}`] : [])).sort());
      }),
      { numRuns: 30 },
    );
  });
});

const piecesOf = (records: readonly DeliveredRecord[], cuts: readonly number[]): readonly (readonly DeliveredRecord[])[] => {
  const ends = [...new Set([...cuts, records.length])].filter((end) => end > 0 && end <= records.length).sort((a, b) => a - b);
  return ends.map((end, i) => records.slice(ends[i - 1] ?? 0, end));
};

/** Each once, since a poison may be set aside again in another cut of its batch. */
const poisonsOf = async (road: StoreRoad): Promise<string[]> => {
  const texts = Object.entries(await road.objects())
    .filter(([key]) => key.startsWith('quarantine/'))
    .flatMap(([, text]) => parseQuarantine(Buffer.from(text, 'base64')))
    .map(({ data }) => Buffer.from(data).toString());
  return [...new Set(texts)].sort();
};
