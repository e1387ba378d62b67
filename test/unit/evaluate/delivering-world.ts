import { notify } from '../../../functions/notify/notify.ts';
import type { WebhookMessage } from '../../../shared/alerting/message.ts';
import type { PublishedNotification } from '../../../shared/alerting/publish.ts';
import type { World } from './world.ts';

/** A time on the grid of ten seconds. */
export const START = 1_700_000_040_000;

/** `[seconds since the start, receiver, status, hosts]` of a notification. */
export type Told = readonly [s: number, receiver: string, status: string, hosts: string];

/** Ticks every 5 s from one time to another, both since the start, and delivers what is published at once to receivers that answer so. */
export const runAndDeliver = async (world: World, fromMs: number, toMs: number, answer: (receiver: string) => number = () => 200): Promise<Told[]> => {
  const told: Told[] = [];
  for (let at = fromMs; at <= toMs; at += 5000) {
    const before = world.published.length;
    await world.tick(START + at);
    for (const published of world.published.slice(before)) {
      told.push([at / 1000, published.receiver, ...contentOf(published)]);
      await deliver(world, published, START + at, answer(published.receiver));
    }
  }
  return told;
};

/** One attempt of notify. */
export const deliver = (world: World, published: PublishedNotification, nowMs: number, status: number): ReturnType<typeof notify> =>
  notify(
    { alerts: world.alerts, alertmanager: async () => world.alertmanager, fetch: async () => new Response('', { status }), createTransport: () => Promise.reject(new Error('none')) as never, readSecret: async () => '' },
    published,
    { nowMs },
  );

const contentOf = ({ body }: PublishedNotification): [string, string] => {
  const { message } = JSON.parse(body) as { message: WebhookMessage };
  return [message.status, message.alerts.map(({ labels, status }) => `${labels['host'] ?? ''}${status === message.status ? '' : ` ${status}`}`).sort().join(' ')];
};

/** Says for each sample every 10 s whether the host is down: `up` is 0 within the ranges, in ms since the start. */
export const fillUp = (world: World, host: string, downRanges: readonly (readonly [fromMs: number, toMs: number])[], untilMs: number): void => {
  for (let at = -60_000; at <= untilMs; at += 10_000) world.put('up', { host }, START + at, downRanges.some(([from, to]) => at >= from && at < to) ? 0 : 1);
};
