import { describe, expect, it } from 'vitest';
import { backfillFilesOf, idleBackfills } from '../../../shared/catalog/backfill-files.ts';
import { hotFilesOf } from '../../../shared/catalog/hot-files.ts';
import { allPartitions, readEntry } from '../../../shared/catalog/partitions.ts';
import type { CompactPorts } from '../../../shared/compaction/commit-attempt.ts';
import { doctor } from '../../../shared/commands/doctor.ts';
import { openTierRollup } from '../../../shared/storage/tier-rollup.ts';
import { type CompactRoad, dyingPorts, HOUR, openCompactRoad, START_MS } from '../compact/compact-road.ts';
import { adminAt, bucketsIn, runBackfill, textFile } from './backfill-road.ts';

const MINUTE = 60_000;
const HOUR_MS = 60 * MINUTE;
const DAY_MS = 24 * HOUR_MS;
const openRollup = () => openTierRollup(MINUTE, { promotedLabels: ['host'] });

/** A line for each host every `everyMs` of the given time after START_MS; the value is the line's number in the hour. */
const linesOf = (hosts: readonly string[], fromMs: number, toMs: number, everyMs = 10 * MINUTE): string =>
  hosts.flatMap((host) => Array.from({ length: (toMs - fromMs) / everyMs }, (_, i) => `cpu{host="${host}"} ${((fromMs + i * everyMs) / everyMs) % 6} ${START_MS + fromMs + i * everyMs}\n`)).join('');

const raw = async (road: CompactRoad): Promise<readonly string[]> => (await road.read()).map((line) => line.replace(/\{"host":"(.*)"\}/, '$1'));

describe('a backfill within raw retention', () => {
  it('stands in closed partitions, in one file a bucket and tier, and the doctor finds nothing', async () => {
    const road = await openCompactRoad();
    const nowMs = START_MS + 3 * DAY_MS;
    await road.watermark(nowMs);
    const api = adminAt(road.ports, () => nowMs, { buckets: 2 });
    const file = textFile('a.prom', linesOf(['a', 'b', 'c'], 0, 3 * HOUR_MS));
    expect(await runBackfill(api, [file], { pieceSamples: 20 })).toEqual({
      dryRun: false, files: 1, samples: { read: 54, stored: 54, rolledUp: 0, repeated: 0 }, refused: [], cells: { filled: 0, skipped: 0 }, hours: 3, partitions: { raw: 3, '1m': 0, '1h': 1 },
    });
    expect(await raw(road)).toHaveLength(54);
    expect(await bucketsIn(road.ports, '1m')).toHaveLength(54);
    expect(await bucketsIn(road.ports, '1h')).toEqual(['a', 'b', 'c'].flatMap((host) => ['10', '11', '12'].map((hour) => `${host} 03-01T${hour}:00 6 15`)));
    for (const tier of ['raw', '1m', '1h'] as const) for (const entry of await allPartitions(road.ports.catalog, tier)) expect(entry).toMatchObject({ isClosed: true, files: 2 });
    expect(await hotFilesOf(road.ports.catalog, HOUR)).toEqual([]);
    expect(await idleBackfills(road.ports.catalog, Infinity)).toEqual([]);
    await road.minute({ nowMs: nowMs + MINUTE, openRollup });
    const { findings } = JSON.parse((await doctor(adminAt(road.ports, () => nowMs + 2 * MINUTE), { json: true, progress: () => undefined })).lines[0] as string) as { findings: readonly { severity: string }[] };
    expect(findings.filter(({ severity }) => severity === 'wrong')).toEqual([]);
  });

  it('joins what is there by the identity of samples, and twice is the same as once', async () => {
    const road = await openCompactRoad();
    await road.addHot(START_MS + HOUR_MS, [{ metric: 'cpu', s: 0, value: 7 }, { metric: 'cpu', s: 5, value: 1 }]);
    await road.compact({ openRollup });
    const api = adminAt(road.ports, () => START_MS + DAY_MS);
    const file = textFile('a.prom', linesOf(['a'], 0, HOUR_MS));
    for (let i = 0; i < 2; i++) expect(await runBackfill(api, [file])).toMatchObject({ samples: { read: 6, stored: 6, repeated: 0 } });
    expect(await raw(road)).toEqual(['cpu a 0 7', 'cpu a 5 1', 'cpu a 600 1', 'cpu a 1200 2', 'cpu a 1800 3', 'cpu a 2400 4', 'cpu a 3000 5']);
    expect(await bucketsIn(road.ports, '1m')).toContain('a 03-01T10:00 2 8');
  });

  it('counts what stands twice, and refuses the future and what is older than a year', async () => {
    const road = await openCompactRoad();
    const lines = [0, 0, 61 * MINUTE, -366 * DAY_MS].map((ms) => `cpu{host="a"} 1 ${START_MS + ms}\n`).join('');
    const outcome = await runBackfill(adminAt(road.ports, () => START_MS), [textFile('a.prom', lines)]);
    expect(outcome).toMatchObject({ samples: { read: 4, stored: 1, repeated: 1 }, hours: 1 });
    expect(outcome.refused.map(({ reason, samples }) => [reason, samples])).toEqual([
      ['timestamp more than 60 minutes after arrival', 1],
      ['timestamp more than 8760 hours before arrival', 1],
    ]);
  });

  it('changes nothing when a file has a fault, and says where', async () => {
    const road = await openCompactRoad();
    const api = adminAt(road.ports, () => START_MS + DAY_MS);
    const files = [textFile('a.prom', linesOf(['a'], 0, HOUR_MS)), textFile('b.prom', 'up 1 1\nup x 2\n')];
    await expect(runBackfill(api, files, { pieceSamples: 2 })).rejects.toThrow('b.prom:2: found the value "x", a number, NaN, +Inf or -Inf allowed');
    expect(await raw(road)).toEqual([]);
    expect(await allPartitions(road.ports.catalog, 'raw')).toEqual([]);
    await expect(runBackfill(api, [textFile('a.xyz', '')])).rejects.toThrow('found an ending that tells no format');
  });
});

