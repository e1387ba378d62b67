import { randomUUID } from 'node:crypto';
import type { Channel, Publish, PublishedNotification } from '../alerting/publish.ts';
import type { ItemTable } from '../catalog/item-table.ts';
import { PermanentError } from '../errors.ts';
import { ChannelQueue } from './fan-out-channel.ts';
import type { ChannelLimits, HandleNotification } from './fan-out-channel.ts';
import { FanOutMessages } from './fan-out-messages.ts';
import type { DeadLetter } from './fan-out-messages.ts';

/** SNS takes 256 KiB, attributes included. */
const MAX_NOTIFICATION_BYTES = 256 * 1024;
/** Longer than the handler's own time-outs in all, so that no attempt is given up that would still succeed. */
const VISIBILITY_MS = 120_000;
const CONCURRENCY = 8;
/** Tries end four hours after the first (design 7, delivery). */
const HORIZON_MS = 4 * 3_600_000;

export interface FanOutOptions {
  readonly channels: readonly Channel[];
  readonly nowMs: () => number;
  /** An attempt without answer for so long is given up and repeated, also after a restart. Default 2 minutes. */
  readonly visibilityMs?: number;
  /** Messages of one integration in handlers at once. Default 8. */
  readonly concurrency?: number;
  /** A retry due later than this after the first attempt makes a dead letter instead. Default 4 hours. */
  readonly horizonMs?: number;
}

export interface Consumer {
  /** Takes no more messages, and resolves when those in the handler's hands have ended. */
  stop(): Promise<void>;
}

export interface FanOut {
  /** Durable once it resolves; delivered at least once. */
  readonly publish: Publish;
  /** Hands the channel's messages to `handle`, in no promised order. One consumer per channel. */
  consume(channel: Channel, handle: HandleNotification): Consumer;
  /** Messages that are not done, those in a handler's hands included. */
  depth(channel: Channel): number;
  /** Messages whose tries have ended, for 14 days, oldest first. */
  deadLetters(channel: Channel): Promise<readonly DeadLetter[]>;
}

/**
 * A topic with a durable queue per channel in `items`, whose partitions `queue/…`, `message/…` and `dead/…` it owns: one
 * such object per table and process. Messages that a former process left are due when it said they were.
 */
export const openFanOut = async (items: ItemTable, options: FanOutOptions): Promise<FanOut> => {
  const { nowMs, channels } = options;
  const limits: ChannelLimits = {
    nowMs,
    visibilityMs: options.visibilityMs ?? VISIBILITY_MS,
    concurrency: options.concurrency ?? CONCURRENCY,
    horizonMs: options.horizonMs ?? HORIZON_MS,
  };
  const queues = new Map<Channel, ChannelQueue>();
  for (const channel of channels) queues.set(channel, await loadQueue(items, channel, limits));
  const queueOf = (channel: Channel): ChannelQueue => {
    const queue = queues.get(channel);
    if (queue === undefined) throw new PermanentError(`fan-out: found channel ${JSON.stringify(channel)}, allowed are ${channels.join(', ')}`);
    return queue;
  };
  return {
    publish: async (notification) => publishTo(queueOf(notification.channel), notification, nowMs()),
    consume: (channel, handle) => {
      const queue = queueOf(channel);
      if (queue.isConsumed) throw new Error(`consume ${channel}: found a consumer already, one is allowed`);
      queue.start(handle);
      return { stop: () => queue.stop() };
    },
    depth: (channel) => queueOf(channel).depth,
    deadLetters: async (channel) => queueOf(channel).messages.deadLetters(),
  };
};

const loadQueue = async (items: ItemTable, channel: Channel, limits: ChannelLimits): Promise<ChannelQueue> => {
  const queue = new ChannelQueue(new FanOutMessages(items, channel), limits);
  // A clock that ran ahead and was set back must not hold messages for as long as it was wrong.
  const latestMs = limits.nowMs() + limits.horizonMs;
  for (const message of await queue.messages.waiting()) queue.add({ ...message, dueMs: Math.min(message.dueMs, latestMs) });
  return queue;
};

const publishTo = async (queue: ChannelQueue, notification: PublishedNotification, nowMs: number): Promise<void> => {
  const { id, receiver, integration, channel, severity, subject, body } = notification;
  const bytes = [id, receiver, integration, channel, severity, subject, body].reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  if (bytes > MAX_NOTIFICATION_BYTES) throw new PermanentError(`publish ${id}: found ${bytes} bytes, allowed are ${MAX_NOTIFICATION_BYTES} bytes`);
  // The same notification published twice is two messages, as in SNS: who consumes keeps the effect to one.
  const message = { id: `${String(nowMs).padStart(15, '0')}-${randomUUID()}`, dueMs: nowMs, integration, count: 0, firstMs: 0, reason: '' };
  await queue.messages.add(message, { id, receiver, integration, channel, severity, subject, body });
  queue.add(message);
};
