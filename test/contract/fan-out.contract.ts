import { randomUUID } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Channel, Publish, PublishedNotification } from '../../shared/alerting/publish.ts';

export interface OpenedFanOut {
  readonly publish: Publish;
  readonly stop: () => Promise<void>;
}

/**
 * Opens a fan-out whose messages of `channel` go to `deliver`. A rejection of `deliver` leaves the message in the queue: it
 * is to come again within the time that a test may take.
 */
export type OpenFanOut = (channel: Channel, deliver: (notification: PublishedNotification) => Promise<void>) => Promise<OpenedFanOut>;

export const notificationOf = (changes: Partial<PublishedNotification> = {}): PublishedNotification => ({
  id: randomUUID(),
  receiver: 'ops',
  integration: 'ops/webhook/0',
  channel: 'webhook',
  severity: 'critical',
  subject: 'HighCpu is firing',
  body: '{"alerts":[]}',
  ...changes,
});

/** What every fan-out promises of a message that was published. Messages of other tests may be in the same queue. */
export const defineFanOutContract = (name: string, open: OpenFanOut): void => {
  /** A fan-out that keeps what it delivers; the first delivery of each id in `refuseOnce` is rejected. */
  const collect = async (channel: Channel, refuseOnce: Set<string> = new Set()) => {
    const delivered: PublishedNotification[] = [];
    const fanOut = await open(channel, async (notification) => {
      delivered.push(notification);
      if (refuseOnce.delete(notification.id)) throw new Error('not now');
    });
    onTestFinished(fanOut.stop);
    const of = (id: string): PublishedNotification[] => delivered.filter((each) => each.id === id);
    const until = (id: string, times = 1): Promise<PublishedNotification[]> =>
      expect.poll(() => of(id).length, { timeout: 20_000, interval: 5 }).toBeGreaterThanOrEqual(times).then(() => of(id));
    return { publish: fanOut.publish, delivered, until };
  };

  describe(`fan-out contract: ${name}`, () => {
    it('delivers a notification with every attribute', async () => {
      const { publish, until } = await collect('webhook');
      const notification = notificationOf({ receiver: 'opérations', severity: 'page', subject: 'CPU < 90 % & "rising"', body: '{"a":"\\u0000 😀 \\n"}' });
      await publish(notification);
      expect((await until(notification.id))[0]).toEqual(notification);
    });

    it('delivers every one of many', async () => {
      const { publish, until } = await collect('webhook');
      const sent = Array.from({ length: 30 }, (_, i) => notificationOf({ body: `body ${i}` }));
      await Promise.all(sent.map((each) => publish(each)));
      for (const each of sent) expect((await until(each.id))[0]).toEqual(each);
    });

    it('delivers a body of 200 KB whole', async () => {
      const { publish, until } = await collect('webhook');
      const notification = notificationOf({ body: '"\\'.repeat(100_000) });
      await publish(notification);
      expect((await until(notification.id))[0]?.body === notification.body).toBe(true);
    });

    it('delivers to the notification\'s channel only', async () => {
      const { publish, delivered, until } = await collect('email');
      const other = notificationOf({ channel: 'webhook' });
      const own = notificationOf({ channel: 'email' });
      await publish(other);
      await publish(own);
      await until(own.id);
      expect(delivered.filter((each) => each.channel !== 'email')).toEqual([]);
    });

    it('delivers again what was refused', async () => {
      const refused = notificationOf();
      const { publish, until } = await collect('webhook', new Set([refused.id]));
      await publish(refused);
      expect(await until(refused.id, 2)).toEqual(expect.arrayContaining([refused, refused]));
    });
  });
};
