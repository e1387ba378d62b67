import { hourOf } from '../model/hour.ts';
import type { Item, ItemTable } from './item-table.ts';

/** The catalog row of one quarantine object: nobody lists the bucket, so this is how its records are found again. */
export interface QuarantineFile {
  readonly key: string;
  /** Of the first record. */
  readonly arrivalMs: number;
  readonly records: number;
  /** Records of it that have been put back into the stream. */
  readonly redriven: number;
}

const PK = 'quarantine';
/** 30 days, as long as the lifecycle of the bucket leaves the objects. */
export const QUARANTINE_KEPT_S = 30 * 86_400;

/** Everything below this prefix is quarantine. */
const QUARANTINE_PREFIX = 'quarantine/';

/** Ascends with the arrival. `contents` tells objects of one arrival apart. */
export const quarantineKey = (arrivalMs: number, contents: string): string => `${QUARANTINE_PREFIX}dt=${hourOf(arrivalMs)}/${arrivalMs}-${contents}.jsonl`;

/** Twice is the same as once, also after some of its records were put back. Written when the object is durable. */
export const addQuarantineFile = async (items: ItemTable, file: Omit<QuarantineFile, 'redriven'>): Promise<void> => {
  await items.transact([{ put: itemOf({ ...file, redriven: 0 }), when: { is: 'absent' } }]);
};

/** Notes how many of its records are back in the stream. A row that has expired meanwhile does not come back. */
export const noteRedriven = async (items: ItemTable, file: QuarantineFile): Promise<void> => {
  await items.transact([{ put: itemOf(file), when: { is: 'present' } }]);
};

export interface QuarantineRange {
  /** A key; what comes after it. */
  readonly after?: string;
  /** What arrived up to this, inclusive. */
  readonly untilMs?: number;
  readonly limit?: number;
}

/** Oldest arrival first. */
export const listQuarantineFiles = async (items: ItemTable, { after, untilMs, limit }: QuarantineRange = {}): Promise<readonly QuarantineFile[]> => {
  const found = await items.query(PK, {
    // No key holds "!" or "~": the one sorts before everything that may follow in a key, the other behind.
    from: after === undefined ? QUARANTINE_PREFIX : `${after}!`,
    to: untilMs === undefined ? `${QUARANTINE_PREFIX}~` : `${QUARANTINE_PREFIX}dt=${hourOf(untilMs)}/${untilMs}~`,
    ...(limit === undefined ? {} : { limit }),
  });
  return found.map(fileFrom);
};

const itemOf = ({ key, arrivalMs, records, redriven }: QuarantineFile): Item => ({
  pk: PK,
  sk: key,
  attributes: { arrivalMs, records, redriven },
  expiresAtS: Math.ceil(arrivalMs / 1000) + QUARANTINE_KEPT_S,
});

const fileFrom = ({ sk, attributes }: Item): QuarantineFile => ({
  key: sk,
  arrivalMs: Number(attributes['arrivalMs']),
  records: Number(attributes['records']),
  redriven: Number(attributes['redriven']),
});
