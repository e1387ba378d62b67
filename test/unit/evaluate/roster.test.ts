import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEvaluateMemory } from '../../../functions/evaluate/evaluate.ts';
import { createRetirement } from '../../../shared/alerting/retirements.ts';
import type { SelectRequest } from '../../../shared/promql/series-source.ts';
import { World } from './world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const START = 1_700_000_040_000;

let world: World;
let fresh = 0;
beforeEach(async () => {
  world = await World.open();
});
afterEach(() => world.close());

/** A rule over `up` with this policy, without `for`. */
const rule = (policy: string, hold = ''): string => `- {name: g, rules: [{alert: Down, expr: up == 0, ${hold}no_data: ${policy}}]}`;

/** `up` of a host each minute, from one minute to another. */
const report = (host: string, fromMinute: number, toMinute: number): void => {
  for (let minute = fromMinute; minute <= toMinute; minute++) world.put('up', { host }, START + minute * MINUTE, 1);
};

const run = async (fromMinute: number, toMinute: number): Promise<void> => {
  for (let minute = fromMinute; minute <= toMinute; minute++) await world.tick(START + minute * MINUTE + 16_000);
};

/** Alerts about hosts. */
const active = (): string[] =>
  [...(world.memory.alerts?.alerts.values() ?? [])].flatMap((alerts) => [...alerts].filter(([key, { phase }]) => phase !== 'inactive' && key.includes('Down')).map(([key, { phase }]) => `${/"host":"([^"]*)"/.exec(key)?.[1]} ${phase}`));

/** What was told of hosts: status and host, in order. */
const told = (): string[] =>
  world.published.flatMap(({ body }) => {
    const { message } = JSON.parse(body) as { message: { alerts: { status: string; labels: Record<string, string> }[] } };
    return message.alerts.flatMap(({ status, labels }) => (labels['host'] === undefined ? [] : [`${status} ${labels['host']}`]));
  });

const retire = (host: string, atMinute: number, forMs = 24 * HOUR) =>
  createRetirement(
    world.alerts,
    { matchers: [{ name: 'host', op: '=', value: host }], forMs, createdBy: 'ann', comment: 'scaled in' },
    { actor: 'local', nowMs: START + atMinute * MINUTE, random: Uint8Array.of(fresh++) },
  );

/** What is asked of `up` that goes further back than a lookback. */
const watchReads = (): SelectRequest[] => {
  const wide: SelectRequest[] = [];
  const ports = world.ports.bind(world);
  world.ports = (changes = {}) =>
    ports({
      openSelect: () => async (request) => {
        if (request.matchers.some(({ value }) => value === 'up') && request.toMs - request.fromMs > 5 * MINUTE) wide.push(request);
        return world.select(request);
      },
      ...changes,
    });
  return wide;
};

