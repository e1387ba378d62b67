import { createHash, timingSafeEqual } from 'node:crypto';
import type { Item, ItemTable } from '../catalog/item-table.ts';
import { PermanentError } from '../errors.ts';

export const KEY_SCOPES = ['write', 'read', 'alerts', 'admin'] as const;
export type KeyScope = (typeof KEY_SCOPES)[number];

/** What is known of a key. The key itself is not: only its hash is kept. */
export interface ApiKey {
  /** The first 16 hex digits of the hash: names the key in lists and metrics, and tells nothing of it. */
  readonly id: string;
  readonly scope: KeyScope;
  readonly name: string;
  readonly createdMs: number;
  readonly author: string;
}

export interface NewKey {
  readonly scope: KeyScope;
  readonly name: string;
  readonly author: string;
  readonly nowMs: number;
  /** 32 fresh random bytes. */
  readonly random: Uint8Array;
}

const PK = 'key';
const RANDOM_BYTES = 32;
const NAME_MAX_UNITS = 200;
const TOKEN = /^tmk_(write|read|alerts|admin)_[A-Za-z0-9_-]{43}$/;

/** `alerts` may read what it silences; `admin` may do everything. */
const GRANTS: Readonly<Record<KeyScope, readonly KeyScope[]>> = {
  write: ['write'],
  read: ['read'],
  alerts: ['alerts', 'read'],
  admin: KEY_SCOPES,
};

export const grants = (key: ApiKey, scope: KeyScope): boolean => GRANTS[key.scope].includes(scope);

/** Keeps the key's hash and gives the token `tmk_<scope>_<base64url>`, which can be shown this once only. */
export const createKey = async (table: ItemTable, key: NewKey): Promise<{ readonly token: string; readonly key: ApiKey }> => {
  if (key.random.length !== RANDOM_BYTES) throw new PermanentError(`create key: ${key.random.length} random bytes, ${RANDOM_BYTES} needed`);
  if (key.name === '' || key.name.length > NAME_MAX_UNITS) {
    throw new PermanentError(`create key: a name of ${key.name.length} characters, 1 to ${NAME_MAX_UNITS} allowed`);
  }
  const token = `tmk_${key.scope}_${Buffer.from(key.random).toString('base64url')}`;
  const hash = hashOf(token);
  const id = idOf(hash);
  const attributes = { hash, scope: key.scope, name: key.name, createdMs: key.nowMs, author: key.author };
  const outcome = await table.transact([{ put: { pk: PK, sk: id, attributes }, when: { is: 'absent' } }]);
  if (!outcome.done) throw new PermanentError(`create key: id ${id} exists already, call again with other random bytes`);
  return { token, key: { id, scope: key.scope, name: key.name, createdMs: key.nowMs, author: key.author } };
};

/** The key a token stands for; undefined for one that is unknown, revoked, or no token at all. */
export const findKey = async (table: ItemTable, token: string): Promise<ApiKey | undefined> => {
  if (!isToken(token)) return undefined;
  const hash = hashOf(token);
  const item = await table.get({ pk: PK, sk: idOf(hash) });
  if (item === undefined) return undefined;
  const stored = Buffer.from(String(item.attributes['hash']));
  const given = Buffer.from(hash);
  return stored.length === given.length && timingSafeEqual(stored, given) ? keyFrom(item) : undefined;
};

/** True when the key was there. It may still pass for as long as a check remembers it, see `key-check.ts`. */
export const revokeKey = async (table: ItemTable, id: string): Promise<boolean> =>
  (await table.transact([{ remove: { pk: PK, sk: id }, when: { is: 'present' } }])).done;

/** All keys, oldest first. */
export const listKeys = async (table: ItemTable): Promise<readonly ApiKey[]> =>
  (await table.query(PK)).map(keyFrom).toSorted((a, b) => a.createdMs - b.createdMs);

/** Whether the text has the form of a token: what has not need not be looked up. */
export const isToken = (text: string): boolean => TOKEN.test(text);

export const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');

const idOf = (hash: string): string => hash.slice(0, 16);

const keyFrom = (item: Item): ApiKey => ({
  id: item.sk,
  scope: scopeFrom(String(item.attributes['scope'])),
  name: String(item.attributes['name']),
  createdMs: Number(item.attributes['createdMs']),
  author: String(item.attributes['author']),
});

const scopeFrom = (text: string): KeyScope => {
  const scope = KEY_SCOPES.find((each) => each === text);
  if (scope === undefined) throw new PermanentError(`read key: scope "${text}" found, ${KEY_SCOPES.join(', ')} allowed`);
  return scope;
};
