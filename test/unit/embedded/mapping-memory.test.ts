import { expect, it } from 'vitest';
import { startMapping } from '../../../shared/embedded/mapping.ts';
import type { MappingSource } from '../../../shared/embedded/mapping-source.ts';
import { usedBytes } from '../../support/heap.ts';

const EMPTY: MappingSource = {
  listShards: async () => [{ shardId: 's', parentIds: [], startingHashKey: '0', open: true }],
  read: async () => ({ records: [], bytes: 0, more: false, ended: false }),
  checkpoint: async () => undefined,
  saveCheckpoint: async () => undefined,
  behind: async () => false,
  inFlight: async () => undefined,
  markInFlight: async () => undefined,
  trim: async () => undefined,
};

it('an idle mapping holds no more memory after 100,000 looks at its shard than after 1,000', async () => {
  let looks = 0;
  const reached = (count: number): Promise<void> =>
    new Promise((resolve) => {
      marks.set(count, resolve);
    });
  const marks = new Map<number, () => void>();
  const sleep = async (): Promise<void> => {
    marks.get(++looks)?.();
    // Now and then a turn of the event loop, so that the test itself comes to its turn.
    if (looks % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
  };
  const [few, many] = [reached(1000), reached(100_000)];
  const mapping = startMapping({ stream: EMPTY, deliver: async () => undefined, nowMs: () => looks, sleep });
  await few;
  const before = usedBytes();
  await many;
  expect((usedBytes() - before) / 99_000).toBeLessThan(20);
  await mapping.stop();
});
