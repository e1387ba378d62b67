import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { flushTimesSince } from '../../../shared/alerting/bounded-read.ts';
import { findNotifications, listNotifications } from '../../../shared/alerting/notification-list.ts';
import type { ListedNotification } from '../../../shared/alerting/notification-list.ts';
import { redeliver } from '../../../shared/alerting/redeliver.ts';
import type { RedeliverOutcome, RedeliverWish } from '../../../shared/alerting/redeliver.ts';
import { readAudit } from '../../../shared/alerting/audit.ts';
import { parseAlertmanagerFile } from '../../../shared/alerting/alertmanager-file.ts';
import type { PublishedNotification } from '../../../shared/alerting/publish.ts';
import { START, deliver, fillUp, runAndDeliver } from './delivering-world.ts';
import { World } from './world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let world: World;
let fresh = 0;
beforeEach(async () => {
  world = await World.open();
  world.rulesText = '- {name: g, interval: 10s, rules: [{alert: Down, expr: up == 0}]}';
  const { config, errors } = parseAlertmanagerFile(
    `route: {receiver: nobody, routes: [{receiver: ops, matchers: [alertname=Down], group_wait: 0s, group_interval: 20h, repeat_interval: 100h}]}
receivers: [{name: nobody}, {name: ops, webhook_configs: [{url: 'http://ops.example/'}]}]`,
    'am.yml',
  );
  if (config === undefined) throw new Error(errors.join('\n'));
  world.alertmanager = config;
  fillUp(world, 'a', [[0, 100 * HOUR]], 10 * MINUTE);
});
afterEach(() => world.close());

const list = async (nowMs: number): Promise<readonly ListedNotification[]> => (await listNotifications(world.alerts, { times: flushTimesSince(START - HOUR, nowMs), limit: 100 }, nowMs)).notifications;

const ask = async (nowMs: number, changes: Partial<RedeliverWish> = {}): Promise<RedeliverOutcome> => {
  const [listed] = await list(nowMs);
  const wish = { again: false, dryRun: false, author: 'ann', isConfigured: () => true, ...changes };
  return redeliver(world.alerts, listed as ListedNotification, wish, { actor: 'key (1)', nowMs, random: Uint8Array.of(fresh++) });
};

/** Ticks once more, and gives what was published then. */
const publishedBy = async (nowMs: number): Promise<readonly PublishedNotification[]> => {
  const before = world.published.length;
  await world.tick(nowMs, 'as it is');
  return world.published.slice(before);
};

