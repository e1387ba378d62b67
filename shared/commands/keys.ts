import type { ItemTable } from '../catalog/item-table.ts';
import { type NewKey, createKey, listKeys, revokeKey } from '../keys/api-key.ts';
import { KEY_REMEMBERED_MS } from '../keys/key-check.ts';
import { PermanentError } from '../errors.ts';
import { toTable } from './table.ts';

/** Makes a key and gives what to print: the only time that the key itself is seen. */
export const keysCreate = async (table: ItemTable, key: NewKey, json: boolean): Promise<string> => {
  const made = await createKey(table, key);
  if (json) return JSON.stringify({ ...made.key, token: made.token });
  return `${made.token}\n\nkey ${made.key.id}, scope ${made.key.scope}. Keep it now: only its hash is stored.`;
};

export const keysList = async (table: ItemTable, json: boolean): Promise<string> => {
  const keys = await listKeys(table);
  if (json) return JSON.stringify(keys);
  if (keys.length === 0) return 'no keys';
  return toTable(['id', 'scope', 'name', 'author', 'created'], keys.map((key) => [key.id, key.scope, key.name, key.author, new Date(key.createdMs).toISOString()]));
};

/** @throws PermanentError when there is no such key. */
export const keysRevoke = async (table: ItemTable, id: string, json: boolean): Promise<string> => {
  if (!(await revokeKey(table, id))) throw new PermanentError(`revoke key ${id}: found none with this id, see "tidemark keys list"`);
  if (json) return JSON.stringify({ id, revoked: true });
  return `key ${id} revoked; functions that saw it within the last ${KEY_REMEMBERED_MS / 1000} s may still take it`;
};
