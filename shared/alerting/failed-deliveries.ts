import type { Item, ItemKey, ItemTable, ItemWrite } from '../catalog/item-table.ts';
import { revise } from './revisions.ts';

const PK = 'failed-delivery';

/** A failure is told of for so long, unless a later notification of the same integration is delivered before. */
export const FAILURE_TOLD_MS = 86_400_000;

const MAX_ANSWER_CHARS = 300;

/** The last notification of an integration was given up. */
export interface FailedDelivery {
  readonly integration: string;
  readonly receiver: string;
  readonly subject: string;
  /** The flush time of the notification. */
  readonly sequence: number;
  readonly failedAtMs: number;
  readonly answer: string;
}

/** A notification that is older than the failure which is known already says nothing new. */
export const noteFailedDelivery = async (items: ItemTable, failure: FailedDelivery): Promise<void> => {
  const { integration, subject, answer, ...rest } = failure;
  const { sequence, failedAtMs } = rest;
  const item: Item = {
    ...keyOf(integration),
    attributes: { ...rest, subject: cut(subject), answer: cut(answer) },
    expiresAtS: Math.ceil((failedAtMs + FAILURE_TOLD_MS) / 1000),
  };
  const write: ItemWrite = { put: item, when: { any: [{ is: 'absent' }, { is: 'less', attribute: 'sequence', value: sequence }] } };
  await items.transact([write, revise('deliveries', `${integration} failed ${sequence} at ${failedAtMs}`)]);
};

/** A notification has been delivered: an older failure of its integration is over. Nearly always there is none, and that costs one read. */
export const clearFailedDelivery = async (items: ItemTable, integration: string, sequence: number): Promise<void> => {
  const item = await items.get(keyOf(integration));
  if (item === undefined || failureOf(item).sequence > sequence) return;
  const { failedAtMs, sequence: failedSequence } = failureOf(item);
  const over = { remove: keyOf(integration), when: { is: 'equal', attribute: 'sequence', value: failedSequence } } as const;
  await items.transact([over, revise('deliveries', `${integration} took ${sequence} after ${failedAtMs}`)]);
};

export const readFailedDeliveries = async (items: ItemTable): Promise<readonly FailedDelivery[]> => (await items.query(PK)).map(failureOf);

/** Whether it is still told of. */
export const isFresh = ({ failedAtMs }: FailedDelivery, nowMs: number): boolean => nowMs - failedAtMs < FAILURE_TOLD_MS;

const keyOf = (integration: string): ItemKey => ({ pk: PK, sk: integration });

const cut = (text: string): string => text.slice(0, MAX_ANSWER_CHARS).toWellFormed();

const failureOf = ({ sk, attributes }: Item): FailedDelivery => ({
  integration: sk,
  receiver: String(attributes['receiver']),
  subject: String(attributes['subject']),
  sequence: Number(attributes['sequence']),
  failedAtMs: Number(attributes['failedAtMs']),
  answer: String(attributes['answer']),
});
