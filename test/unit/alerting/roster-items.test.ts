import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isWorthStoring, readRoster, writeRoster } from '../../../shared/alerting/roster-items.ts';
import type { Roster } from '../../../shared/alerting/roster.ts';
import { openItemTables } from '../../../shared/embedded/item-sqlite.ts';
import type { ItemTables } from '../../../shared/embedded/item-sqlite.ts';

const NOW = 1_700_000_000_000;
const MINUTE = 60_000;

let tables: ItemTables;
beforeEach(async () => {
  tables = await openItemTables(':memory:', ['alerts'], { nowMs: () => NOW });
});
afterEach(() => tables.close());

const roster = (changes: Partial<Roster> = {}): Roster => ({
  of: 'up',
  seenMs: NOW,
  fromMs: NOW - 60 * MINUTE,
  series: new Map([
    ['a', { labels: [['host', 'a']], lastSeenMs: NOW }],
    ['b', { labels: [['host', 'b']], lastSeenMs: NOW - MINUTE, backMs: NOW - 5 * MINUTE }],
  ]),
  declared: new Map([['{"host":"z"}', { labels: [['host', 'z']], lastSeenMs: 0 }]]),
  ...changes,
});

const store = (of: Roster) => tables.table('alerts').transact([writeRoster('r', of)]);

describe('a stored roster', () => {
  it('comes back as it was', async () => {
    await store(roster());
    expect(await readRoster(tables.table('alerts'), 'r', undefined)).toEqual({ roster: roster(), writtenMs: NOW });
    expect(await readRoster(tables.table('alerts'), 'other', undefined)).toBeUndefined();
  });

  it('holds for the last slot in which its rule was evaluated: what reported then does so still, the rest is as it was', async () => {
    await store(roster());
    const later = (await readRoster(tables.table('alerts'), 'r', NOW + 30 * MINUTE))?.roster;
    expect(later?.seenMs).toBe(NOW + 30 * MINUTE);
    expect([...(later?.series.values() ?? [])].map(({ lastSeenMs }) => lastSeenMs)).toEqual([NOW + 30 * MINUTE, NOW - MINUTE]);
  });

  it('holds for no later slot when it would have been written since', async () => {
    await store(roster());
    expect((await readRoster(tables.table('alerts'), 'r', NOW + 60 * MINUTE))?.roster.seenMs).toBe(NOW);
  });

  it('is written when it tells something new, and every hour', () => {
    const stored = { roster: roster(), writtenMs: NOW };
    const after = (ms: number, changes: Partial<Roster> = {}): Roster => roster({ seenMs: NOW + ms, series: new Map([...roster().series, ['a', { labels: [['host', 'a']], lastSeenMs: NOW + ms }]]), ...changes });
    expect(isWorthStoring(undefined, roster())).toBe(true);
    expect(isWorthStoring(stored, after(MINUTE))).toBe(false);
    expect(isWorthStoring(stored, after(60 * MINUTE))).toBe(true);
    expect(isWorthStoring(stored, after(MINUTE, { series: roster().series }))).toBe(true); // a is gone
    expect(isWorthStoring(stored, after(MINUTE, { fromMs: 0 }))).toBe(true);
    expect(isWorthStoring(stored, after(MINUTE, { declared: new Map([['{"host":"z"}', { labels: [['host', 'z']], lastSeenMs: NOW + MINUTE }]]) }))).toBe(true);
  });

  it('is left out when it is too large for an item', async () => {
    await store(roster());
    const series = new Map(Array.from({ length: 20_000 }, () => randomBytes(16).toString('hex')).map((host) => [host, { labels: [['host', host]] as const, lastSeenMs: NOW }]));
    await store(roster({ series }));
    expect(await readRoster(tables.table('alerts'), 'r', undefined)).toBeUndefined();
  });
});