describe('redelivery', () => {
  it('delivers once by id after a final failure, and the ledger counts on', async () => {
    await runAndDeliver(world, 0, 30_000, () => 404);
    const [first] = world.published as [PublishedNotification];
    const now = START + MINUTE;
    expect(await list(now)).toMatchObject([{ id: first.id, state: 'failed', attempts: 1 }]);
    expect(await ask(now, { dryRun: true })).toMatchObject({ outcome: 'would be redelivered' });
    expect(await list(now)).toMatchObject([{ state: 'failed' }]);
    expect(await ask(now)).toEqual({ id: first.id, outcome: 'redelivered', reason: '' });
    expect(await list(now)).toMatchObject([{ state: 'unpublished', attempts: 1 }]);
    expect(await ask(now)).toMatchObject({ outcome: 'refused', reason: 'it waits to be published' });

    const again = await publishedBy(now + 5000);
    expect(again).toEqual([first]);
    expect(await list(now + 5000)).toMatchObject([{ state: 'published', attempts: 1 }]);
    expect(await ask(now + 5000)).toMatchObject({ outcome: 'refused', reason: 'it is on its way' });

    const calls: unknown[] = [];
    for (let times = 0; times < 3; times++) calls.push(await deliver(world, first, now + 6000, 200));
    expect(calls).toEqual([{ outcome: 'done' }, { outcome: 'done' }, { outcome: 'done' }]);
    expect(await list(now + 7000)).toMatchObject([{ state: 'sent', attempts: 2, firstAttemptMs: START + 20_000, lastAttemptMs: now + 6000 }]);
    expect(await publishedBy(now + 10_000)).toEqual([]);
    expect((await readAudit(world.alerts, 0, 2 * now, 10)).map(({ action, author, actor, subject }) => [action, author, actor, subject])).toEqual([['notification redelivered', 'ann', 'key (1)', first.id]]);
  });

  it('tells the group of the success: its next flush does not send again', async () => {
    await runAndDeliver(world, 0, 30_000, () => 404);
    await ask(START + MINUTE);
    const [again] = await publishedBy(START + MINUTE + 5000);
    await deliver(world, again as PublishedNotification, START + MINUTE + 6000, 200);
    expect(await publishedBy(START + 20 * HOUR + MINUTE)).toEqual([]);
  });

  it('is tried for four hours anew, from short delays on', async () => {
    await runAndDeliver(world, 0, 20_000, () => 500);
    const [first] = world.published as [PublishedNotification];
    let now = START + 20_000;
    for (let outcome = await deliver(world, first, now, 500); outcome.outcome === 'retry'; outcome = await deliver(world, first, now, 500)) now += outcome.delayMs;
    const attempts = (await list(now))[0]?.attempts ?? 0;
    expect(await list(now)).toMatchObject([{ state: 'failed' }]);
    await ask(now + HOUR);
    await publishedBy(now + HOUR + 1000);
    now += HOUR + 2000;
    const begun = now;
    const delays: number[] = [];
    for (let outcome = await deliver(world, first, now, 500); outcome.outcome === 'retry'; outcome = await deliver(world, first, now, 500)) {
      delays.push(outcome.delayMs);
      now += outcome.delayMs;
    }
    expect(delays[0]).toBeLessThanOrEqual(5000);
    expect(now - begun).toBeGreaterThan(3 * HOUR);
    expect(now - begun).toBeLessThanOrEqual(4 * HOUR);
    expect(await list(now)).toMatchObject([{ state: 'failed', attempts: attempts + delays.length + 1 }]);
  });

  it('sends what was sent only where it is asked for, and refuses what a newer one has replaced', async () => {
    await runAndDeliver(world, 0, 30_000);
    const now = START + MINUTE;
    expect(await ask(now)).toMatchObject({ outcome: 'refused', reason: /sent already/ });
    expect(await ask(now, { again: true, isConfigured: () => false })).toMatchObject({ outcome: 'refused', reason: /configured no more/ });
    expect(await ask(now, { again: true })).toMatchObject({ outcome: 'redelivered' });
    const [again] = await publishedBy(now + 5000);
    await deliver(world, again as PublishedNotification, now + 6000, 200);
    expect(await list(now + 7000)).toMatchObject([{ state: 'sent', attempts: 2 }]);
  });

  it('refuses what a newer one has replaced, whether that was tried or only made', async () => {
    world.alertmanager = { ...world.alertmanager, route: { ...world.alertmanager.route, routes: world.alertmanager.route.routes.map((route) => ({ ...route, groupIntervalMs: MINUTE })) } };
    await runAndDeliver(world, 0, 30_000, () => 404);
    const listed = (await list(START + 31_000))[0] as ListedNotification;
    await world.tick(START + 90_000);
    expect(world.published).toHaveLength(2);
    const wish = { again: false, dryRun: false, author: 'ann', isConfigured: () => true };
    const by = { actor: 'local', nowMs: START + 95_000, random: Uint8Array.of(9) };
    expect(await redeliver(world.alerts, listed, wish, by)).toMatchObject({ outcome: 'refused', reason: /superseded/ });
    await deliver(world, world.published[1] as PublishedNotification, START + 96_000, 200);
    expect(await redeliver(world.alerts, listed, wish, by)).toMatchObject({ outcome: 'refused', reason: /superseded/ });
    expect(world.published).toHaveLength(2);
  });

  it('happens once when two ask at the same time, and when the evaluator changes', async () => {
    await runAndDeliver(world, 0, 30_000, () => 404);
    const now = START + MINUTE;
    const listed = (await list(now))[0] as ListedNotification;
    const wish = { again: false, dryRun: false, author: 'ann', isConfigured: () => true };
    const outcomes = await Promise.all([1, 2].map((n) => redeliver(world.alerts, listed, wish, { actor: 'local', nowMs: now, random: Uint8Array.of(n) })));
    expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual(['redelivered', 'refused']);
    expect(await publishedBy(now + 5000)).toHaveLength(1);
    expect(await publishedBy(now + 10_000)).toHaveLength(0);
  });

  it('may be asked for again when the message was lost', async () => {
    await runAndDeliver(world, 0, 30_000, () => 404);
    await ask(START + MINUTE);
    expect(await publishedBy(START + MINUTE + 5000)).toHaveLength(1);
    expect(await ask(START + MINUTE + 6 * HOUR)).toMatchObject({ outcome: 'redelivered' });
  });
});

describe('the list of notifications', () => {
  it('has those that nobody has tried, and is cut at its limit', async () => {
    const failing = world.ports({ publish: () => Promise.reject(new Error('the fan-out does not answer')) });
    for (const at of [0, 5000, 10_000, 15_000, 20_000]) await world.tick(START + at, START + at, failing);
    expect(await list(START + MINUTE)).toMatchObject([{ state: 'unpublished', attempts: 0, receiver: 'ops' }]);
    await world.tick(START + 25_000);
    const [listed] = await list(START + MINUTE);
    expect(listed).toMatchObject({ state: 'published', attempts: 0 });
    const times = flushTimesSince(START - HOUR, START + MINUTE);
    expect(await findNotifications(world.alerts, new Set([listed?.id ?? '', 'f'.repeat(32), '../x']), times, START + MINUTE)).toHaveLength(1);
    expect(await listNotifications(world.alerts, { times, limit: 100, receiver: 'nobody' }, START + MINUTE)).toEqual({ notifications: [], isCut: false });
    expect((await listNotifications(world.alerts, { times: { fromMs: START + HOUR, toMs: START + 2 * HOUR }, limit: 100 }, START + MINUTE)).notifications).toEqual([]);
  });
});
