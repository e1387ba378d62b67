import type { Item, ItemTable, ItemWrite } from '../catalog/item-table.ts';

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
  const item: Item = {
    pk: PK,
    sk: integration,
    attributes: { ...rest, subject: cut(subject), answer: cut(answer) },
    expiresAtS: Math.ceil((failure.failedAtMs + FAILURE_TOLD_MS) / 1000),
  };
  const write: ItemWrite = { put: item, when: { any: [{ is: 'absent' }, { is: 'less', attribute: 'sequence', value: failure.sequence }] } };
  await items.transact([write]);
};

/** A notification has been delivered: an older failure of its integration is over. */
export const clearFailedDelivery = async (items: ItemTable, integration: string, sequence: number): Promise<void> => {
  await items.transact([{ remove: { pk: PK, sk: integration }, when: { is: 'less', attribute: 'sequence', value: sequence + 1 } }]);
};

export const readFailedDeliveries = async (items: ItemTable, nowMs: number): Promise<readonly FailedDelivery[]> =>
  (await items.query(PK)).map(failureOf).filter(({ failedAtMs }) => nowMs - failedAtMs < FAILURE_TOLD_MS);

const cut = (text: string): string => text.slice(0, MAX_ANSWER_CHARS).toWellFormed();

const failureOf = ({ sk, attributes }: Item): FailedDelivery => ({
  integration: sk,
  receiver: String(attributes['receiver']),
  subject: String(attributes['subject']),
  sequence: Number(attributes['sequence']),
  failedAtMs: Number(attributes['failedAtMs']),
  answer: String(attributes['answer']),
});
