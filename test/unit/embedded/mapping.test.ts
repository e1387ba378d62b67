import { describe, expect, it, onTestFinished } from 'vitest';
import { type Mapping, type MappingOptions, startMapping } from '../../../shared/embedded/mapping.ts';
import { type EmbeddedStream, openStream } from '../../../shared/embedded/stream.ts';
import type { Delivery, OutgoingRecord } from '../../../shared/wire/record-stream.ts';
import { tempFolder } from '../../contract/temp-folder.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const record = (text: string, hashKey = '0'): OutgoingRecord => ({ partitionKey: 'k', explicitHashKey: hashKey, data: Buffer.from(text) });
const textsOf = ({ records }: Delivery): string[] => records.map(({ data }) => Buffer.from(data).toString());
const letters = (count: number): string[] => Array.from({ length: count }, (_, i) => String.fromCodePoint(97 + i));

interface Road {
  readonly dir: string;
  readonly clock: VirtualClock;
  readonly stream: EmbeddedStream;
  readonly start: (deliver: (delivery: Delivery) => Promise<void>, more?: Partial<MappingOptions>) => Mapping;
}

const openRoad = async (shardCount = 1, dir?: string): Promise<Road> => {
  const clock = new VirtualClock(1_000_000);
  const folder = dir ?? (await tempFolder());
  const stream = await openStream(folder, { shardCount, nowMs: clock.nowMs });
  onTestFinished(() => stream.close().catch(() => undefined));
  return { dir: folder, clock, stream, start: (deliver, more = {}) => startMapping({ stream, deliver, ...clock, ...more }) };
};

describe('mapping', () => {
  it('delivers what is there in one batch once the window is over, and moves the checkpoint', async () => {
    const { stream, clock, start } = await openRoad();
    const seen: { texts: string[]; waited: boolean }[] = [];
    await stream.putRecords([record('a')]);
    const mapping = start(async (delivery) => void seen.push({ texts: textsOf(delivery), waited: clock.nowMs() >= 1_300_000 }), { windowMs: 300_000 });
    await stream.putRecords([record('b')]);
    await mapping.idle();
    expect(seen).toEqual([{ texts: ['a', 'b'], waited: true }]);
    expect(await stream.checkpoint('shard-000000')).toBe('2');
    await mapping.stop();
  });

  it('does not wait for the window when the batch is full by records or by payload', async () => {
    const { stream, clock, start } = await openRoad();
    const seen: string[][] = [];
    await stream.putRecords(letters(6).map((text) => record(text)));
    const mapping = start(async (delivery) => void seen.push(textsOf(delivery)), { batchRecords: 2, windowMs: 1e9 });
    await mapping.idle();
    expect(seen).toEqual([['a', 'b'], ['c', 'd'], ['e', 'f']]);
    await mapping.stop();
    await stream.putRecords(letters(7).map((text) => record(text)));
    // Three records of 552 bytes of payload fit; the seventh waits for its window, or for the stop.
    const byPayload = start(async (delivery) => void seen.push(textsOf(delivery)), { payloadBytes: 3 * 552 + 1, windowMs: 1e9 });
    while (seen.length < 5) await clock.sleep(100);
    await byPayload.stop();
    expect(seen.slice(3)).toEqual([['a', 'b', 'c'], ['d', 'e', 'f'], ['g']]);
    expect(clock.nowMs()).toBeLessThan(1e9);
  });

  it('delivers a record that is larger than the payload alone', async () => {
    const { stream, start } = await openRoad();
    const seen: string[][] = [];
    await stream.putRecords([record('a'), record('b')]);
    const mapping = start(async (delivery) => void seen.push(textsOf(delivery)), { payloadBytes: 10 });
    await mapping.idle();
    expect(seen).toEqual([['a'], ['b']]);
    await mapping.stop();
  });

  it('halves a failing batch down to the record that fails, in order, and tries that one until it passes', async () => {
    const { stream, clock, start } = await openRoad();
    const seen: string[] = [];
    let failures = 0;
    await stream.putRecords(letters(5).map((text) => record(text)));
    const mapping = start(async (delivery) => {
      const texts = textsOf(delivery);
      if (texts.includes('c') && (texts.length > 1 || failures++ < 8)) throw new Error('c cannot be stored');
      seen.push(texts.join(''));
    });
    await mapping.idle();
    expect(seen).toEqual(['ab', 'c', 'de']);
    // 100 ms doubling eight times, capped at 10 s.
    expect(clock.nowMs() - 1_000_000).toBeGreaterThan(22_000);
    await mapping.stop();
  });

  it('hands a record that fails past the maximum age to onFailure, and goes on behind it', async () => {
    const { stream, start } = await openRoad();
    const seen: string[] = [];
    const failed: string[] = [];
    await stream.putRecords(letters(3).map((text) => record(text)));
    const mapping = start(
      async (delivery) => {
        if (textsOf(delivery).includes('b')) throw new Error('never');
        seen.push(...textsOf(delivery));
      },
      { maxAgeMs: 60_000, onFailure: async (delivery, error) => void failed.push(...textsOf(delivery), String(error)) },
    );
    await mapping.idle();
    expect([seen, failed]).toEqual([['a', 'c'], ['b', 'Error: never']]);
    await mapping.stop();
  });

  it('delivers everything that is there before it stops, without waiting for a window', async () => {
    const { stream, clock, start } = await openRoad(2);
    const seen: string[] = [];
    const mapping = start(async (delivery) => void seen.push(...textsOf(delivery)), { windowMs: 1e9, batchRecords: 2 });
    const [, second] = await stream.listShards();
    await stream.putRecords([...letters(5).map((text) => record(text)), record('z', second?.startingHashKey)]);
    await mapping.stop();
    expect(seen.sort()).toEqual(['a', 'b', 'c', 'd', 'e', 'z']);
    expect(clock.nowMs()).toBeLessThan(1e9);
  });

  it('leaves what fails while it stops to the next start', async () => {
    const { stream, start } = await openRoad();
    await stream.putRecords([record('a'), record('b')]);
    const failing = start(async () => Promise.reject(new Error('down')));
    await failing.stop();
    expect(await stream.checkpoint('shard-000000')).toBeUndefined();
    const seen: string[][] = [];
    const mapping = start(async (delivery) => void seen.push(textsOf(delivery)));
    await mapping.idle();
    expect(seen).toEqual([['a', 'b']]);
    await mapping.stop();
  });

  it('goes on from its checkpoint after a restart', async () => {
    const first = await openRoad();
    await first.stream.putRecords([record('a')]);
    const before = first.start(async () => undefined);
    await before.idle();
    await before.stop();
    await first.stream.putRecords([record('b')]);
    await first.stream.close();
    const second = await openRoad(1, first.dir);
    const seen: string[] = [];
    const after = second.start(async (delivery) => void seen.push(...textsOf(delivery)));
    await after.idle();
    await after.stop();
    expect(seen).toEqual(['b']);
  });

  it('reads parents to their end before their children', async () => {
    const { stream, start } = await openRoad(1);
    const seen: string[] = [];
    await stream.putRecords([record('parent 1')]);
    await stream.putRecords([record('parent 2')]);
    await stream.reshard(2);
    await stream.putRecords([record('child')]);
    await stream.reshard(1);
    await stream.putRecords([record('grandchild')]);
    let failures = 0;
    const mapping = start(async (delivery) => {
      if (failures++ < 5) throw new Error('not yet');
      seen.push(...textsOf(delivery));
    });
    await mapping.idle();
    await mapping.stop();
    expect(seen).toEqual(['parent 1', 'parent 2', 'child', 'grandchild']);
  });

  it('gets over a stream that cannot be read for a while', async () => {
    const { stream, clock } = await openRoad();
    await stream.putRecords([record('a')]);
    const errors: string[] = [];
    const seen: string[] = [];
    let reads = 0;
    const flaky = Object.assign(Object.create(stream) as EmbeddedStream, {
      read: (...args: Parameters<EmbeddedStream['read']>) => (reads++ < 3 ? Promise.reject(new Error('EIO')) : stream.read(...args)),
    });
    const mapping = startMapping({ stream: flaky, deliver: async (delivery) => void seen.push(...textsOf(delivery)), ...clock, onError: (subject) => errors.push(subject) });
    await mapping.idle();
    await mapping.stop();
    expect([seen, errors]).toEqual([['a'], ['read shard-000000', 'read shard-000000', 'read shard-000000']]);
  });
});

