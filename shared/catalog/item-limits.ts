import { PermanentError } from '../errors.ts';
import { MAX_TRANSACT_WRITES } from './item-table.ts';
import type { Attribute, Condition, Item, ItemKey, ItemWrite, SortRange } from './item-table.ts';

/** DynamoDB's quotas (developer guide, "Quotas in Amazon DynamoDB"): of keys, of an item with its names, of a transaction. */
export const MAX_PK_BYTES = 2048;
export const MAX_SK_BYTES = 1024;
export const MAX_ITEM_BYTES = 400 * 1024;
export const MAX_TRANSACT_BYTES = 4 * 1024 * 1024;
/** Names that stand for something else in every table. */
const RESERVED = new Set(['pk', 'sk', 'expiresAtS']);
/** The bounds of DynamoDB's numbers; within them each JavaScript number comes back as it was, but -0 as 0. */
const MIN_NUMBER = 1e-130;
const MAX_NUMBER = 9.99999999999999e125;

/**
 * Throws {@link PermanentError} for what DynamoDB would refuse whatever it holds, so that no adapter takes what another
 * does not: more than 100 writes or 4 MB, an item twice, an item over 400 KB, a key or name that is empty, too long or reserved.
 */
export const checkWrites = (writes: readonly ItemWrite[]): void => {
  if (writes.length === 0 || writes.length > MAX_TRANSACT_WRITES) refuse('transact', `${writes.length} writes`, `1 to ${MAX_TRANSACT_WRITES}`);
  const seen = new Set<string>();
  let bytes = 0;
  for (const write of writes) {
    const key = keyOf(write);
    const text = describe(key);
    checkKey(key);
    const identity = JSON.stringify([key.pk, key.sk]);
    if (seen.has(identity)) refuse(`transact ${text}`, 'the item twice', 'each once');
    seen.add(identity);
    if ('put' in write) bytes += checkItem(write.put);
    if (write.when !== undefined) checkCondition(text, write.when);
  }
  if (bytes > MAX_TRANSACT_BYTES) refuse('transact', `${bytes} bytes`, `at most ${MAX_TRANSACT_BYTES} bytes`);
};

/** Which item a write is about. */
export const keyOf = (write: { readonly put: ItemKey } | { readonly remove: ItemKey } | { readonly check: ItemKey }): ItemKey =>
  ('put' in write ? write.put : 'remove' in write ? write.remove : write.check);

export const checkKey = ({ pk, sk }: ItemKey): void => {
  checkPartitionKey(pk);
  const bytes = textBytes(`key ${describe({ pk, sk })}`, sk);
  if (bytes === 0 || bytes > MAX_SK_BYTES) refuse(`sort key ${describe({ pk, sk })}`, `${bytes} bytes`, `1 to ${MAX_SK_BYTES} bytes`);
};

export const checkQuery = (pk: string, range: SortRange): void => {
  checkPartitionKey(pk);
  for (const bound of [range.from, range.to]) if (bound !== undefined) textBytes(`bound of a query of ${describe({ pk, sk: bound })}`, bound);
  const { limit } = range;
  if (limit !== undefined && (!Number.isSafeInteger(limit) || limit < 1)) refuse(`query ${JSON.stringify(pk)}`, `limit ${limit}`, 'whole numbers from 1');
};

const checkPartitionKey = (pk: string): void => {
  const bytes = textBytes(`key ${JSON.stringify(pk.slice(0, 100))}`, pk);
  if (bytes === 0 || bytes > MAX_PK_BYTES) refuse(`partition key ${JSON.stringify(pk.slice(0, 100))}`, `${bytes} bytes`, `1 to ${MAX_PK_BYTES} bytes`);
};

/** Returns the item's size as DynamoDB counts it (developer guide, "DynamoDB item sizes and formats"). */
const checkItem = (item: Item): number => {
  const text = describe(item);
  let bytes = 'pk'.length + 'sk'.length + Buffer.byteLength(item.pk) + Buffer.byteLength(item.sk);
  for (const [name, value] of Object.entries(item.attributes)) {
    checkName(text, name);
    bytes += Buffer.byteLength(name) + valueBytes(`put ${text}: attribute ${name}`, value);
  }
  const { expiresAtS } = item;
  if (expiresAtS !== undefined) {
    if (!Number.isSafeInteger(expiresAtS) || expiresAtS < 0) refuse(`put ${text}`, `expiresAtS ${expiresAtS}`, 'whole Unix seconds');
    bytes += 'expiresAtS'.length + numberBytes(expiresAtS);
  }
  if (bytes > MAX_ITEM_BYTES) refuse(`put ${text}`, `an item of ${bytes} bytes`, `at most ${MAX_ITEM_BYTES} bytes`);
  return bytes;
};

const checkName = (text: string, name: string): void => {
  if (name === '' || RESERVED.has(name)) refuse(`attribute of ${text}`, `the name ${JSON.stringify(name)}`, 'names other than pk, sk, expiresAtS and the empty one');
  textBytes(`attribute name of ${text}`, name);
};

const valueBytes = (text: string, value: Attribute): number => {
  if (typeof value === 'boolean') return 1;
  if (typeof value === 'string') return textBytes(text, value);
  if (typeof value !== 'number') return refuse(text, `a value of type ${typeof value}`, 'strings, numbers and booleans');
  const size = Math.abs(value);
  // Negated, so that NaN is refused too.
  if (!(size === 0 || (size >= MIN_NUMBER && size <= MAX_NUMBER))) refuse(text, `the number ${value}`, `0 and ${MIN_NUMBER} to ${MAX_NUMBER}, of either sign`);
  return numberBytes(value);
};

/** One byte for two significant digits, one for the exponent, one for a sign. */
const numberBytes = (value: number): number => {
  const digits = Math.abs(value).toExponential().replace(/e.*$/, '').replace('.', '').length;
  return Math.ceil(digits / 2) + 1 + (value < 0 ? 1 : 0);
};

/** A lone surrogate has no UTF-8: it would come back as another text, or two keys would become one. */
const textBytes = (text: string, value: string): number => {
  if (!value.isWellFormed()) refuse(text, 'a lone surrogate', 'well-formed Unicode');
  return Buffer.byteLength(value);
};

const checkCondition = (text: string, condition: Condition): void => {
  if ('any' in condition) {
    if (condition.any.length === 0) refuse(`condition on ${text}`, 'an empty any', 'at least one condition');
    for (const each of condition.any) checkCondition(text, each);
  } else if ('attribute' in condition) {
    checkName(text, condition.attribute);
    valueBytes(`condition on ${text}`, condition.value);
  }
};

const describe = ({ pk, sk }: ItemKey): string => `${JSON.stringify(pk.slice(0, 100))} ${JSON.stringify(sk.slice(0, 100))}${sk.length > 100 ? `+${sk.length}` : ''}`;

const refuse = (subject: string, found: string, allowed: string): never => {
  throw new PermanentError(`${subject}: found ${found}, allowed are ${allowed}`);
};
