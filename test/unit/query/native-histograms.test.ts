import { describe, expect, it } from 'vitest';
import { storeDelivery, StoreMemory } from '../../../functions/store/store.ts';
import { compactMinute } from '../../../functions/compact/compact.ts';
import { allPartitions, listPartitions } from '../../../shared/catalog/partitions.ts';
import type { SampleBatch } from '../../../shared/model/sample-batch.ts';
import { DEFAULT_SAMPLE_LIMITS as LIMITS } from '../../../shared/protocols/limits.ts';
import { decodeRemoteWrite } from '../../../shared/protocols/remote-write.ts';
import { openTierRollup } from '../../../shared/storage/tier-rollup.ts';
import { encodeFrames } from '../../../shared/wire/frame.ts';
import { encodeHistograms } from '../protocols/prompb-schema.ts';
import { markStored, NOW_MS, openQuery, type OpenQuery } from './open-query.ts';

/** 10 more observations in (1, 2] and 5 more in (4, 8] with each scrape. */
const scrape = (i: number, schema = 0): object => ({
  count_int: 15 * i, sum: 45 * i, schema, zero_threshold: 0.001,
  positive_spans: [{ offset: 1, length: 1 }, { offset: 1, length: 1 }], positive_deltas: [10 * i, -5 * i],
  timestamp: NOW_MS + (i - 10) * 60_000,
});

const remoteWritten = (): SampleBatch[] => {
  const hosts = ['a', 'b'].map((host) => encodeHistograms({ __name__: 'rpc', host }, Array.from({ length: 10 }, (_, i) => scrape(i + 1))));
  const custom = Array.from({ length: 10 }, (_, i) => ({
    count_int: 4 * (i + 1), sum: i, schema: -53, custom_values: [0.5, 1], positive_spans: [{ offset: 0, length: 3 }], positive_deltas: [i + 1, 0, i + 1], timestamp: NOW_MS + (i - 9) * 60_000,
  }));
  const numbers = Array.from({ length: 10 }, (_, i) => ({ timestamp: NOW_MS + (i - 9) * 60_000, value: i }));
  const bodies = [...hosts, encodeHistograms({ __name__: 'custom' }, custom), encodeHistograms({ __name__: 'up', host: 'a' }, [], numbers)];
  return bodies.map((body) => {
    const { batch, rejected } = decodeRemoteWrite(body, LIMITS);
    expect(rejected).toEqual([]);
    return batch;
  });
};

const store = async ({ objects, catalog }: OpenQuery, batches: readonly SampleBatch[]): Promise<void> => {
  let id = 0;
  const frames = batches.flatMap((batch) => encodeFrames(() => new Uint8Array(16).fill(++id), { sender: 'agent', flushIntervalMs: 0 }, batch));
  const records = frames.map(({ bytes: data }, i) => ({ sequence: String(i + 1), arrivalMs: NOW_MS, partitionKey: 'k', data }));
  const report = await storeDelivery({ objects, catalog }, { shardId: 'shard-0', records }, { promotedLabels: ['host'], memory: new StoreMemory() });
  expect(report.quarantined).toBe(0);
};

const QUERIES = [
  'histogram_quantile(0.5, sum(rate(rpc[5m])))',
  'rpc{host="a"}',
  'histogram_count(rpc)',
  'histogram_quantile(0.9, custom)',
  'sum by (host) (increase(rpc[5m]))',
  'up',
];

const answers = async (query: OpenQuery): Promise<readonly unknown[]> =>
  Promise.all(
    QUERIES.map(async (expr) => {
      const answer = await query.get(`/api/v1/query?time=${NOW_MS / 1000}&query=${encodeURIComponent(expr)}`);
      const body = (await answer.json()) as { readonly status: string; readonly data: { readonly result: readonly unknown[] } };
      expect(body.status).toBe('success');
      return body.data.result;
    }),
  );

describe('native histograms of remote write', () => {
  it('are answered by PromQL, the same before and after a compaction, and stay out of the tiers', async () => {
    const query = await openQuery();
    await store(query, remoteWritten());
    const before = await answers(query);
    expect(before[0]).toEqual([{ metric: {}, value: [NOW_MS / 1000, '1.681792830507429'] }]);
    expect(before[2]).toMatchObject([{ value: [NOW_MS / 1000, '150'] }, { value: [NOW_MS / 1000, '150'] }]);
    expect(before[1]).toMatchObject([{ metric: { __name__: 'rpc', host: 'a' }, histogram: [NOW_MS / 1000, { count: '150', sum: '450', buckets: [[0, '1', '2', '100'], [0, '4', '8', '50']] }] }]);
    expect(before.every((result) => (result as readonly unknown[]).length > 0)).toBe(true);
    const nowMs = NOW_MS + 3 * 3_600_000;
    const { objects, catalog } = query;
    await markStored(catalog, nowMs);
    const ports = { objects: objects as Parameters<typeof compactMinute>[0]['objects'], catalog };
    await compactMinute(ports, { promotedLabels: ['host'], buckets: 2, nowMs, attempt: 't', addressOf: (key) => key, openRollup: () => openTierRollup(60_000, { promotedLabels: ['host'] }) });
    expect((await listPartitions(catalog, 'raw')).length).toBeGreaterThan(0);
    expect(await answers(query)).toEqual(before);
    const minutes = await allPartitions(catalog, '1m');
    // `up` alone: a row a minute.
    expect(minutes.reduce((sum, { rows }) => sum + rows, 0)).toBe(10);
    await query.close();
  });
});
