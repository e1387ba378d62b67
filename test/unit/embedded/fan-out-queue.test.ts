import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Channel } from '../../../shared/alerting/publish.ts';
import { PermanentError } from '../../../shared/errors.ts';
import type { Attempt } from '../../../shared/embedded/fan-out-channel.ts';
import { openFanOut } from '../../../shared/embedded/fan-out-queue.ts';
import type { FanOut, FanOutOptions } from '../../../shared/embedded/fan-out-queue.ts';
import { openItemTables } from '../../../shared/embedded/item-sqlite.ts';
import { notificationOf } from '../../contract/fan-out.contract.ts';
import { tempFolder } from '../../contract/temp-folder.ts';
import { runChild } from './child.ts';

const CHANNELS: readonly Channel[] = ['webhook', 'email'];

const open = async (options: Partial<FanOutOptions> = {}, file = ':memory:'): Promise<FanOut> => {
  const tables = await openItemTables(file, ['queue']);
  onTestFinished(() => tables.close());
  return openFanOut(tables.table('queue'), { channels: CHANNELS, nowMs: Date.now, ...options });
};

const until = (condition: () => boolean): Promise<void> => expect.poll(condition, { timeout: 10_000, interval: 2 }).toBe(true);

/** Never answers. */
const hang = (): Promise<never> => new Promise(() => undefined);

