import type { Channel, PublishedNotification } from '../alerting/publish.ts';
import type { Item, ItemTable, ItemWrite } from '../catalog/item-table.ts';
import type { Due } from './due-heap.ts';

/** SQS keeps dead letters for at most 14 days. */
const DEAD_LETTER_DAYS = 14;

/** Where a message stands; its notification lies in an item of its own, so that an attempt writes few bytes. */
export interface QueuedMessage extends Due {
  /** Of its notification. */
  readonly integration: string;
  /** Attempts that have begun. */
  readonly count: number;
  /** When the first attempt began; 0 before it. */
  readonly firstMs: number;
  /** Why the last attempt is to be repeated; empty before. */
  readonly reason: string;
}

export interface DeadLetter {
  readonly id: string;
  readonly notification: PublishedNotification;
  readonly count: number;
  readonly firstMs: number;
  readonly deadMs: number;
  readonly reason: string;
}

const NOTIFICATION_NAMES = ['id', 'receiver', 'integration', 'channel', 'severity', 'subject', 'body'] as const;

/** The durable side of one channel's queue. */
export class FanOutMessages {
  readonly #items: ItemTable;
  readonly #channel: Channel;

  constructor(items: ItemTable, channel: Channel) {
    this.#items = items;
    this.#channel = channel;
  }

  async waiting(): Promise<readonly QueuedMessage[]> {
    return (await this.#items.query(`queue/${this.#channel}`)).map((item) => ({
      id: item.sk,
      dueMs: Number(item.attributes['dueMs']),
      integration: String(item.attributes['integration']),
      ...attemptsOf(item),
    }));
  }

  async add(message: QueuedMessage, notification: PublishedNotification): Promise<void> {
    await this.#items.transact([this.#state(message), { put: { ...this.#notificationKey(message), attributes: { ...notification } } }]);
  }

  async update(message: QueuedMessage): Promise<void> {
    await this.#items.transact([this.#state(message)]);
  }

  /** Undefined when the message is gone. */
  async notification(message: QueuedMessage): Promise<PublishedNotification | undefined> {
    const item = await this.#items.get(this.#notificationKey(message));
    return item === undefined ? undefined : notificationFrom(item);
  }

  async remove(message: QueuedMessage): Promise<void> {
    await this.#items.transact(this.#removal(message));
  }

  async bury(message: QueuedMessage, notification: PublishedNotification, deadMs: number): Promise<void> {
    const { count, firstMs, reason } = message;
    const expiresAtS = Math.ceil(deadMs / 1000) + DEAD_LETTER_DAYS * 86_400;
    const attributes = { ...notification, count, firstMs, reason, deadMs };
    await this.#items.transact([...this.#removal(message), { put: { pk: `dead/${this.#channel}`, sk: message.id, attributes, expiresAtS } }]);
  }

  async deadLetters(): Promise<readonly DeadLetter[]> {
    return (await this.#items.query(`dead/${this.#channel}`)).map((item) => ({
      id: item.sk,
      notification: notificationFrom(item),
      deadMs: Number(item.attributes['deadMs']),
      ...attemptsOf(item),
    }));
  }

  #state({ id, dueMs, integration, count, firstMs, reason }: QueuedMessage): ItemWrite {
    return { put: { pk: `queue/${this.#channel}`, sk: id, attributes: { dueMs, integration, count, firstMs, reason } } };
  }

  #removal({ id }: QueuedMessage): ItemWrite[] {
    return [{ remove: { pk: `queue/${this.#channel}`, sk: id } }, { remove: this.#notificationKey({ id }) }];
  }

  #notificationKey({ id }: { readonly id: string }): { pk: string; sk: string } {
    return { pk: `message/${this.#channel}`, sk: id };
  }
}

const attemptsOf = ({ attributes }: Item): { count: number; firstMs: number; reason: string } => ({
  count: Number(attributes['count']),
  firstMs: Number(attributes['firstMs']),
  reason: String(attributes['reason']),
});

const notificationFrom = ({ attributes }: Item): PublishedNotification =>
  Object.fromEntries(NOTIFICATION_NAMES.map((name) => [name, String(attributes[name])])) as unknown as PublishedNotification;
