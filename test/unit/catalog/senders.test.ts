import { beforeEach, describe, expect, it } from 'vitest';
import { LATENESS_WINDOW_MS, listSenders, SENDER_KEPT_MS, SenderLog, type SenderSeen } from '../../../shared/catalog/senders.ts';
import type { ItemTable, ItemWrite } from '../../../shared/catalog/item-table.ts';
import { useCatalog } from './use-catalog.ts';

const table = useCatalog();
const NOW = 1_700_000_000_000;
const MINUTE = 60_000;

let items: ItemTable;
let writes: (readonly ItemWrite[])[];
let fails: boolean;
let log: SenderLog;
beforeEach(() => {
  writes = [];
  fails = false;
  log = new SenderLog();
  items = {
    get: (key) => table.get(key),
    query: (pk, range) => table.query(pk, range),
    transact: (batch) => {
      if (fails) return Promise.reject(new Error('the table does not answer'));
      writes.push(batch);
      return table.transact(batch);
    },
  };
});

const seen = (sender: string, arrivalMs: number, latenessMs: number | null = 1000, samples = 10): SenderSeen => ({ sender, arrivalMs, flushIntervalMs: 10_000, samples, latenessMs: latenessMs ?? undefined });
const note = (arrivalMs: number, ...senders: SenderSeen[]): Promise<void> => log.note(items, 'shard-0', senders, arrivalMs);

describe('the list of senders', () => {
  it('tells when each was seen, how often it flushes, what it brought and how late', async () => {
    await note(NOW, seen('b', NOW - 5, 2500), seen('a', NOW, null, 0));
    const more = { shardId: 'shard-0', flushIntervalMs: 10_000 };
    expect(await listSenders(items, NOW)).toEqual([
      { ...more, sender: 'a', firstSeenMs: NOW, lastSeenMs: NOW, samples: 0, latenessMs: undefined, latenessAtMs: 0 },
      { ...more, sender: 'b', firstSeenMs: NOW - 5, lastSeenMs: NOW - 5, samples: 10, latenessMs: 2500, latenessAtMs: NOW - 5 },
    ]);
  });

  it('is written once a minute, and forgets nothing in between', async () => {
    for (let at = 0; at <= 2 * MINUTE; at += 10_000) await note(NOW + at, seen('a', NOW + at));
    expect(writes).toHaveLength(3);
    expect(await listSenders(items, NOW)).toMatchObject([{ sender: 'a', firstSeenMs: NOW, lastSeenMs: NOW + 2 * MINUTE, samples: 130 }]);
  });

  it('waits its minute also where processes take turns', async () => {
    await note(NOW, seen('a', NOW));
    log = new SenderLog();
    await note(NOW + 1000, seen('a', NOW + 1000));
    expect(writes).toHaveLength(1);
    await note(NOW + MINUTE + 1000, seen('a', NOW + MINUTE + 1000));
    await note(NOW + MINUTE + 2000, seen('a', NOW + MINUTE + 2000));
    expect(await listSenders(items, NOW)).toMatchObject([{ samples: 30 }]);
    await note(NOW + 3 * MINUTE, seen('a', NOW + 3 * MINUTE));
    expect(await listSenders(items, NOW)).toMatchObject([{ samples: 50 }]);
    expect(writes).toHaveLength(3);
  });

  it('keeps the greatest lateness of some minutes', async () => {
    const latenessAt = async (atMs: number, latenessMs: number): Promise<unknown> => {
      await note(NOW + atMs, seen('a', NOW + atMs, latenessMs));
      return (await listSenders(items, NOW))[0]?.latenessMs;
    };
    expect(await latenessAt(0, 500)).toBe(500);
    expect(await latenessAt(MINUTE, 40_000)).toBe(40_000);
    expect(await latenessAt(2 * MINUTE, 700)).toBe(40_000);
    expect(await latenessAt(MINUTE + LATENESS_WINDOW_MS + 1, 800)).toBe(800);
  });

  it('puts together what two shards say of one sender', async () => {
    await note(NOW + 5, seen('a', NOW + 5, 100));
    await new SenderLog().note(items, 'shard-1', [seen('a', NOW, 900)], NOW);
    expect(await listSenders(items, NOW)).toMatchObject([{ sender: 'a', shardId: 'shard-1', firstSeenMs: NOW, lastSeenMs: NOW + 5, samples: 20, latenessMs: 900 }]);
  });

  it('forgets a sender after a day', async () => {
    await note(NOW, seen('old', NOW), seen('a', NOW));
    await note(NOW + SENDER_KEPT_MS, seen('a', NOW + SENDER_KEPT_MS));
    expect((await listSenders(items, NOW + SENDER_KEPT_MS)).map(({ sender }) => sender)).toEqual(['a']);
  });

  it('tries again what the catalog did not take', async () => {
    fails = true;
    await expect(note(NOW, seen('a', NOW))).rejects.toThrow('does not answer');
    fails = false;
    await note(NOW + 1000, seen('a', NOW + 1000));
    expect(writes).toEqual([]);
    await note(NOW + MINUTE, seen('a', NOW + MINUTE));
    expect(await listSenders(items, NOW)).toMatchObject([{ firstSeenMs: NOW, samples: 30 }]);
  });

  it('takes ten thousand of a shard in 70 bytes each, and of hostile names what fits', async () => {
    await note(NOW, ...Array.from({ length: 10_000 }, (_, i) => seen(`web-${String(i).padStart(5, '0')}.eu-central-1`, NOW - i, 3000 + i, 123_456)));
    expect(await listSenders(items, NOW)).toHaveLength(10_000);
    const bytes = writes.flat().reduce((sum, write) => sum + ('put' in write ? String(write.put.attributes['rows']).length : 0), 0);
    expect(bytes / 10_000).toBeLessThan(70);

    await new SenderLog().note(items, 'shard-1', Array.from({ length: 20_000 }, (_, i) => seen(`${i}${'€'.repeat(1000)}\ud800`, NOW - i)), NOW);
    const kept = (await listSenders(items, NOW)).filter(({ shardId }) => shardId === 'shard-1');
    expect(kept.length).toBeGreaterThan(1000);
    expect(kept.length).toBeLessThan(16_000);
    expect(Math.max(...kept.map(({ sender }) => sender.length))).toBe(200);
  });
});
