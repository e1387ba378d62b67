import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { PermanentError } from '../../shared/errors.ts';
import type { DeliveredRecord, ListShards, OutgoingRecord, PutRecords } from '../../shared/wire/record-stream.ts';

/** A stream as the contract sees it. `records` gives everything a shard holds, from its oldest record on, in its order. */
export interface StreamUnderTest {
  readonly putRecords: PutRecords;
  readonly listShards: ListShards;
  readonly records: (shardId: string) => Promise<readonly DeliveredRecord[]>;
}

/** Kinesis' limit for key and data of one record together. */
const MAX_RECORD_BYTES = 1024 * 1024;

/**
 * What every stream promises. `makeStream` may give the same stream each time, with at least two open shards: every test
 * writes under partition keys of its own.
 */
export const defineRecordStreamContract = (name: string, makeStream: () => Promise<StreamUnderTest>): void => {
  const fresh = async (): Promise<StreamUnderTest & { key: string; own: (key?: string) => Promise<DeliveredRecord[]> }> => {
    const stream = await makeStream();
    const key = randomBytes(8).toString('hex');
    const own = async (ownKey = key): Promise<DeliveredRecord[]> => {
      const shards = await stream.listShards();
      const found = await Promise.all(shards.map((shard) => stream.records(shard.shardId)));
      return found.flat().filter((each) => each.partitionKey === ownKey);
    };
    return { ...stream, key, own };
  };
  const record = (partitionKey: string, text: string): OutgoingRecord => ({ partitionKey, data: new TextEncoder().encode(text) });
  const textOf = ({ data }: DeliveredRecord): string => new TextDecoder().decode(data);

  describe(`record stream contract: ${name}`, () => {
    it('gives back the bytes, the key and a stamp of about now', async () => {
      const { putRecords, own, key } = await fresh();
      const data = Uint8Array.from({ length: 256 }, (_, i) => i);
      await putRecords([{ partitionKey: key, data }]);
      const [found] = await own();
      expect([...(found?.data ?? [])]).toEqual([...data]);
      expect(Math.abs((found?.arrivalMs ?? 0) - Date.now())).toBeLessThan(300_000);
    });

    it('keeps the order of puts that follow each other on one partition key, with growing sequences', async () => {
      const { putRecords, own, key } = await fresh();
      for (let i = 0; i < 5; i++) await putRecords([record(key, String(i))]);
      const found = await own();
      expect(found.map(textOf)).toEqual(['0', '1', '2', '3', '4']);
      const sequences = found.map(({ sequence }) => BigInt(sequence));
      expect(sequences.every((sequence, i) => i === 0 || sequence > (sequences[i - 1] as bigint))).toBe(true);
    });

    it('sends every record of one partition key to one shard', async () => {
      const { putRecords, listShards, records, key } = await fresh();
      await putRecords(Array.from({ length: 20 }, (_, i) => record(key, String(i))));
      const shards = await listShards();
      const counts = await Promise.all(shards.map(async ({ shardId }) => (await records(shardId)).filter((each) => each.partitionKey === key).length));
      expect(counts.filter((count) => count > 0)).toEqual([20]);
    });

    it('reaches every open shard by its starting hash key', async () => {
      const { putRecords, listShards, records, key } = await fresh();
      const shards = (await listShards()).filter((shard) => shard.open);
      expect(shards.length).toBeGreaterThan(1);
      await putRecords(shards.map(({ shardId, startingHashKey }) => ({ ...record(key, shardId), explicitHashKey: startingHashKey })));
      for (const { shardId } of shards) {
        expect((await records(shardId)).filter((each) => each.partitionKey === key).map(textOf)).toEqual([shardId]);
      }
    });

    it('takes more records in one put than Kinesis takes in one request', async () => {
      const { putRecords, own, key } = await fresh();
      await putRecords(Array.from({ length: 501 }, (_, i) => record(key, String(i))));
      expect(new Set((await own()).map(textOf)).size).toBe(501);
    });

    it('takes a record of 1 MiB with its key, and refuses one byte more for ever', async () => {
      const { putRecords, own, key } = await fresh();
      const largest = { partitionKey: key, data: new Uint8Array(randomBytes(MAX_RECORD_BYTES - key.length)) };
      await putRecords([largest]);
      expect(Buffer.compare((await own())[0]?.data ?? new Uint8Array(), largest.data)).toBe(0);
      const larger = { partitionKey: key, data: new Uint8Array(MAX_RECORD_BYTES - key.length + 1) };
      await expect(putRecords([larger])).rejects.toBeInstanceOf(PermanentError);
    });

    it('takes several records of a megabyte in one put', async () => {
      const { putRecords, own, key } = await fresh();
      await putRecords(Array.from({ length: 12 }, () => ({ partitionKey: key, data: new Uint8Array(randomBytes(900_000)) })));
      expect((await own()).map(({ data }) => data.length)).toEqual(Array.from({ length: 12 }, () => 900_000));
    });

    it('takes an empty put, and a record without data', async () => {
      const { putRecords, own, key } = await fresh();
      await putRecords([]);
      await putRecords([record(key, '')]);
      expect((await own()).map(({ data }) => data.length)).toEqual([0]);
    });

    it('keeps a partition key of 256 characters as it is', async () => {
      const { putRecords, own, key } = await fresh();
      const long = `${key}-ключ-${'k'.repeat(256 - key.length - 6)}`;
      await putRecords([record(long, 'x')]);
      expect((await own(long)).map(textOf)).toEqual(['x']);
    });
  });
};
