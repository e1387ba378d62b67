import type { Attribute, Item, ItemTable, ItemWrite } from '../catalog/item-table.ts';
import type { Channel, Publish, PublishedNotification } from './publish.ts';
import { SPREAD, inParallel, sortableMs, spreadKey } from './spread.ts';

export const UNPUBLISHED_PK = 'outbox#unpublished';
export const PUBLISHED_PK = 'outbox#published';

/** Published notifications stay for people to read, and to deliver again. */
export const PUBLISHED_RETENTION_MS = 30 * 86_400_000;

/** SNS answers in about 20 ms: 16 at once are some hundred per second. */
const PUBLISH_PARALLEL = 16;

export interface OutboxEntry extends PublishedNotification {
  /** The flush time. */
  readonly sequence: number;
}

const FIELDS = ['id', 'receiver', 'integration', 'channel', 'severity', 'subject', 'body'] as const;

/** Belongs into the transaction of the flush that makes it, or that asks for it again: it is published, and marked, anew. */
export const enqueue = (entry: OutboxEntry): ItemWrite => ({ put: { ...keyOf(UNPUBLISHED_PK, entry), attributes: attributesOf(entry) } });

/** What has not surely been handed to the fan-out, oldest first. */
export const readUnpublished = async (items: ItemTable): Promise<readonly OutboxEntry[]> => {
  const found = await inParallel(SPREAD, SPREAD.length, (digit) => items.query(`${UNPUBLISHED_PK}#${digit}`));
  return found
    .flat()
    .map(outboxEntryOf)
    .sort((a, b) => a.sequence - b.sequence);
};

/** One that has been handed to the fan-out; undefined when there is none, or not yet, or no more. */
export const readPublished = async (items: ItemTable, id: string, sequence: number): Promise<OutboxEntry | undefined> => {
  const item = await items.get(keyOf(PUBLISHED_PK, { id, sequence }));
  return item === undefined ? undefined : outboxEntryOf(item);
};

export interface PublishOutcome {
  readonly published: number;
  /** Still unmarked: to be published again. */
  readonly left: readonly OutboxEntry[];
  readonly errors: readonly unknown[];
}

/** Hands entries to the fan-out and marks each once it is taken. A crash in between publishes again, under the same id. */
export const publishAll = async (items: ItemTable, publish: Publish, entries: readonly OutboxEntry[], nowMs: number): Promise<PublishOutcome> => {
  const errors: unknown[] = [];
  const left: OutboxEntry[] = [];
  await inParallel(entries, PUBLISH_PARALLEL, async (entry) => {
    try {
      await publish(notificationOf(entry));
      await items.transact(markPublished(entry, nowMs));
    } catch (error) {
      errors.push(error);
      left.push(entry);
    }
  });
  return { published: entries.length - left.length, left, errors };
};

const markPublished = (entry: OutboxEntry, nowMs: number): ItemWrite[] => [
  { remove: keyOf(UNPUBLISHED_PK, entry) },
  {
    put: {
      ...keyOf(PUBLISHED_PK, entry),
      attributes: { ...attributesOf(entry), publishedAtMs: nowMs },
      expiresAtS: Math.ceil((nowMs + PUBLISHED_RETENTION_MS) / 1000),
    },
  },
];

const keyOf = (prefix: string, entry: Pick<OutboxEntry, 'id' | 'sequence'>): { pk: string; sk: string } => ({
  pk: spreadKey(prefix, entry.id),
  sk: `${sortableMs(entry.sequence)}#${entry.id}`,
});

const notificationOf = ({ id, receiver, integration, channel, severity, subject, body }: OutboxEntry): PublishedNotification => ({
  id,
  receiver,
  integration,
  channel,
  severity,
  subject,
  body,
});

const attributesOf = (entry: OutboxEntry): Record<string, Attribute> => ({
  ...Object.fromEntries(FIELDS.map((field) => [field, entry[field]])),
  sequence: entry.sequence,
});

export const outboxEntryOf = ({ attributes }: Item): OutboxEntry => ({
  id: String(attributes['id']),
  receiver: String(attributes['receiver']),
  integration: String(attributes['integration']),
  channel: attributes['channel'] as Channel,
  severity: String(attributes['severity']),
  subject: String(attributes['subject']),
  body: String(attributes['body']),
  sequence: Number(attributes['sequence']),
});
