import type { ItemTable } from '../catalog/item-table.ts';
import { type ApiKey, findKey, hashOf, isToken } from './api-key.ts';

/** The key a token stands for, undefined for none. Rejects when the table cannot be read. */
export type CheckKey = (token: string) => Promise<ApiKey | undefined>;

/** A revoked key passes no longer than this. A minute would save little: a table read per key, process and half minute is nothing. */
export const KEY_REMEMBERED_MS = 30_000;
const REMEMBER_KEYS = 1000;

interface Remembered {
  readonly key: ApiKey | undefined;
  readonly untilMs: number; // exclusive
}

/**
 * Looks keys up and remembers the answers for half a minute, by hash. Answers for unknown tokens are remembered apart, so
 * that a flood of made-up tokens cannot push out the real ones.
 */
export const makeKeyCheck = (table: ItemTable, nowMs: () => number): CheckKey => {
  const known = new Map<string, Remembered>();
  const unknown = new Map<string, Remembered>();
  return async (token) => {
    if (!isToken(token)) return undefined;
    const hash = hashOf(token);
    const at = nowMs();
    const earlier = known.get(hash) ?? unknown.get(hash);
    if (earlier !== undefined && at < earlier.untilMs) return earlier.key;
    known.delete(hash);
    unknown.delete(hash);
    const key = await findKey(table, token);
    remember(key === undefined ? unknown : known, hash, { key, untilMs: at + KEY_REMEMBERED_MS });
    return key;
  };
};

const remember = (answers: Map<string, Remembered>, hash: string, answer: Remembered): void => {
  if (answers.size >= REMEMBER_KEYS) {
    const oldest = answers.keys().next();
    if (oldest.done !== true) answers.delete(oldest.value);
  }
  answers.set(hash, answer);
};