describe('the roster of a rule', () => {
  it('names a series that disappears after `for`, and tells of its end once when it comes back', async () => {
    world.rulesText = rule('{mode: alert, window: 6h}', 'for: 2m, ');
    report('a', 0, 400);
    report('b', 0, 5);
    report('b', 200, 400);
    await run(0, 10);
    expect(active()).toEqual(['b pending']);
    await run(11, 12);
    expect(active()).toEqual(['b firing']);
    // Longer than an hour: the window is of six.
    await run(13, 199);
    expect(active()).toEqual(['b firing']);
    await run(200, 230);
    expect(active()).toEqual([]);
    expect(told()).toEqual(['firing b', 'resolved b']);
  });

  it('asks for the past once, and then for what reports now alone', async () => {
    world.rulesText = rule('alert');
    report('a', -60, 60);
    const wide = watchReads();
    await run(0, 0);
    expect(wide).toHaveLength(1);
    await run(1, 30);
    expect(wide).toHaveLength(1);
    // Nor is anything written while nothing changes.
    expect((await world.alerts.query('roster')).map(({ attributes }) => attributes['seenMs'])).toEqual([START]);
    await run(31, 61);
    expect((await world.alerts.query('roster')).map(({ attributes }) => attributes['seenMs'])).toEqual([START + 60 * MINUTE]);
  });

  it('learns a long window an hour at each slot, the newest first', async () => {
    world.rulesText = rule('{mode: alert, window: 3h}');
    report('a', -300, 10);
    report('b', -160, -150);
    report('c', -100, -90);
    report('d', -300, -250);
    const wide = watchReads();
    await run(0, 0);
    expect(active()).toEqual([]);
    await run(1, 1);
    expect(active()).toEqual(['c firing']);
    await run(2, 5);
    expect(active().sort()).toEqual(['b firing', 'c firing']);
    expect(wide).toHaveLength(3);
  });

  it('goes on with a new holder as it was, without asking for the past again', async () => {
    world.rulesText = rule('{mode: alert, window: 6h}');
    report('a', -400, 200);
    report('b', -400, 3);
    report('c', -400, 40);
    await run(0, 30);
    expect(active()).toEqual(['b firing']);
    const wide = watchReads();
    world.memory = createEvaluateMemory('00000000000000bb');
    await world.tick(START + 31 * MINUTE + 16_000);
    expect(active()).toEqual(['b firing']);
    await run(32, 50);
    expect(active().sort()).toEqual(['b firing', 'c firing']);
    expect(wide).toEqual([]);
  });

  it('is handed from holder to holder, one for each slot, for hours', async () => {
    world.rulesText = rule('alert');
    report('a', -60, 200);
    report('b', -60, 150);
    const wide = watchReads();
    for (let minute = 0; minute <= 160; minute++) {
      world.memory = createEvaluateMemory(minute.toString(16).padStart(16, '0'));
      await run(minute, minute);
    }
    expect(active()).toEqual(['b firing']);
    expect(wide).toHaveLength(1);
  });

  it('asks what it missed when slots were skipped: a series that came and went meanwhile is missing', async () => {
    world.rulesText = rule('alert');
    report('a', 0, 100);
    await run(0, 10);
    report('b', 15, 20);
    await run(45, 45);
    expect(active()).toEqual(['b firing']);
  });

  it('never counts an incomplete slot, and knows after them what reported meanwhile', async () => {
    world.rulesText = rule('alert', 'for: 1m, ');
    report('a', 0, 100);
    report('b', 0, 2);
    await run(0, 4);
    const stopped = START + 4 * MINUTE + 16_000;
    for (let minute = 5; minute <= 30; minute++) await world.tick(START + minute * MINUTE + 16_000, stopped);
    expect(world.reports.at(-1)?.incompleteSlots).toBeGreaterThan(0);
    expect(active()).toEqual([]);
    await run(32, 33);
    expect(active()).toEqual(['b firing']);
  });

  it('names declared sets that have never reported, in their own labels', async () => {
    world.rulesText = rule('{mode: alert, window: 0s, expected: [{host: a}, {host: z, role: db}]}');
    report('a', 0, 30);
    await run(0, 0);
    expect([...(world.memory.alerts?.alerts.values() ?? [])].flatMap((alerts) => [...alerts.keys()]).filter((key) => key.includes('Down'))).toEqual(['{"alertname":"Down","host":"z","no_data":"true","role":"db"}']);
    world.put('up', { host: 'z', role: 'db', zone: '1' }, START + MINUTE, 1);
    await run(1, 1);
    expect(active()).toEqual([]);
    // Nothing is learned: b is not missed.
    report('b', 2, 3);
    await run(2, 30);
    expect(active()).toEqual(['z firing']);
  });

  it('tells of a declared set once, whatever carried it, under a name that stays', async () => {
    world.rulesText = rule('{mode: alert, expected: [{host: b}]}');
    report('a', 0, 200);
    for (let minute = 0; minute <= 5; minute++) for (const cpu of ['0', '1']) world.put('up', { host: 'b', cpu }, START + minute * MINUTE, 1);
    await run(0, 150);
    expect(active()).toEqual(['b firing']);
    expect(told()).toEqual(['firing b']);
  });

  it('is anew when the rule watches something else', async () => {
    world.rulesText = rule('alert');
    report('a', 0, 60);
    report('b', 0, 5);
    await run(0, 12);
    expect(active()).toEqual(['b firing']);
    world.rulesText = '- {name: g, rules: [{alert: Down, expr: down == 0, no_data: alert}]}';
    await run(13, 14);
    expect(active()).toEqual([]);
  });
});

describe('a retirement', () => {
  it('keeps what goes away on purpose from paging, until it has reported again', async () => {
    world.rulesText = rule('alert');
    report('a', 0, 400);
    report('b', 0, 10);
    await run(0, 4);
    await retire('b', 5);
    await run(5, 120);
    expect(told()).toEqual([]);
    report('b', 121, 125);
    await run(121, 129);
    expect(active()).toEqual([]);
    await run(130, 131);
    expect(active()).toEqual(['b firing']);
    expect(told()).toEqual(['firing b']);
  });

  it('holds for a new holder from its first tick on', async () => {
    world.rulesText = rule('alert');
    report('a', 0, 60);
    report('b', 0, 10);
    await run(0, 12);
    await retire('b', 12);
    world.memory = createEvaluateMemory('00000000000000bb');
    await run(16, 30);
    expect(told()).toEqual([]);
  });

  it('ends a page that is out, once', async () => {
    world.rulesText = rule('alert');
    report('a', 0, 60);
    report('b', 0, 2);
    await run(0, 10);
    expect(told()).toEqual(['firing b']);
    await retire('b', 11);
    await run(11, 30);
    expect(told()).toEqual(['firing b', 'resolved b']);
  });

  it('covers a declared set while it holds, and no longer', async () => {
    world.rulesText = rule('{mode: alert, expected: [{host: b}]}');
    report('a', 0, 200);
    await retire('b', 0, HOUR);
    await run(1, 58);
    expect(active()).toEqual([]);
    await run(59, 62);
    expect(active()).toEqual(['b firing']);
  });

  it('covers a declared set by what it says of all that carried it', async () => {
    world.rulesText = rule('{mode: alert, window: 6h, expected: [{role: db}]}');
    report('a', 0, 60);
    for (let minute = 0; minute <= 5; minute++) world.put('up', { host: 'b', role: 'db' }, START + minute * MINUTE, 1);
    await retire('b', 3);
    await run(1, 60);
    expect(active()).toEqual([]);
  });

  it('lets alerts go that `keep` would hold', async () => {
    world.rulesText = rule('keep');
    report('a', 0, 60);
    for (let minute = 0; minute <= 5; minute++) world.put('up', { host: 'b' }, START + minute * MINUTE, 0);
    await run(0, 20);
    expect(active()).toEqual(['b firing']);
    await retire('b', 20);
    await run(21, 23);
    expect(active()).toEqual([]);
  });
});
