import { describe, expect, it } from 'vitest';
import { addHotFile, hotFilesOf } from '../../../shared/catalog/hot-files.ts';
import { readEntry, readManifest } from '../../../shared/catalog/partitions.ts';
import { examinePartition, type DoctorPorts, type PartitionReport } from '../../../shared/doctor/partition.ts';
import { DEFAULT_RETENTION } from '../../../shared/tiers/retention.ts';
import { type CompactRoad, END_MS, HOUR, openCompactRoad, START_MS } from '../compact/compact-road.ts';

const addressOf = (key: string): string => `file:///lake/${key}`;
/** Before anybody could expect a list. */
const NOW_MS = START_MS + 60_000;
const look = (road: CompactRoad, ports: Omit<DoctorPorts, 'addressOf' | 'retention'> = road.ports): Promise<PartitionReport> => examinePartition({ ...ports, addressOf, retention: DEFAULT_RETENTION }, 'raw', HOUR, NOW_MS);
const kindsOf = ({ findings }: PartitionReport): string[] => findings.map(({ severity, kind }) => `${severity}: ${kind}`);
const addTwo = async (road: CompactRoad): Promise<readonly string[]> => [
  ...(await road.addHot(START_MS + 1000, [{ metric: 'up', s: 0, value: 1 }])),
  ...(await road.addHot(START_MS + 2000, [{ metric: 'up', s: 1, value: 2 }])),
];

describe('the doctor finds of a partition', () => {
  it('nothing wrong before and after it is compacted, and says what is there', async () => {
    const road = await openCompactRoad();
    const [first] = await addTwo(road);
    const before = await look(road);
    expect(before).toMatchObject({ hotFiles: 2, files: 0, rows: 0, oldestUnmergedMs: START_MS + 1000, findings: [] });
    expect(before.hotBytes).toBeGreaterThan(500);
    await road.compact();
    const after = await look(road);
    expect(after).toMatchObject({ hotFiles: 0, hotBytes: 0, files: 1, rows: 2, findings: [] });
    expect(after.oldestUnmergedMs).toBeUndefined();
    expect(first).toContain(HOUR);
  });

  it('a hot row whose object is missing, by its key', async () => {
    const road = await openCompactRoad();
    const [first] = (await addTwo(road)) as readonly [string];
    await road.ports.objects.remove([first]);
    const report = await look(road);
    expect(kindsOf(report)).toEqual(['wrong: hot object missing']);
    expect(report.findings[0]).toMatchObject({ where: `raw ${HOUR}`, found: `1: ${first}` });
    expect(report.findings[0]?.advice).toContain('bring it back under this key');
  });

  it.each([
    ['shorter', (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 1)],
    ['longer', (bytes: Uint8Array) => Buffer.concat([bytes, Buffer.from('x')])],
    ['empty', () => new Uint8Array(0)],
  ])('a hot object that is %s than its row says', async (_, change) => {
    const road = await openCompactRoad();
    const [first] = (await addTwo(road)) as readonly [string];
    await road.ports.objects.replace(first, change(await road.ports.objects.get(first)));
    expect(kindsOf(await look(road))).toEqual(['wrong: hot object of another length']);
  });

  it('a hot row that a manifest has merged, whether or not its object is still there', async () => {
    const road = await openCompactRoad();
    await addTwo(road);
    const [file, gone] = await hotFilesOf(road.ports.catalog, HOUR);
    await road.compact();
    for (const each of [file, gone]) if (each !== undefined) await addHotFile(road.ports.catalog, each);
    await road.ports.objects.remove([gone?.key ?? '']);
    const report = await look(road);
    expect(kindsOf(report)).toEqual(['notice: hot row already merged']);
    expect(report.oldestUnmergedMs).toBeUndefined();
  });

  it('a missing manifest, and one that is no manifest', async () => {
    const road = await openCompactRoad();
    await addTwo(road);
    await road.compact();
    const manifestKey = (await readEntry(road.ports.catalog, 'raw', HOUR))?.manifestKey ?? '';
    await road.ports.objects.replace(manifestKey, Buffer.from('{}'));
    expect(kindsOf(await look(road))).toEqual(['wrong: manifest does not read']);
    await road.ports.objects.remove([manifestKey]);
    const report = await look(road);
    expect(kindsOf(report)).toEqual(['wrong: manifest missing']);
    expect(report.findings[0]?.found).toBe(manifestKey);
  });

  it('an entry that says something else than its manifest', async () => {
    const road = await openCompactRoad();
    await addTwo(road);
    await road.compact();
    const { catalog } = road.ports;
    const item = await catalog.get({ pk: 'partition/raw', sk: HOUR });
    await catalog.transact([{ put: { pk: 'partition/raw', sk: HOUR, attributes: { ...item?.attributes, rows: 7, maxTMs: END_MS } } }]);
    const report = await look(road);
    expect(kindsOf(report)).toEqual(['wrong: entry disagrees with its manifest']);
    expect(report.findings[0]?.found).toBe(`rows is 7 in the entry and 2 in the manifest, maxTMs is ${END_MS} in the entry and ${START_MS + 1000} in the manifest`);
  });

  it('a compacted file that is missing, and one of another length', async () => {
    const road = await openCompactRoad();
    await addTwo(road);
    await road.compact();
    const { objects, catalog } = road.ports;
    const manifest = await readManifest(objects, (await readEntry(catalog, 'raw', HOUR))?.manifestKey ?? '');
    const key = manifest.files[0]?.key ?? '';
    await objects.replace(key, Buffer.from('short'));
    expect(kindsOf(await look(road))).toEqual(['wrong: compacted file of another length']);
    await objects.remove([key]);
    expect(kindsOf(await look(road))).toEqual(['wrong: compacted file missing']);
  });

  it('nothing wrong while the compactor is at work between its looks', async () => {
    const road = await openCompactRoad();
    const keys = await addTwo(road);
    const { objects, catalog } = road.ports;
    let isDone = false;
    const busy: Omit<DoctorPorts, 'addressOf' | 'retention'> = {
      objects,
      catalog: {
        get: catalog.get.bind(catalog),
        transact: catalog.transact.bind(catalog),
        query: async (pk, range) => {
          const rows = await catalog.query(pk, range);
          if (!isDone) {
            isDone = true;
            await road.compact();
            await objects.remove(keys);
          }
          return rows;
        },
      },
    };
    expect(await look(road, busy)).toMatchObject({ hotFiles: 0, files: 1, rows: 2, findings: [] });
  });

  it('the first few of many, and how many there are', async () => {
    const road = await openCompactRoad();
    const keys: string[] = [];
    for (let i = 0; i < 5; i++) keys.push(...(await road.addHot(START_MS + i, [{ metric: 'up', s: i, value: i }])));
    await road.ports.objects.remove(keys);
    expect((await look(road)).findings.map(({ found }) => found)).toEqual([`5: ${keys.slice(0, 3).join(', ')} and 2 more`]);
  });
});