/** A backfill of three hours, two of which are in the 1m tier's age and one in the 1h tier's. */
const OLD = { lines: linesOf(['a', 'b'], 0, 3 * HOUR_MS), nowMs: START_MS + 30 * DAY_MS + HOUR_MS + MINUTE };

const tiersOf = async (ports: CompactPorts): Promise<unknown> => ({ minute: await bucketsIn(ports, '1m'), hour: await bucketsIn(ports, '1h'), raw: await allPartitions(ports.catalog, 'raw') });
const ALL_OLD = {
  minute: ['a', 'b'].flatMap((host) => ['11', '12'].flatMap((hour) => [0, 1, 2, 3, 4, 5].map((i) => `${host} 03-01T${hour}:${i}0 1 ${i}`))),
  hour: ['a', 'b'].flatMap((host) => ['10', '11', '12'].map((hour) => `${host} 03-01T${hour}:00 6 15`)),
  raw: [],
};

describe('a backfill older than raw', () => {
  it('fills the tiers that still cover it, and each later tier with them', async () => {
    const road = await openCompactRoad();
    await road.watermark(OLD.nowMs);
    const outcome = await runBackfill(adminAt(road.ports, () => OLD.nowMs), [textFile('a.prom', OLD.lines)], { pieceSamples: 7 });
    expect(outcome).toMatchObject({ samples: { read: 36, stored: 0, rolledUp: 36, repeated: 0 }, cells: { filled: 6, skipped: 0 }, hours: 3, partitions: { raw: 0, '1m': 2, '1h': 2 } });
    expect(await tiersOf(road.ports)).toEqual(ALL_OLD);
  });

  it('leaves a cell that holds anything as it is, and says so; in a dry run too, which writes nothing', async () => {
    const road = await openCompactRoad();
    await road.watermark(OLD.nowMs);
    const api = adminAt(road.ports, () => OLD.nowMs, { buckets: 2 });
    await runBackfill(api, [textFile('a.prom', [0, 1, 2].map((h) => `cpu{host="a"} 100 ${START_MS + h * HOUR_MS}\n`).join(''))]);
    const before = await tiersOf(road.ports);
    const keys = await road.keys();
    const file = textFile('b.prom', OLD.lines);
    const expected = { samples: { read: 36, stored: 0, rolledUp: 18, repeated: 0 }, hours: 3 };
    const refused = ['1m', '1h'].map((tier) => ({ reason: `in a series and hour of which the tier ${tier} holds something: those are never merged`, samples: tier === '1m' ? 12 : 6 }));
    const dry = await runBackfill(api, [file], { dryRun: true, pieceSamples: 5 });
    expect(dry).toMatchObject({ ...expected, refused });
    expect(await road.keys()).toEqual(keys);
    expect(await tiersOf(road.ports)).toEqual(before);
    expect(await runBackfill(api, [file], { pieceSamples: 5 })).toMatchObject({ ...expected, refused, cells: { filled: 3, skipped: 3 } });
    expect(await bucketsIn(road.ports, '1h')).toEqual([...['10', '11', '12'].map((hour) => `a 03-01T${hour}:00 1 100`), ...['10', '11', '12'].map((hour) => `b 03-01T${hour}:00 6 15`)]);
    expect(await runBackfill(api, [file])).toMatchObject({ samples: { rolledUp: 0 }, cells: { filled: 0, skipped: 6 } });
  });

  it('keeps filled cells of a day whose 1m partitions are gone when the day is made anew from those that are left', async () => {
    const road = await openCompactRoad();
    await road.watermark(OLD.nowMs);
    const api = adminAt(road.ports, () => OLD.nowMs);
    const [first, ...rest] = [0, 1, 2].map((h) => textFile(`${h}.prom`, linesOf(['a', 'b'], h * HOUR_MS, (h + 1) * HOUR_MS)));
    await runBackfill(api, [first as ReturnType<typeof textFile>]);
    expect(await readEntry(road.ports.catalog, '1h', '2026-03-01')).toMatchObject({ version: 1 });
    await runBackfill(api, rest);
    await road.minute({ nowMs: OLD.nowMs + MINUTE, openRollup });
    expect(await tiersOf(road.ports)).toEqual(ALL_OLD);
    // And when the rest has left the 1m tier.
    await road.minute({ nowMs: OLD.nowMs + DAY_MS, openRollup });
    expect(await bucketsIn(road.ports, '1m')).toEqual([]);
    expect(await bucketsIn(road.ports, '1h')).toEqual(ALL_OLD.hour);
  });

  it('fills cells of several buckets as of one', async () => {
    const road = await openCompactRoad();
    await road.watermark(OLD.nowMs);
    await runBackfill(adminAt(road.ports, () => OLD.nowMs, { buckets: 3 }), [textFile('a.prom', OLD.lines)], { pieceSamples: 7 });
    expect(await tiersOf(road.ports)).toEqual({ ...ALL_OLD, minute: expect.toSatisfy((lines: string[]) => lines.toSorted().join() === ALL_OLD.minute.join()), hour: ALL_OLD.hour });
  });
});