describe('mapping after the process died in a delivery', () => {
  /** A process that dies inside a delivery: its promise never comes back, and the next process opens the same folder. */
  const runUntilDeath = async (dir: string, poison: string, survivors: string[]): Promise<string[] | undefined> => {
    const road = await openRoad(2, dir);
    const deaths: string[][] = [];
    let running = 0;
    const died = new Promise<string[]>((dead) => {
      void road
        .start(async (delivery) => {
          expect(++running).toBeLessThanOrEqual(2);
          const texts = textsOf(delivery);
          if (deaths.length > 0 || texts.includes(poison)) {
            deaths.push(texts);
            dead(texts);
            return new Promise(() => undefined);
          }
          running--;
          survivors.push(...texts);
        })
        .idle()
        .then(() => dead([]));
    });
    const texts = await died;
    await road.stream.close();
    return texts.length === 0 ? undefined : texts;
  };

  it('is alone with the record that kills within the logarithm of the batch, and stores everything before it', async () => {
    const dir = await tempFolder();
    const { stream } = await openRoad(2, dir);
    await stream.putRecords(Array.from({ length: 1000 }, (_, i) => record(`r${i}`)));
    await stream.close();
    const survivors: string[] = [];
    let deaths = 0;
    let last: string[] = [];
    for (;;) {
      last = (await runUntilDeath(dir, 'r777', survivors)) ?? [];
      deaths++;
      if (last.length === 1 || deaths > 40) break;
    }
    expect(last).toEqual(['r777']);
    expect(deaths).toBeLessThanOrEqual(11);
    expect(survivors).toEqual(Array.from({ length: 777 }, (_, i) => `r${i}`));
    expect(await runUntilDeath(dir, 'none', survivors)).toBeUndefined();
    expect(new Set(survivors).size).toBe(1000);
  });

  it('takes a mark that its delivery has outlived for none', async () => {
    const { stream, start } = await openRoad();
    await stream.putRecords(letters(4).map((text) => record(text)));
    await stream.markInFlight('shard-000000', { afterSequence: '0', records: 2 });
    await stream.saveCheckpoint('shard-000000', '2');
    const seen: string[] = [];
    const mapping = start(async (delivery) => void seen.push(textsOf(delivery).join('')));
    await mapping.idle();
    await mapping.stop();
    expect(seen).toEqual(['cd']);
  });
});