describe('fan-out queue', () => {
  it('counts attempts and keeps the time of the first', async () => {
    const fanOut = await open();
    const attempts: Attempt[] = [];
    const consumer = fanOut.consume('webhook', async (_, attempt) => {
      attempts.push(attempt);
      return attempts.length < 3 ? { outcome: 'retry', delayMs: 4 } : { outcome: 'done' };
    });
    await fanOut.publish(notificationOf());
    await until(() => fanOut.depth('webhook') === 0);
    await consumer.stop();
    expect(attempts.map((each) => each.count)).toEqual([1, 2, 3]);
    expect(new Set(attempts.map((each) => each.firstMs)).size).toBe(1);
  });

  it('waits as long as the handler asks', async () => {
    const fanOut = await open();
    const seenMs: number[] = [];
    fanOut.consume('webhook', async () => {
      seenMs.push(performance.now());
      return seenMs.length === 1 ? { outcome: 'retry', delayMs: 120 } : { outcome: 'done' };
    });
    await fanOut.publish(notificationOf());
    await until(() => seenMs.length === 2);
    expect((seenMs[1] as number) - (seenMs[0] as number)).toBeGreaterThan(110);
  });

  it('repeats what has no answer within the visibility time-out, and what was rejected, with its reason', async () => {
    // A rejected handler is tried again after 5 s, which is past this horizon; a hanging one after 40 ms, which is not.
    const fanOut = await open({ visibilityMs: 40, horizonMs: 4000 });
    const counts: number[] = [];
    fanOut.consume('webhook', (_, { count }) => {
      counts.push(count);
      return count === 1 ? hang() : Promise.reject(new Error('no route'));
    });
    await fanOut.publish(notificationOf({ id: 'n1' }));
    await until(() => counts.length === 2 && fanOut.depth('webhook') === 0);
    expect(await fanOut.deadLetters('webhook')).toMatchObject([{ notification: { id: 'n1' }, count: 2, reason: 'no route' }]);
  });

  it("lets no integration wait for another's, however many of those hang", async () => {
    const fanOut = await open({ concurrency: 2 });
    const done: string[] = [];
    fanOut.consume('webhook', async ({ integration }) => {
      if (integration === 'dead/webhook/0') await hang();
      done.push(integration);
      return { outcome: 'done' };
    });
    for (const integration of [...Array.from({ length: 9 }, () => 'dead/webhook/0'), 'ops/webhook/0', 'ops/webhook/1']) {
      await fanOut.publish(notificationOf({ integration }));
    }
    await until(() => done.length === 2 && fanOut.depth('webhook') === 9);
    expect(done.sort()).toEqual(['ops/webhook/0', 'ops/webhook/1']);
  });

  it('delivers other messages while some hang, and no more at once than allowed', async () => {
    const fanOut = await open({ concurrency: 3 });
    let running = 0;
    let most = 0;
    let done = 0;
    fanOut.consume('webhook', async ({ subject }) => {
      most = Math.max(most, ++running);
      if (subject === 'hang') await hang();
      await new Promise((resolve) => setTimeout(resolve, 2));
      running--;
      done++;
      return { outcome: 'done' };
    });
    await Promise.all(['hang', 'hang', ...Array.from({ length: 20 }, () => 'go')].map((subject) => fanOut.publish(notificationOf({ subject }))));
    await until(() => done === 20 && fanOut.depth('webhook') === 2);
    expect(most).toBe(3);
  });

  it('gives the place of a handler that hangs to others at its time-out', async () => {
    const fanOut = await open({ concurrency: 1, visibilityMs: 30 });
    const done: string[] = [];
    fanOut.consume('webhook', async ({ subject }, { count }) => {
      if (subject === 'hang' && count === 1) await hang();
      done.push(subject);
      return { outcome: 'done' };
    });
    await fanOut.publish(notificationOf({ subject: 'hang' }));
    await fanOut.publish(notificationOf({ subject: 'go' }));
    await until(() => done.length === 2);
    expect(done.toSorted()).toEqual(['go', 'hang']);
  });

  it('makes a dead letter of a message whose next try lies past the horizon', async () => {
    let nowMs = 1_800_000_000_000;
    const fanOut = await open({ nowMs: () => nowMs });
    fanOut.consume('webhook', async (_, { count }) => {
      if (count === 2) nowMs += 4 * 3_600_000;
      return { outcome: 'retry', delayMs: count === 1 ? 0 : 1 };
    });
    const notification = notificationOf();
    await fanOut.publish(notification);
    await until(() => fanOut.depth('webhook') === 0);
    expect(await fanOut.deadLetters('webhook')).toMatchObject([{ notification, count: 2, firstMs: 1_800_000_000_000, deadMs: nowMs }]);
    expect(await fanOut.deadLetters('email')).toEqual([]);
  });

  it('stops taking messages, and waits for those in the handler\'s hands', async () => {
    const fanOut = await open({ concurrency: 1 });
    let finish: () => void = () => undefined;
    let begun = 0;
    const consumer = fanOut.consume('webhook', async () => {
      begun++;
      await new Promise<void>((resolve) => (finish = resolve));
      return { outcome: 'done' };
    });
    await fanOut.publish(notificationOf());
    await fanOut.publish(notificationOf());
    await until(() => begun === 1);
    let stopped = false;
    const stopping = consumer.stop().then(() => (stopped = true));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(stopped).toBe(false);
    finish();
    await stopping;
    expect([begun, fanOut.depth('webhook')]).toEqual([1, 1]);
    const next = fanOut.consume('webhook', async () => ({ outcome: 'done' }));
    await until(() => fanOut.depth('webhook') === 0);
    await next.stop();
  });

  it('refuses a channel it does not have, a second consumer, and a notification over 256 KiB', async () => {
    const fanOut = await open({ channels: ['webhook'] });
    await expect(fanOut.publish(notificationOf({ channel: 'email' }))).rejects.toBeInstanceOf(PermanentError);
    await expect(fanOut.publish(notificationOf({ body: 'x'.repeat(256 * 1024) }))).rejects.toBeInstanceOf(PermanentError);
    fanOut.consume('webhook', async () => ({ outcome: 'done' }));
    expect(() => fanOut.consume('webhook', async () => ({ outcome: 'done' }))).toThrow(/one is allowed/);
  });

  it('delivers after kill -9 all that was published, and what was in the handler\'s hands with its count', async () => {
    const file = join(await tempFolder(), 'queue.sqlite');
    const child = runChild(
      `import { openItemTables } from 'shared/embedded/item-sqlite.ts';
       import { openFanOut } from 'shared/embedded/fan-out-queue.ts';
       const tables = await openItemTables(process.argv[1], ['queue']);
       const fanOut = await openFanOut(tables.table('queue'), { channels: ['webhook'], nowMs: Date.now, visibilityMs: 200, concurrency: 1 });
       const n = (id) => ({ id, receiver: 'r', integration: 'i', channel: 'webhook', severity: 's', subject: '', body: '{}' });
       for (let i = 0; i < 20; i++) await fanOut.publish(n('n' + i));
       fanOut.consume('webhook', ({ id }) => { console.log('took ' + id); return new Promise(() => {}); });
       setInterval(() => {}, 1000);`,
      [file],
    );
    await child.line(1);
    await child.kill();
    const taken = new Set(child.lines.map((line) => line.replace('took ', '')));
    const fanOut = await open({}, file);
    expect(fanOut.depth('webhook')).toBe(20);
    const seen = new Map<string, number>();
    const consumer = fanOut.consume('webhook', async ({ id }, { count }) => {
      seen.set(id, count);
      return { outcome: 'done' };
    });
    await until(() => fanOut.depth('webhook') === 0);
    await consumer.stop();
    expect(seen.size).toBe(20);
    expect([...seen].every(([id, count]) => !taken.has(id) || count > 1)).toBe(true);
    expect(taken.size).toBeGreaterThan(0);
  });
});