describe('an interrupted backfill', () => {
  it.each([{ age: 'raw', nowMs: START_MS + DAY_MS }, { age: 'tiers', nowMs: OLD.nowMs }])('run again is the same as once, wherever it dies ($age)', async ({ nowMs }) => {
    const file = textFile('a.prom', OLD.lines);
    const once = await openCompactRoad();
    await once.watermark(nowMs);
    await runBackfill(adminAt(once.ports, () => nowMs), [file], { pieceSamples: 20 });
    const expected = [await raw(once), await tiersOf(once.ports).then((tiers) => ({ ...(tiers as object), raw: 0 }))];
    let died = true;
    let deaths = 0;
    for (let i = 0; died; i += 7) {
      const road = await openCompactRoad();
      await road.watermark(nowMs);
      const dying = dyingPorts(road.ports, i, i % 2 === 0);
      const dies = dying.died;
      await Promise.race([runBackfill(adminAt(dying.ports, () => nowMs), [file], { pieceSamples: 20 }).catch(() => undefined), dead(dies)]);
      died = dies();
      deaths += died ? 1 : 0;
      await runBackfill(adminAt(road.ports, () => nowMs + MINUTE), [file], { pieceSamples: 20 });
      expect([await raw(road), await tiersOf(road.ports).then((tiers) => ({ ...(tiers as object), raw: 0 }))]).toEqual(expected);
    }
    expect(deaths).toBeGreaterThan(3);
  });

  it('leaves files that no query sees, and that are gone a day and a grace later', async () => {
    const road = await openCompactRoad();
    const nowMs = START_MS + DAY_MS;
    const api = adminAt(road.ports, () => nowMs);
    await expect(runBackfill(api, [textFile('a.prom', `${OLD.lines}bad`)], { pieceSamples: 20 })).rejects.toThrow('a.prom:37: found no value');
    const [idle] = await idleBackfills(road.ports.catalog, Infinity);
    expect(await backfillFilesOf(road.ports.catalog, idle?.run as string, '')).not.toEqual([]);
    expect(await raw(road)).toEqual([]);
    await road.minute({ nowMs: nowMs + DAY_MS });
    expect(await road.keys()).not.toEqual([]);
    await road.minute({ nowMs: nowMs + DAY_MS + MINUTE });
    await road.minute({ nowMs: nowMs + DAY_MS + 2 * HOUR_MS });
    expect(await road.keys()).toEqual([]);
    expect(await backfillFilesOf(road.ports.catalog, idle?.run as string, '')).toEqual([]);
    expect(await idleBackfills(road.ports.catalog, Infinity)).toEqual([]);
  });

  it('is not the same run as another, whose steps find no such run', async () => {
    const road = await openCompactRoad();
    const api = adminAt(road.ports, () => START_MS);
    const answer = await api.fetch(`${api.url}/api/v1/admin/backfill/1.abc/step`, { method: 'POST' });
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('found no such run')]);
  });
});

describe('a backfill beside a compactor', () => {
  it.each([{ age: 'raw', nowMs: START_MS + DAY_MS }, { age: 'tiers', nowMs: OLD.nowMs }])('loses nothing ($age)', async ({ nowMs }) => {
    const road = await openCompactRoad();
    await road.watermark(nowMs);
    const backfilled = new AbortController();
    const compactor = (async () => {
      for (let i = 0; !backfilled.signal.aborted; i++) await road.minute({ nowMs: nowMs + i, openRollup });
    })();
    const api = adminAt(road.ports, () => nowMs);
    const files = ['a', 'b'].map((host) => textFile(`${host}.prom`, linesOf([host], 0, 3 * HOUR_MS)));
    await Promise.all(files.map((file) => runBackfill(api, [file], { pieceSamples: 5 })));
    backfilled.abort();
    await compactor;
    await road.minute({ nowMs: nowMs + MINUTE, openRollup });
    expect(await bucketsIn(road.ports, '1h')).toEqual(ALL_OLD.hour);
    expect(await raw(road)).toHaveLength(nowMs === OLD.nowMs ? 0 : 36);
  });
});

/** A dead process answers nothing. */
const dead = async (died: () => boolean): Promise<void> => {
  while (!died()) await new Promise((done) => setImmediate(done));
};
