import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEvaluateMemory } from '../../../functions/evaluate/evaluate.ts';
import { runMinute } from '../../../functions/evaluate/run-minute.ts';
import { raiseWatermark } from '../../../shared/catalog/watermarks.ts';
import { LEASE_MS, StaleLeaseError, leaseCheck, takeLease } from '../../../shared/alerting/lease.ts';
import { storeTransitions } from '../../../shared/alerting/transitions.ts';
import { SHARD, World } from './world.ts';

const MINUTE = 60_000;
const START = 1_700_000_040_000;

let world: World;
beforeEach(async () => {
  world = await World.open();
  for (let t = START - 12 * MINUTE; t <= START + 20 * MINUTE; t += 30_000) world.put('up', { host: 'a' }, t, 0);
});
afterEach(() => world.close());

describe('two evaluators', () => {
  it('the successor takes the lease at once, the one before stops, and comes back when it is free', async () => {
    const older = world.memory;
    const newer = createEvaluateMemory('00000000000000bb');
    expect(await world.tick(START + 16_000)).toMatchObject({ held: true });
    expect(await world.tick(START + MINUTE + 16_000, undefined, world.ports(), newer)).toMatchObject({ held: true, pending: 1 });
    expect(await world.tick(START + MINUTE + 17_000, undefined, world.ports(), older)).toMatchObject({ held: false, slots: 0 });
    expect(older.alerts).toBeUndefined();
    expect(await world.tick(START + 2 * MINUTE, undefined, world.ports(), older)).toMatchObject({ held: false });
    expect(await world.tick(START + MINUTE + 16_000 + LEASE_MS, undefined, world.ports(), older)).toMatchObject({ held: true, pending: 1 });
    expect(await world.tick(START + MINUTE + 17_000 + LEASE_MS, undefined, world.ports(), newer)).toMatchObject({ held: false });
  });

  it('a transition under an older epoch fails whole, and its holder forgets what it remembers', async () => {
    world.rulesText = '- {name: g, rules: [{alert: Now, expr: up == 0}]}';
    const older = world.memory;
    world.samples.splice(0, 12); // nothing to fire on yet
    await world.tick(START - 11 * MINUTE + 16_000);
    const newer = createEvaluateMemory('00000000000000bb');
    const overtaken = world.ports({
      openSelect: () => async (request) => {
        if (newer.lease === undefined) await world.tick(world.nowMs, undefined, world.ports(), newer);
        return world.select(request);
      },
    });
    expect(await world.tick(START + 16_000, undefined, overtaken, older)).toMatchObject({ held: false, transitions: 0, notifications: 0 });
    expect(older).toMatchObject({ lease: undefined, alerts: undefined });
    expect(world.told()).toEqual([['firing', START - 5 * MINUTE]]);
  });

  it('refuses transitions of a lease that is gone', async () => {
    const first = await takeLease(world.alerts, 'a', 0, 'successor');
    const second = await takeLease(world.alerts, 'b', 1, 'successor');
    expect([first?.epoch, second?.epoch]).toEqual([1, 2]);
    expect(await takeLease(world.alerts, 'c', 2, 'when-free')).toBeUndefined();
    const lease = first ?? { holder: '', epoch: 0 };
    await expect(storeTransitions(world.alerts, lease, [{ rule: { ruleId: 'r', group: 'g', name: 'R' }, key: '{}', before: undefined, alert: undefined, atMs: 1 }])).rejects.toThrow(StaleLeaseError);
    expect(await world.alerts.transact([leaseCheck(lease)])).toEqual({ done: false, failed: [0] });
  });
});

describe('runMinute', () => {
  const clockOf = (stop: (now: number) => Promise<void>) => {
    const ticks: number[] = [];
    let now = START + 16_300;
    return {
      ticks,
      clock: {
        nowMs: () => now,
        sleep: async (durationMs: number) => {
          now += durationMs;
          await stop(now);
        },
        onTick: () => void ticks.push(now - START),
      },
    };
  };

  it('ticks on the wall-clock grid until the successor has come', async () => {
    world.rulesText = '- {name: g, interval: 10s, rules: [{alert: Now, expr: up == 0}]}';
    const { ticks, clock } = clockOf(async (now) => {
      if (now === START + 40_000) await takeLease(world.alerts, 'next', now, 'successor');
    });
    await runMinute(world.ports(), world.memory, clock);
    expect(ticks).toEqual([16_300, 20_000, 25_000, 30_000, 35_000, 40_000]);
  });

  it('ends by itself after 130 s', async () => {
    world.rulesText = '- {name: g, interval: 30s, rules: []}';
    const { ticks, clock } = clockOf(async () => undefined);
    await runMinute(world.ports(), world.memory, clock);
    expect(ticks.at(-1)).toBe(145_000);
  });

  it('stays while a slot waits for the watermark, where no group needs more', async () => {
    await raiseWatermark(world.catalog, SHARD.shardId, START + 1000);
    const { ticks, clock } = clockOf(async (now) => {
      if (now === START + 25_000) await raiseWatermark(world.catalog, SHARD.shardId, now);
    });
    await runMinute(world.ports(), world.memory, clock);
    expect(ticks).toEqual([16_300, 20_000, 25_000]);
    expect(world.memory.alerts?.cursors.get('rules.yml;instance_down')?.slotMs).toBe(START);
  });

  it('ticks once where no group needs more', async () => {
    const { ticks, clock } = clockOf(async () => undefined);
    await runMinute(world.ports(), world.memory, clock);
    expect(ticks).toEqual([16_300]);
  });
});
