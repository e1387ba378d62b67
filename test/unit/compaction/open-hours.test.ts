import { beforeEach, describe, expect, it } from 'vitest';
import type { CompactPorts } from '../../../shared/compaction/commit-attempt.ts';
import { sqlListKey } from '../../../shared/compaction/sql-list.ts';
import { openForHot, readOpenHours, reopenHours, type SamplesView, sealHours } from '../../../shared/compaction/open-hours.ts';
import { type CompactRoad, END_MS, HOUR, openCompactRoad, START_MS } from '../compact/compact-road.ts';

const MINUTE = 60_000;
const CLOSED_MS = END_MS + 6 * MINUTE;
const BEFORE = '2026-03-01-09';
const AFTER = '2026-03-01-11';

let road: CompactRoad;
let published: string[];
let clockMs: number;
let view: SamplesView;

beforeEach(async () => {
  road = await openCompactRoad();
  published = [];
  clockMs = CLOSED_MS;
  view = { publish: async (openFrom) => void published.push(openFrom), promotedLabels: ['host'], clockMs: () => clockMs };
});

const sampleAt = (s: number) => [{ metric: 'cpu', s, value: s }];
/** One minute after the other. */
const minute = async (with_: SamplesView = view) => {
  clockMs += MINUTE;
  return road.minute({ nowMs: clockMs, view: with_ });
};
const minuteThrough = (ports: CompactPorts) => road.minute({ nowMs: clockMs + MINUTE }, ports);
const state = async () => readOpenHours(road.ports.catalog, view);
const listed = async (hour: string): Promise<readonly string[]> => [...Buffer.from(await road.ports.objects.get(sqlListKey('raw', hour))).toString().matchAll(/lake\/(\w+)\//g)].map(([, tier]) => tier as string);

describe('the boundary between sealed and open hours', () => {
  it('stands before all hours until something is closed, and then passes what is merged', async () => {
    await road.addHot(START_MS + 1, sampleAt(1));
    await minute();
    expect(published).toEqual([]);
    expect(await listed(HOUR)).toEqual(['hot']);
    await road.watermark(CLOSED_MS);
    await minute();
    expect(await listed(HOUR)).toEqual(['raw']);
    expect(published).toEqual([AFTER]);
    await minute();
    expect(published).toEqual([AFTER]);
  });

  it('stays before an hour with unmerged hot files, closed or not', async () => {
    await road.addHot(START_MS + 1, sampleAt(-3600));
    await road.addHot(START_MS + 1, sampleAt(1));
    await road.watermark(START_MS + 6 * MINUTE);
    await minute();
    expect(published).toEqual([HOUR]);
    expect(await listed(BEFORE)).toEqual(['raw']);
    expect(await listed(HOUR)).toEqual(['hot']);
  });

  it('moves back before late hot files are listed in a sealed hour, and these wait until statements go by it', async () => {
    await road.addHot(START_MS + 1, sampleAt(1));
    await road.watermark(CLOSED_MS);
    await minute();
    await road.addHot(clockMs, sampleAt(2));
    await minute();
    expect(published).toEqual([AFTER, HOUR]);
    expect(await listed(HOUR)).toEqual(['raw']);
    await minute();
    expect(await listed(HOUR)).toEqual(['raw', 'hot']);
    clockMs += 15 * MINUTE;
    await minute();
    expect(await listed(HOUR)).toEqual(['raw']);
    expect(published).toEqual([AFTER, HOUR, AFTER]);
  });

  it('lets hours that were open before it moved back go on as they were', async () => {
    await road.addHot(START_MS + 1, sampleAt(1));
    await road.watermark(CLOSED_MS);
    await minute();
    await road.addHot(clockMs, sampleAt(2));
    await reopenHours(road.ports.catalog, view, [HOUR]);
    expect(await openForHot(road.ports.catalog, view, [HOUR, AFTER])).toEqual(new Set([AFTER]));
    clockMs += MINUTE - 1;
    expect(await openForHot(road.ports.catalog, view, [HOUR])).toEqual(new Set());
    clockMs += 1;
    expect(await openForHot(road.ports.catalog, view, [HOUR])).toEqual(new Set([HOUR]));
  });

  it('is published again after a call that died in between, and nothing is listed on the strength of it before', async () => {
    await road.addHot(START_MS + 1, sampleAt(1));
    await road.watermark(CLOSED_MS);
    await minute();
    await road.addHot(clockMs, sampleAt(2));
    const dead: SamplesView = { ...view, publish: async () => Promise.reject(new Error('no answer')) };
    await expect(minute(dead)).rejects.toThrow(/reopen hours: no answer/);
    expect((await state()).publishedAtMs).toBeUndefined();
    clockMs += 5 * MINUTE;
    expect(await openForHot(road.ports.catalog, view, [HOUR])).toEqual(new Set());
    await minute();
    expect(published).toEqual([AFTER, HOUR]);
    expect(await listed(HOUR)).toEqual(['raw']);
    await minute();
    expect(await listed(HOUR)).toEqual(['raw', 'hot']);
  });

  it('is published again when the columns of the view are others', async () => {
    await road.addHot(START_MS + 1, sampleAt(1));
    await road.watermark(CLOSED_MS);
    await minute();
    await minute({ ...view, promotedLabels: ['host', 'rack'] });
    await minute({ ...view, promotedLabels: ['host', 'rack'] });
    expect(published).toEqual([AFTER, AFTER]);
  });

  it('does not move on after a minute in which anything failed', async () => {
    const [bad = ''] = await road.addHot(START_MS + 1, sampleAt(-3600));
    await road.ports.objects.remove([bad]);
    await road.watermark(CLOSED_MS);
    await expect(minute()).rejects.toThrow(/compact 2026-03-01-09/);
    expect(published).toEqual([]);
  });

  it('does not move on while it is not known which view people go by', async () => {
    await sealHours(road.ports.catalog, view, { watermarkMs: END_MS, unread: [], hotHours: [] });
    const dead: SamplesView = { ...view, publish: async () => Promise.reject(new Error('no answer')) };
    await expect(reopenHours(road.ports.catalog, dead, [BEFORE])).rejects.toThrow('no answer');
    await sealHours(road.ports.catalog, view, { watermarkMs: CLOSED_MS, unread: [], hotHours: [] });
    expect(published).toEqual([HOUR]);
    expect((await state()).openFrom).toBe(BEFORE);
  });

  it('keeps hot files out of the list of an hour before it, however long ago it moved', async () => {
    await sealHours(road.ports.catalog, view, { watermarkMs: CLOSED_MS, unread: [], hotHours: [] });
    clockMs += 60 * MINUTE;
    expect(await openForHot(road.ports.catalog, view, [HOUR, AFTER])).toEqual(new Set([AFTER]));
  });

  it('does not move on without a watermark', async () => {
    await sealHours(road.ports.catalog, view, { watermarkMs: undefined, unread: [], hotHours: [] });
    expect(published).toEqual([]);
  });

  it('does not pass an hour that could not be read, nor one of whose list nothing is known', async () => {
    const clock = { watermarkMs: CLOSED_MS, unread: [BEFORE], hotHours: [] };
    await sealHours(road.ports.catalog, view, clock);
    expect(published).toEqual([BEFORE]);
    await road.addHot(START_MS + 1, sampleAt(1));
    await road.compact();
    await sealHours(road.ports.catalog, view, { ...clock, unread: [] });
    expect(published).toEqual([BEFORE, HOUR]);
  });
});

describe('two planners at the boundary', () => {
  /** Runs `meanwhile` once the lists are read. */
  const interrupted = (meanwhile: () => Promise<unknown>) => {
    const { catalog } = road.ports;
    let done = false;
    return {
      get: catalog.get.bind(catalog),
      transact: catalog.transact.bind(catalog),
      query: async (...query: Parameters<typeof catalog.query>) => {
        const items = await catalog.query(...query);
        if (query[0] === 'sql-list/raw' && !done) {
          done = true;
          await meanwhile();
        }
        return items;
      },
    };
  };

  it('seal no hour for which another has just announced hot files', async () => {
    const catalog = interrupted(() => openForHot(road.ports.catalog, view, [HOUR]));
    await sealHours(catalog, view, { watermarkMs: CLOSED_MS, unread: [], hotHours: [] });
    expect(published).toEqual([]);
    await sealHours(road.ports.catalog, view, { watermarkMs: CLOSED_MS, unread: [], hotHours: [] });
    expect(published).toEqual([HOUR]);
  });

  it('list no hot files in an hour that another has just sealed', async () => {
    const catalog = interrupted(() => sealHours(road.ports.catalog, view, { watermarkMs: CLOSED_MS, unread: [], hotHours: [] }));
    expect(await openForHot(catalog, view, [HOUR])).toEqual(new Set());
    expect(published).toEqual([AFTER]);
  });

  it('announce more hours than one transaction takes', async () => {
    const hours = Array.from({ length: 150 }, (_, i) => new Date(START_MS + i * 3_600_000).toISOString().slice(0, 13).replace('T', '-'));
    expect(await openForHot(road.ports.catalog, view, hours)).toEqual(new Set(hours));
    expect((await state()).version).toBe(2);
    await openForHot(road.ports.catalog, view, hours);
    expect((await state()).version).toBe(2);
  });

  it('write a list again of which the bytes of either may stand there', async () => {
    await road.addHot(START_MS + 1, sampleAt(1));
    const { objects, catalog } = road.ports;
    const bound = { get: objects.get.bind(objects), putIfAbsent: objects.putIfAbsent.bind(objects), remove: objects.remove.bind(objects), replace: objects.replace.bind(objects) };
    let slowMinute: Promise<unknown> | undefined;
    let secondIsAtItsNote: () => void = () => undefined;
    const replace = async (key: string, bytes: Uint8Array): Promise<void> => {
      // The first planner is about to write what it saw; the second, which has seen the merge, writes and is about to note it.
      await road.watermark(CLOSED_MS);
      const second = minuteThrough({
        ...road.ports,
        catalog: {
          get: catalog.get.bind(catalog),
          query: catalog.query.bind(catalog),
          transact: async (writes) => {
            const isNote = writes.length === 1 && writes.some((write) => 'put' in write && write.put.pk === 'sql-list/raw');
            if (isNote) {
              secondIsAtItsNote();
              await slowMinute;
            }
            return catalog.transact(writes);
          },
        },
      });
      await Promise.race([second, new Promise<void>((resolve) => (secondIsAtItsNote = resolve))]);
      await objects.replace(key, bytes);
      ended = second;
    };
    let ended: Promise<unknown> = Promise.resolve();
    slowMinute = road.minute({ nowMs: CLOSED_MS }, { catalog, objects: { ...bound, replace } });
    await slowMinute;
    await ended;
    expect(await listed(HOUR)).toEqual(['hot']);
    await minute();
    expect(await listed(HOUR)).toEqual(['raw']);
  });
});
