import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEvaluateMemory } from '../../../functions/evaluate/evaluate.ts';
import { decodeFrame, isHeartbeat } from '../../../shared/wire/frame.ts';
import { SHARD, World } from './world.ts';

const MINUTE = 60_000;
const START = 1_700_000_040_000; // a multiple of a minute

let world: World;
beforeEach(async () => {
  world = await World.open();
});
afterEach(() => world.close());

/** `up` of host a every 10 s: 0 in [downFrom, upFrom), 1 elsewhere. */
const fillUp = (downFrom: number, upFrom: number, minutes: number): void => {
  for (let t = START - MINUTE; t <= START + minutes * MINUTE; t += 10_000) world.put('up', { host: 'a' }, t, t >= downFrom && t < upFrom ? 0 : 1);
};

const runMinutes = async (from: number, to: number, stepMs = MINUTE): Promise<void> => {
  for (let t = START + from * MINUTE; t <= START + to * MINUTE; t += stepMs) await world.tick(t + 16_000);
};

describe('evaluateTick', () => {
  it('takes the rule of the brief from pending to firing to resolved, one notification each', async () => {
    fillUp(START + MINUTE, START + 10 * MINUTE, 20);
    await runMinutes(0, 1);
    expect(world.reports.at(-1)).toMatchObject({ held: true, pending: 1, firing: 0, slots: 1, notifications: 0 });
    await runMinutes(2, 5);
    expect(world.reports.at(-1)).toMatchObject({ pending: 1, firing: 0 });
    await runMinutes(6, 9);
    expect(world.reports.at(-1)).toMatchObject({ pending: 0, firing: 1 });
    await runMinutes(10, 20);
    expect(world.reports.at(-1)).toMatchObject({ pending: 0, firing: 0 });
    expect(world.told()).toEqual([
      ['firing', START + 6 * MINUTE],
      ['resolved', START + 10 * MINUTE],
    ]);
    expect(world.published[0]).toMatchObject({ integration: 'ops/webhook/0', severity: 'page', subject: '[FIRING:1] instance_down a page' });
    const { message } = JSON.parse((world.published[0] as { body: string }).body) as { message: { alerts: unknown[] } };
    expect(message.alerts).toEqual([
      {
        status: 'firing',
        labels: { alertname: 'instance_down', host: 'a', severity: 'page' },
        annotations: { summary: 'a has 0' },
        startsAt: new Date(START + 6 * MINUTE).toISOString(),
        endsAt: '0001-01-01T00:00:00Z',
        generatorURL: 'http://tidemark.example/graph?g0.expr=up%20%3D%3D%200&g0.tab=1',
        fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
      },
    ]);
  });

  it('evaluates a slot once, however often it ticks and restarts', async () => {
    fillUp(START + MINUTE, START + 60 * MINUTE, 12);
    for (let i = 0; i < 3; i++) {
      world.memory = createEvaluateMemory(`00000000000000b${i}`);
      await runMinutes(0, 10, 20_000);
      await world.tick(START + 10 * MINUTE + 16_000);
    }
    expect(world.told()).toEqual([['firing', START + 6 * MINUTE]]);
    expect(world.reports.reduce((sum, report) => sum + report.slots, 0)).toBe(11);
  });

  it('starts a new group at its newest due slot, and waits before anything is stored', async () => {
    expect(await world.tick(START, 'as it is')).toMatchObject({ watermarkMs: 0, slots: 0 });
    expect(await world.tick(START + 5 * MINUTE)).toMatchObject({ slots: 1, skippedSlots: 0 });
  });

  it('skips and counts slots older than five intervals', async () => {
    await world.tick(START + 16_000);
    expect(await world.tick(START + 60 * MINUTE + 16_000)).toMatchObject({ slots: 6, skippedSlots: 54 });
  });

  it('never resolves in an incomplete slot, and lets a pending alert go on', async () => {
    fillUp(START, START + 60 * MINUTE, 8);
    await runMinutes(0, 6);
    expect(world.told()).toEqual([['firing', START + 5 * MINUTE]]);
    // The store stands still at minute 6: slots 7 to 16 come by the cap, and lookback finds nothing from 14 on.
    for (let i = 7; i <= 18; i++) await world.tick(START + i * MINUTE + 16_000, START + 6 * MINUTE + 16_000);
    expect(world.reports.reduce((sum, report) => sum + report.incompleteSlots, 0)).toBeGreaterThan(8);
    expect(world.reports.at(-1)).toMatchObject({ firing: 1 });
    expect(world.told()).toHaveLength(1);
  });

  it('does not fire on absence in an incomplete slot', async () => {
    world.rulesText = '- {name: g, rules: [{alert: Gone, expr: absent(up)}]}';
    world.put('up', { host: 'a' }, START, 1);
    await world.tick(START + 16_000);
    for (let i = 1; i <= 12; i++) await world.tick(START + i * MINUTE + 16_000, START + 16_000);
    expect(world.published).toEqual([]);
    await world.tick(START + 13 * MINUTE + 16_000);
    expect(world.told().map(([status]) => status)).toEqual(['firing']);
  });

  it('is not moved by late samples, inside the lateness or after it', async () => {
    world.rulesText = '- {name: g, interval: 10s, rules: [{alert: Down, expr: up == 0, for: 30s}]}';
    for (let t = START; t <= START + 5 * MINUTE; t += 10_000) {
      const down = t >= START + MINUTE && t < START + 3 * MINUTE;
      // Every third sample is 14 s late; a wrong one from the time before comes a minute late.
      world.put('up', { host: 'a' }, t, down ? 0 : 1, t + ((t / 10_000) % 3 === 0 ? 14_000 : 0));
      world.put('up', { host: 'a' }, t - 1, 1, t + MINUTE);
    }
    for (let now = START; now <= START + 5 * MINUTE; now += 5000) await world.tick(now);
    expect(world.told()).toEqual([
      ['firing', START + MINUTE + 30_000],
      ['resolved', START + 3 * MINUTE],
    ]);
  });

  it('keeps an error as a state of its rule: nothing resolves, other rules go on', async () => {
    world.rulesText = `- name: g
  rules:
    - {alert: Down, expr: up == 0}
    - {alert: Twins, expr: '{host="a"}'}
    - {alert: Busy, expr: load > 1}
`;
    fillUp(START, START + 60 * MINUTE, 8);
    for (let t = START; t < START + 8 * MINUTE; t += 10_000) world.put('load', { host: 'a' }, t, 2);
    expect(await world.tick(START + 16_000)).toMatchObject({ ruleErrors: 1, firing: 2 });
    world.failSelect = (metric) => metric === 'up';
    expect(await world.tick(START + MINUTE + 16_000)).toMatchObject({ ruleErrors: 2, firing: 2 });
    expect(world.told().map(([status]) => status)).toEqual(['firing', 'firing']);
  });

  it('refuses more alerts than the limit and keeps what there was', async () => {
    world.rulesText = '- {name: g, limit: 1, rules: [{alert: Down, expr: up == 0}]}';
    fillUp(START, START + 60 * MINUTE, 8);
    expect(await world.tick(START + 16_000)).toMatchObject({ firing: 1, ruleErrors: 0 });
    for (let t = START + 30_000; t < START + 8 * MINUTE; t += 10_000) world.put('up', { host: 'b' }, t, 0);
    expect(await world.tick(START + MINUTE + 16_000)).toMatchObject({ firing: 1, ruleErrors: 1 });
  });

  it('resolves the alerts of a rule that is in no file any more', async () => {
    fillUp(START, START + 60 * MINUTE, 12);
    await runMinutes(0, 6);
    world.rulesText = '- {name: other, rules: []}';
    const now = START + 7 * MINUTE + 16_000;
    expect(await world.tick(now)).toMatchObject({ firing: 0, notifications: 1 });
    expect(world.told().at(-1)).toEqual(['resolved', now]);
    await world.tick(now + MINUTE);
    expect(world.published).toHaveLength(2);
  });

  it('resolves nothing while the rules cannot be read', async () => {
    fillUp(START, START + 60 * MINUTE, 12);
    await runMinutes(0, 6);
    const ports = world.ports({ rules: () => Promise.reject(new Error('rules.yml:1:1: wrong')) });
    await expect(world.tick(START + 7 * MINUTE + 16_000, 'as it is', ports)).rejects.toThrow('rules.yml:1:1');
    expect(await world.tick(START + 7 * MINUTE + 17_000)).toMatchObject({ firing: 1 });
    expect(world.published).toHaveLength(1);
  });

  it('makes no notification of an end where send_resolved is off', async () => {
    const [ops] = world.alertmanager.receivers;
    world.alertmanager = { ...world.alertmanager, receivers: [{ name: 'ops', integrations: (ops?.integrations ?? []).map((each) => ({ ...each, sendResolved: false })) }] };
    fillUp(START, START + 8 * MINUTE, 12);
    await runMinutes(0, 10);
    expect(world.told()).toEqual([['firing', START + 5 * MINUTE]]);
  });

  it('sends a heartbeat to every open shard, under ids of their own', async () => {
    world.shards = [SHARD, { ...SHARD, shardId: 'shard-1', startingHashKey: '99' }, { ...SHARD, shardId: 'shard-2', open: false }];
    expect(await world.tick(START)).toMatchObject({ openShards: 2, heartbeats: 2, errors: [] });
    await world.tick(START + 5000);
    expect(world.records.map((record) => record.explicitHashKey)).toEqual(['0', '99', '0', '99']);
    const frames = world.records.map((record) => decodeFrame(record.data));
    expect(frames.every(isHeartbeat)).toBe(true);
    expect(new Set(frames.map((frame) => Buffer.from(frame.header.recordId).toString('hex'))).size).toBe(4);
  });

  it('evaluates even when the stream does not answer, and says so', async () => {
    fillUp(START, START + 60 * MINUTE, 2);
    world.failRecords = true;
    expect(await world.tick(START + 16_000)).toMatchObject({ slots: 1, heartbeats: 0, pending: 1, errors: ['put heartbeats: put records: the stream does not answer', "put the road's sample: put records: the stream does not answer", 'put series of rules.yml;instance_down: put records: the stream does not answer'] });
  });

  it('goes on with other groups when one cannot be stored, and stores it at the next tick', async () => {
    world.rulesText = `- {name: first, rules: [{alert: A, expr: up == 0}]}
- {name: second, rules: [{alert: B, expr: up == 0}]}
`;
    fillUp(START, START + 60 * MINUTE, 2);
    const { alerts } = world;
    const failing = world.ports({
      alerts: {
        get: (key) => alerts.get(key),
        query: (pk, range) => alerts.query(pk, range),
        transact: (writes) => (JSON.stringify(writes).includes('rules.yml;first') ? Promise.reject(new Error('throttled')) : alerts.transact(writes)),
      },
    });
    expect(await world.tick(START + 16_000, START + 16_000, failing)).toMatchObject({ held: true, firing: 1, published: 1, errors: ['evaluate group rules.yml;first: throttled'] });
    expect(await world.tick(START + 17_000)).toMatchObject({ firing: 2, published: 1, errors: [] });
    expect(world.told()).toHaveLength(2);
  });

  it('publishes again what the fan-out has not taken, under the same id', async () => {
    world.rulesText = '- {name: g, rules: [{alert: A, expr: up == 0}]}';
    fillUp(START, START + 60 * MINUTE, 2);
    const refused: string[] = [];
    const ports = world.ports({
      publish: async ({ id }) => {
        refused.push(id);
        throw new Error('throttled');
      },
    });
    expect(await world.tick(START + 16_000, START + 16_000, ports)).toMatchObject({ notifications: 1, published: 0, unpublished: 1 });
    expect(await world.tick(START + 17_000)).toMatchObject({ notifications: 0, published: 1, unpublished: 0 });
    expect(world.published.map(({ id }) => id)).toEqual(refused);
  });
});
