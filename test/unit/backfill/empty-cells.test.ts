import { describe, expect, it } from 'vitest';
import { CellTally, emptyCells } from '../../../shared/backfill/empty-cells.ts';
import { hotFilesOf } from '../../../shared/catalog/hot-files.ts';
import { bucketOf } from '../../../shared/compaction/bucket.ts';
import { joinTiers } from '../../../shared/tiers/join-tiers.ts';
import { HOUR, openCompactRoad } from '../compact/compact-road.ts';

const HOSTS = Array.from({ length: 20 }, (_, i) => `{"host":"h${i}"}`);

describe('the empty cells of an hour', () => {
  it.each(['1m', '1h'] as const)('are the same in slices as in one piece, and those of a bucket alone (%s)', async (tier) => {
    const road = await openCompactRoad();
    for (const i of [1, 2, 3]) await road.addHot(i, HOSTS.map((labels, k) => ({ metric: `m${k % 3}`, labels, s: i * 50, value: i * k })));
    const waiting = { hour: HOUR, files: await hotFilesOf(road.ports.catalog, HOUR) };
    const cellsOf = async (bucket: number, sliceSamples: number) => {
      const tally = new CellTally();
      const parts = await emptyCells(road.ports.objects, waiting, { tier, bucket, buckets: 2, sliceSamples }, (_, labels) => labels === HOSTS[3], tally);
      return { parts: parts.length, cells: joinTiers(parts), tally };
    };
    for (const bucket of [0, 1]) {
      const whole = await cellsOf(bucket, 1000);
      const sliced = await cellsOf(bucket, 4);
      expect([whole.parts, sliced.parts]).toEqual([1, 8]);
      expect({ ...sliced, parts: 1 }).toEqual(whole);
      const own = HOSTS.filter((labels) => bucketOf(labels, 2) === bucket);
      expect([...whole.cells.labels].sort()).toEqual(own.filter((labels) => labels !== HOSTS[3]).sort());
      expect(whole.tally.filled + whole.tally.skipped).toBe(own.length);
      expect(whole.tally.filledSamples + whole.tally.skippedSamples).toBe(3 * own.length);
    }
  });
});
