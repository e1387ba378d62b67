import type { PublishedNotification } from '../alerting/publish.ts';
import { messageOf } from '../errors.ts';
import { DueHeap } from './due-heap.ts';
import type { FanOutMessages, QueuedMessage } from './fan-out-messages.ts';

export interface Attempt {
  /** 1 for the first. */
  readonly count: number;
  /** When the first attempt began. */
  readonly firstMs: number;
}

export type AttemptOutcome = { readonly outcome: 'done' } | { readonly outcome: 'retry'; readonly delayMs: number };

/** Takes one message. May see a message again that it has done before; a rejection is a retry after a growing delay. */
export type HandleNotification = (notification: PublishedNotification, attempt: Attempt) => Promise<AttemptOutcome>;

export interface ChannelLimits {
  readonly nowMs: () => number;
  readonly visibilityMs: number;
  /** Of each integration. */
  readonly concurrency: number;
  readonly horizonMs: number;
}

/** Delays after a rejection: 5 s, doubled each time up to 15 minutes (design 7, delivery). */
const FIRST_DELAY_MS = 5000;
const MAX_DELAY_MS = 15 * 60_000;
/** When the disk refuses, the message waits so long in memory; it is in the file still. */
const STORE_RETRY_MS = 1000;
/** setTimeout turns longer delays into 1 ms. */
const MAX_TIMER_MS = 2 ** 31 - 1;
const MAX_REASON_CHARS = 1000;

/** The messages of one integration. */
interface Lane {
  readonly waiting: DueHeap<QueuedMessage>;
  running: number;
}

/**
 * One channel's queue: what is due is handed to the handler, up to `concurrency` messages of each integration at once, so that
 * one that hangs holds back no other; by no polling but a timer.
 */
export class ChannelQueue {
  readonly messages: FanOutMessages;
  readonly #limits: ChannelLimits;
  /** By integration; one without messages has none. */
  readonly #lanes = new Map<string, Lane>();
  readonly #running = new Set<Promise<void>>();
  #handle: HandleNotification | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(messages: FanOutMessages, limits: ChannelLimits) {
    this.messages = messages;
    this.#limits = limits;
  }

  /** Messages that are not done: those that wait, and those in a handler's hands. */
  get depth(): number {
    return [...this.#lanes.values()].reduce((sum, { waiting }) => sum + waiting.size, this.#running.size);
  }

  get isConsumed(): boolean {
    return this.#handle !== undefined;
  }

  add(message: QueuedMessage): void {
    this.#laneOf(message).waiting.push(message);
    this.#pump();
  }

  start(handle: HandleNotification): void {
    this.#handle = handle;
    this.#pump();
  }

  /** Resolves when what runs has ended, or is given up at its visibility time-out. */
  async stop(): Promise<void> {
    this.#handle = undefined;
    clearTimeout(this.#timer);
    await Promise.all(this.#running);
  }

  #laneOf({ integration }: QueuedMessage): Lane {
    const lane = this.#lanes.get(integration) ?? { waiting: new DueHeap<QueuedMessage>(), running: 0 };
    this.#lanes.set(integration, lane);
    return lane;
  }

  #pump(): void {
    clearTimeout(this.#timer);
    const handle = this.#handle;
    if (handle === undefined) return;
    const delays = [...this.#lanes.values()].map((lane) => this.#pumpLane(lane, handle));
    const delayMs = Math.min(MAX_TIMER_MS, ...delays);
    if (delays.some(Number.isFinite)) this.#timer = setTimeout(() => this.#pump(), delayMs);
  }

  /** Starts what is due. Returns how long the next message has to wait; Infinity when a running one must end first. */
  #pumpLane(lane: Lane, handle: HandleNotification): number {
    while (lane.running < this.#limits.concurrency) {
      const first = lane.waiting.first;
      if (first === undefined) return Number.POSITIVE_INFINITY;
      const delayMs = first.dueMs - this.#limits.nowMs();
      if (delayMs > 0) return delayMs;
      lane.waiting.pop();
      this.#run(first, lane, handle);
    }
    return Number.POSITIVE_INFINITY;
  }

  #run(message: QueuedMessage, lane: Lane, handle: HandleNotification): void {
    lane.running++;
    const running = this.#attempt(message, handle).then((next) => {
      this.#running.delete(running);
      lane.running--;
      if (next !== undefined) lane.waiting.push(next);
      else if (lane.running + lane.waiting.size === 0) this.#lanes.delete(message.integration);
      this.#pump();
    });
    this.#running.add(running);
  }

  /** Resolves with the message as it waits for its next attempt; undefined when it needs none. Never rejects. */
  async #attempt(message: QueuedMessage, handle: HandleNotification): Promise<QueuedMessage | undefined> {
    const { nowMs, visibilityMs } = this.#limits;
    const startMs = nowMs();
    // Written before the handler is called: an attempt that takes the process down is counted, and comes back when due.
    const claimed = { ...message, count: message.count + 1, firstMs: message.count === 0 ? startMs : message.firstMs, dueMs: startMs + visibilityMs };
    let notification: PublishedNotification | undefined;
    try {
      await this.messages.update(claimed);
      notification = await this.messages.notification(claimed);
    } catch {
      return { ...message, dueMs: nowMs() + STORE_RETRY_MS };
    }
    if (notification === undefined) return undefined;
    const answer = await this.#ask(handle, notification, claimed);
    try {
      return await this.#settle(claimed, notification, answer);
    } catch {
      return claimed; // the file still says so: it comes back at its visibility time-out, done or not
    }
  }

  async #ask(handle: HandleNotification, notification: PublishedNotification, claimed: QueuedMessage): Promise<Answer> {
    const { visibilityMs } = this.#limits;
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<Answer>((resolve) => {
      timer = setTimeout(() => resolve({ outcome: 'retry', delayMs: 0, reason: `no answer within ${visibilityMs} ms` }), visibilityMs);
    });
    try {
      return await Promise.race([timeout, handle(notification, { count: claimed.count, firstMs: claimed.firstMs })]);
    } catch (error) {
      const delayMs = Math.min(FIRST_DELAY_MS * 2 ** (claimed.count - 1), MAX_DELAY_MS);
      return { outcome: 'retry', delayMs, reason: messageOf(error).slice(0, MAX_REASON_CHARS).toWellFormed() };
    } finally {
      clearTimeout(timer);
    }
  }

  async #settle(claimed: QueuedMessage, notification: PublishedNotification, answer: Answer): Promise<QueuedMessage | undefined> {
    if (answer.outcome === 'done') {
      await this.messages.remove(claimed);
      return undefined;
    }
    const nowMs = this.#limits.nowMs();
    const next = { ...claimed, dueMs: nowMs + answer.delayMs, reason: answer.reason ?? 'the handler asked for another attempt' };
    if (next.dueMs <= claimed.firstMs + this.#limits.horizonMs) {
      await this.messages.update(next);
      return next;
    }
    await this.messages.bury(next, notification, nowMs);
    return undefined;
  }
}

type Answer = { readonly outcome: 'done' } | { readonly outcome: 'retry'; readonly delayMs: number; readonly reason?: string };
