import { describe, expect, it } from 'vitest';
import { addHotFile } from '../../../shared/catalog/hot-files.ts';
import { allPartitions, readManifest } from '../../../shared/catalog/partitions.ts';
import { doctor } from '../../../shared/commands/doctor.ts';
import { classPorts } from '../../../shared/lakes/lakes.ts';
import { listedClasses } from '../../../shared/lakes/listed-classes.ts';
import type { Finding } from '../../../shared/doctor/finding.ts';
import { openAdmin } from '../commands/open-admin.ts';
import type { ClassRoad } from '../lakes/class-road.ts';
import { CLASSES, DAY_OVER_MS, HOUR, openTwoLakes } from '../lakes/two-lakes.ts';

interface Found {
  readonly ok: boolean;
  readonly partitions: number;
  readonly rows: number;
  readonly oldestUnmergedMs?: number;
  readonly findings: readonly Finding[];
}

const run = async (road: ClassRoad, nowMs = DAY_OVER_MS): Promise<Found> => {
  const { lines } = await doctor(openAdmin({ ...road.ports, clockMs: () => nowMs, classes: CLASSES, addressOf: road.addressOf }), { json: true, progress: () => undefined });
  return JSON.parse(lines[0] as string) as Found;
};
const wrong = ({ findings }: Found): readonly string[] => findings.filter(({ severity }) => severity === 'wrong').map(({ kind, where }) => `${kind}: ${where}`);

describe('the doctor over retention classes', () => {
  it('looks at the partitions and lists of every lake', async () => {
    const road = await openTwoLakes();
    expect(await run(road)).toMatchObject({ ok: true, partitions: 6, rows: 9, findings: [] });
  });

  it('names the class of what is wrong, and not the default lake', async () => {
    const road = await openTwoLakes();
    const brief = classPorts(road.ports, 'brief');
    const [entry] = await allPartitions(brief.catalog, '1m');
    const { files } = await readManifest(brief.objects, (entry as NonNullable<typeof entry>).manifestKey);
    await brief.objects.remove([(files[0] as NonNullable<(typeof files)[number]>).key]);
    await brief.objects.replace(`sql/raw/dt=${HOUR}/symlink.txt`, Buffer.from(''));
    expect(wrong(await run(road, DAY_OVER_MS + 3_600_000))).toEqual(expect.arrayContaining([`compacted file missing: class brief, 1m ${HOUR}`, `SQL list behind: class brief, raw ${HOUR}`]));
    expect(wrong(await run(road, DAY_OVER_MS + 3_600_000)).filter((each) => !each.includes('watermark') && !each.includes('class brief'))).toEqual([]);
  });

  it('tells of the class whose hot files are not merged', async () => {
    const road = await openTwoLakes();
    const brief = classPorts(road.ports, 'brief');
    await addHotFile(brief.catalog, { hour: HOUR, key: `hot/dt=${HOUR}/5-lost.parquet`, bytes: 1, rows: 1, minTMs: 1, maxTMs: 1, minMetric: 'a', maxMetric: 'a' });
    const found = await run(road);
    expect(found.oldestUnmergedMs).toBe(5);
    expect(wrong(found)).toEqual(expect.arrayContaining([`hot object missing: class brief, raw ${HOUR}`, 'hot files not merged: class brief, raw']));
    expect(wrong(found).filter((each) => each.startsWith('hot files not merged'))).toHaveLength(1);
  });

  it('finds a class that the catalog has lost', async () => {
    const road = await openTwoLakes();
    await road.ports.catalog.transact([{ remove: { pk: 'retention-classes', sk: 'brief' } }]);
    const found = await run(road);
    expect(found).toMatchObject({ ok: false, partitions: 3 });
    expect(wrong(found)).toEqual(['retention class lost: class brief']);
  });

  it('lists classes by their folders, and nothing else below them', async () => {
    const keys = ['classes/a/x', 'classes/a/y', 'classes/a0/x', 'classes/a_b/x', 'classes/ab/z/z', 'classes/B/x', 'classes/file', 'classes/0/x', 'classesx/y'].sort();
    let lists = 0;
    const objects = {
      list: async (prefix: string, after = '') => {
        lists++;
        return keys.filter((key) => key.startsWith(prefix) && key > after).map((key) => ({ key, bytes: 1 }));
      },
    };
    expect(await listedClasses(objects)).toEqual(['a', 'a0', 'a_b', 'ab']);
    expect(lists).toBe(8);
  });
});
