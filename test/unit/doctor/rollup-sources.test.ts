import { describe, expect, it } from 'vitest';
import { commitPartitions, entryOf, type PartitionEntry, type Tier } from '../../../shared/catalog/partitions.ts';
import { examineSources } from '../../../shared/doctor/rollup-sources.ts';
import { hourStartMs } from '../../../shared/model/hour.ts';
import { DEFAULT_RETENTION } from '../../../shared/tiers/retention.ts';
import { useCatalog } from '../catalog/use-catalog.ts';

const DAY = '2026-03-01';
const HOUR = `${DAY}-10`;
const NOW_MS = hourStartMs('2026-03-02-01');
const catalog = useCatalog();

const entry = (tier: Tier, dt: string, builtFrom?: Readonly<Record<string, number>>): PartitionEntry => {
  const startMs = hourStartMs(`${dt}-00`.slice(0, 13));
  const made = entryOf({ tier, dt, version: 1, attempt: 'a', buckets: 1, files: [], hotKeys: [] }, { isClosed: true, lateMerges: 0, ...(builtFrom === undefined ? {} : { builtFrom }) });
  return { ...made, minTMs: startMs, maxTMs: startMs };
};

describe('the doctor finds of a rollup', () => {
  it('of an hour that it is not made of the raw samples as they stand, while these are whole', async () => {
    await commitPartitions(catalog, [entry('raw', HOUR)]);
    expect(await examineSources(catalog, entry('raw', HOUR), DEFAULT_RETENTION, NOW_MS)).toEqual([]);
    expect(await examineSources(catalog, entry('1m', HOUR, { [HOUR]: 1 }), DEFAULT_RETENTION, NOW_MS)).toEqual([]);
    expect(await examineSources(catalog, entry('1m', `${DAY}-11`, { [`${DAY}-11`]: 3 }), DEFAULT_RETENTION, NOW_MS)).toEqual([]);
    const [finding] = await examineSources(catalog, entry('1m', HOUR, { [HOUR]: 7 }), DEFAULT_RETENTION, NOW_MS);
    expect(finding).toMatchObject({ severity: 'wrong', where: `1m ${HOUR}`, found: 'made from version 7 of the raw samples, version 1 stands' });
    expect(await examineSources(catalog, entry('1m', HOUR, { [HOUR]: 7 }), DEFAULT_RETENTION, NOW_MS + 7 * 86_400_000)).toEqual([]);
  });

  it('of a day that an hour has moved on since, which is normal for minutes alone', async () => {
    await commitPartitions(catalog, [entry('1m', HOUR)]);
    expect(await examineSources(catalog, entry('1h', DAY, { [HOUR]: 1, [`${DAY}-09`]: 4 }), DEFAULT_RETENTION, NOW_MS)).toEqual([]);
    const behind = await examineSources(catalog, entry('1h', DAY, { [`${DAY}-09`]: 4 }), DEFAULT_RETENTION, NOW_MS);
    expect(behind).toMatchObject([{ severity: 'wrong', kind: 'day is not of its hours', found: `hour ${HOUR} in version none, version 1 stands` }]);
    await catalog.transact([{ put: { pk: 'garbage', sk: `${NOW_MS + 3_600_000 - 60_000}/1m/${HOUR}/v1-replaced`, attributes: { garbage: '{}' } } }]);
    expect(await examineSources(catalog, entry('1h', DAY), DEFAULT_RETENTION, NOW_MS)).toMatchObject([{ severity: 'notice' }]);
  });
});
