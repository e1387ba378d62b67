import { describe, expect, it } from 'vitest';
import { addGap } from '../../../shared/catalog/gaps.ts';
import { addHotFile } from '../../../shared/catalog/hot-files.ts';
import { addQuarantineFile, noteRedriven } from '../../../shared/catalog/quarantine-files.ts';
import { raiseWatermark, refreshShards } from '../../../shared/catalog/watermarks.ts';
import { examineRoad } from '../../../shared/doctor/road.ts';
import { useCatalog } from '../catalog/use-catalog.ts';

const NOW_MS = Date.UTC(2026, 2, 1, 10, 30);
const catalog = useCatalog();
const shard = (shardId: string) => ({ shardId, parentIds: [], startingHashKey: '0', open: true });

describe('the doctor finds of the road', () => {
  it('nothing wrong where each shard is stored up to a moment ago', async () => {
    await refreshShards(catalog, [shard('s1'), shard('s2')]);
    await raiseWatermark(catalog, 's1', NOW_MS - 1000);
    await raiseWatermark(catalog, 's2', NOW_MS - 299_000);
    expect(await examineRoad(catalog, NOW_MS)).toEqual({
      nowMs: NOW_MS,
      watermarkMs: NOW_MS - 300_000,
      shards: [
        { shardId: 's1', watermarkMs: NOW_MS - 2000, delivered: true },
        { shardId: 's2', watermarkMs: NOW_MS - 300_000, delivered: true },
      ],
      quarantine: { files: 0, records: 0, redriven: 0 },
      gaps: 0,
      partitions: [],
      findings: [],
    });
  });

  it('shards that are behind, and one that has delivered nothing', async () => {
    await refreshShards(catalog, [shard('s1'), shard('s2'), shard('s3')]);
    await raiseWatermark(catalog, 's1', NOW_MS);
    await raiseWatermark(catalog, 's2', NOW_MS - 7_200_000);
    const { findings } = await examineRoad(catalog, NOW_MS);
    expect(findings).toMatchObject([{ severity: 'wrong', kind: 'watermark behind', found: 's2 is 2 h 0 min behind, s3 has delivered nothing yet, 5 min are normal at most' }]);
  });

  it('that the shards are not known yet', async () => {
    await raiseWatermark(catalog, 's1', NOW_MS);
    expect((await examineRoad(catalog, NOW_MS)).findings).toMatchObject([{ severity: 'wrong', kind: 'watermark unknown' }]);
  });

  it('a gap until its record is redriven, and what waits in quarantine', async () => {
    await refreshShards(catalog, [shard('s1')]);
    await raiseWatermark(catalog, 's1', NOW_MS);
    const file = { key: 'quarantine/dt=2026-03-01-10/1-a.jsonl', arrivalMs: NOW_MS - 1000, records: 1 };
    await addQuarantineFile(catalog, file);
    await addQuarantineFile(catalog, { ...file, key: 'quarantine/dt=2026-03-01-10/2-b.jsonl', records: 4 });
    await addGap(catalog, { shardId: 's1', sequence: '7', arrivalMs: NOW_MS - 1000, reason: 'no answer', key: file.key });
    const before = await examineRoad(catalog, NOW_MS);
    expect(before).toMatchObject({ gaps: 1, quarantine: { files: 2, records: 5, redriven: 0 } });
    expect(before.findings).toMatchObject([
      { severity: 'wrong', kind: 'gap', where: 's1 7', found: 'a record that arrived at 2026-03-01T10:29:59.000Z is not stored: no answer' },
      { severity: 'notice', kind: 'quarantine', found: '5 records in 2 objects' },
    ]);
    expect(before.findings[0]?.advice).toContain('tidemark redrive');
    await noteRedriven(catalog, { ...file, redriven: 1 });
    const after = await examineRoad(catalog, NOW_MS);
    expect(after.findings).toMatchObject([{ severity: 'notice', kind: 'gap' }, { severity: 'notice', found: '4 records in 2 objects' }]);
  });

  it('the partitions to look at: hours with hot rows, and what is compacted of every tier', async () => {
    await addHotFile(catalog, { hour: '2026-03-01-10', key: 'hot/a', bytes: 1, rows: 1, minTMs: 0, maxTMs: 0, minMetric: 'a', maxMetric: 'a' });
    for (const [tier, dt] of [['raw', '2026-03-01-10'], ['raw', '2026-03-01-09'], ['1h', '2026-03-01']] as const) {
      await catalog.transact([{ put: { pk: `partition/${tier}`, sk: dt, attributes: { version: 1 } } }]);
    }
    expect((await examineRoad(catalog, NOW_MS)).partitions).toEqual([
      { tier: 'raw', dt: '2026-03-01-09' },
      { tier: 'raw', dt: '2026-03-01-10' },
      { tier: '1h', dt: '2026-03-01' },
    ]);
  });
});
