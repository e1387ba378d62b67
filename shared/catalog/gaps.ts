import type { ItemTable } from './item-table.ts';

/** A record that lies under the watermark and is not stored. */
export interface Gap {
  readonly shardId: string;
  readonly sequence: string;
  readonly arrivalMs: number;
  readonly reason: string;
  /** The quarantine object that holds its bytes. */
  readonly key: string;
}

const PK = 'gaps';
/** 30 days, as long as the 1m tier: after that no answer could miss the record. */
const KEPT_S = 30 * 86_400;

/** Twice is the same as once. Written before the watermark passes the record. */
export const addGap = async (items: ItemTable, { shardId, sequence, arrivalMs, reason, key }: Gap): Promise<void> => {
  const expiresAtS = Math.ceil(arrivalMs / 1000) + KEPT_S;
  await items.transact([{ put: { pk: PK, sk: `${shardId}/${sequence}`, attributes: { arrivalMs, reason, key }, expiresAtS } }]);
};

export const listGaps = async (items: ItemTable): Promise<readonly Gap[]> =>
  (await items.query(PK)).map(({ sk, attributes }) => ({
    shardId: sk.slice(0, sk.lastIndexOf('/')),
    sequence: sk.slice(sk.lastIndexOf('/') + 1),
    arrivalMs: Number(attributes['arrivalMs']),
    reason: String(attributes['reason']),
    key: String(attributes['key']),
  }));
