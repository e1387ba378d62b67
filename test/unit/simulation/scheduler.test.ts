import { describe, expect, it } from 'vitest';
import { Scheduler } from '../../simulation/scheduler.ts';

/** Three actors that wait for the same moments; who is first is the seed's choice. */
const course = async (seed: number): Promise<{ order: string; hash: string; nowMs: number; end: string }> => {
  const scheduler = new Scheduler(seed, 1000);
  let order = '';
  const actor = async (name: string): Promise<void> => {
    for (let i = 0; i < 4; i++) {
      await scheduler.sleep(10, name);
      order += name;
      // However long the chain of promises, nobody else runs before it waits again.
      for (let k = 0; k < 50; k++) await Promise.resolve();
      order += name;
    }
  };
  for (const name of ['a', 'b', 'c']) void actor(name);
  const end = await scheduler.run(() => false, 10_000);
  return { order, hash: scheduler.traceHash, nowMs: scheduler.nowMs(), end };
};

describe('the scheduler', () => {
  it('gives the same course for the same seed', async () => {
    expect(await course(7)).toEqual(await course(7));
  });

  it('gives many courses for many seeds', async () => {
    const courses = await Promise.all(Array.from({ length: 20 }, (_, seed) => course(seed)));
    expect(new Set(courses.map(({ order }) => order)).size).toBeGreaterThan(15);
    expect(new Set(courses.map(({ hash }) => hash)).size).toBeGreaterThan(15);
  });

  it('lets one actor run to its next wait before it wakes another', async () => {
    const { order } = await course(3);
    expect(order).toMatch(/^(?:aa|bb|cc){12}$/);
  });

  it('wakes in order of time and ends when nobody waits', async () => {
    expect(await course(5)).toMatchObject({ nowMs: 1040, end: 'idle' });
    const scheduler = new Scheduler(1, 0);
    const woken: number[] = [];
    for (const ms of [30, 5, 20, 5, 100, 1]) void scheduler.sleep(ms).then(() => woken.push(scheduler.nowMs()));
    expect(await scheduler.run(() => woken.length === 4, 10_000)).toBe('reached');
    expect(await scheduler.run(() => false, 50)).toBe('late');
    expect(woken).toEqual([1, 5, 5, 20, 30]);
  });
});
