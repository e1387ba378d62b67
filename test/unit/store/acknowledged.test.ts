import { describe, expect, it } from 'vitest';
import { DEFAULT_SAMPLE_LIMITS } from '../../../shared/protocols/limits.ts';
import { NOW_MS, openIngest, post } from '../ingest/open-ingest.ts';
import { openStoreRoad, SHARD } from './store-road.ts';

const { ageMs, futureMs } = DEFAULT_SAMPLE_LIMITS;

describe('a sample that ingest has acknowledged', () => {
  it.each([
    ['the oldest allowed, in a put that takes 20 s', NOW_MS - ageMs, 20_000],
    ['the newest allowed, in a stream whose clock is 2 s behind', NOW_MS + futureMs, -2000],
  ])('is stored and not put aside: %s', async (_, tMs, tookMs) => {
    const ingest = openIngest();
    expect((await ingest.app.request('/api/v1/push', post(`edge ${tMs / 1000} 1\n`))).status).toBe(200);
    const road = await openStoreRoad();
    const records = ingest.records.map((record, i) => ({ ...record, sequence: String(i + 1), arrivalMs: NOW_MS + tookMs }));
    expect(await road.store({ shardId: SHARD, records })).toMatchObject({ rows: 1, quarantined: 0 });
  });
});
