import { randomBytes } from 'node:crypto';
import { Hono } from 'hono';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeIngestApp } from '../../../functions/ingest/ingest.ts';
import type { ItemTable } from '../../../shared/catalog/item-table.ts';
import { type ItemTables, openItemTables } from '../../../shared/embedded/item-sqlite.ts';
import { createKey, findKey, type KeyScope, listKeys, revokeKey } from '../../../shared/keys/api-key.ts';
import { makeKeyCheck } from '../../../shared/keys/key-check.ts';
import { type KeyVariables, requireScope, tokenFrom } from '../../../shared/keys/require-scope.ts';
import { DEFAULT_SAMPLE_LIMITS } from '../../../shared/protocols/limits.ts';

let tables: ItemTables;
let keys: ItemTable;

beforeEach(async () => {
  tables = await openItemTables(':memory:', ['keys']);
  keys = tables.table('keys');
});
afterEach(() => tables.close());

const make = (scope: KeyScope, name = 'n', nowMs = 1): Promise<{ token: string }> => createKey(keys, { scope, name, author: 'a', nowMs, random: randomBytes(32) });

describe('API keys', () => {
  it('are found by their token and kept as a hash alone', async () => {
    const { token, key } = await createKey(keys, { scope: 'write', name: 'web', author: 'root', nowMs: 5, random: new Uint8Array(32).fill(1) });
    expect(token).toBe(`tmk_write_${Buffer.alloc(32, 1).toString('base64url')}`);
    expect(await findKey(keys, token)).toEqual({ id: key.id, scope: 'write', name: 'web', author: 'root', createdMs: 5 });
    const stored = JSON.stringify(await keys.query('key'));
    expect(stored).toContain(key.id);
    expect(stored).not.toContain(token.slice(10));
  });

  it('are not found when unknown, of another scope or form, or revoked', async () => {
    const { token } = await make('read');
    const wrong = [`tmk_read_${'A'.repeat(43)}`, token.replace('read', 'admin'), `${token}x`, '', 'tmk_read_', '../key'];
    expect(await Promise.all(wrong.map((each) => findKey(keys, each)))).toEqual(wrong.map(() => undefined));
    const [key] = await listKeys(keys);
    expect([await revokeKey(keys, key?.id ?? ''), await revokeKey(keys, key?.id ?? '')]).toEqual([true, false]);
    expect(await findKey(keys, token)).toBeUndefined();
  });

  it('are listed oldest first', async () => {
    for (const [name, nowMs] of [['c', 3], ['a', 1], ['b', 2]] as const) await make('read', name, nowMs);
    expect((await listKeys(keys)).map((key) => key.name)).toEqual(['a', 'b', 'c']);
  });

  it('refuse too little randomness and empty names', async () => {
    await expect(createKey(keys, { scope: 'read', name: 'n', author: 'a', nowMs: 1, random: new Uint8Array(16) })).rejects.toThrow('16 random bytes, 32 needed');
    await expect(make('read', '')).rejects.toThrow('0 characters');
  });
});

describe('the key check', () => {
  it('remembers an answer for half a minute, so a revoked key passes no longer than that', async () => {
    let nowMs = 0;
    const check = makeKeyCheck(keys, () => nowMs);
    const { token } = await make('read');
    const key = await check(token);
    expect(key?.scope).toBe('read');
    await revokeKey(keys, key?.id ?? '');
    nowMs = 29_999;
    expect(await check(token)).toBeDefined();
    nowMs = 30_000;
    expect(await check(token)).toBeUndefined();
  });

  it('keeps real keys in memory through a flood of made-up ones', async () => {
    let reads = 0;
    const counting: ItemTable = { ...keys, get: (key) => (reads++, keys.get(key)) };
    const check = makeKeyCheck(counting, () => 0);
    const { token } = await make('write');
    await check(token);
    for (let i = 0; i < 1100; i++) await check(`tmk_write_${String(i).padStart(43, 'x')}`);
    reads = 0;
    expect(await check(token)).toBeDefined();
    expect(reads).toBe(0);
  });
});

describe('the scope of a request', () => {
  const answers = async (scope: KeyScope, headers: Record<string, string>): Promise<number> => {
    const app = new Hono<{ Variables: KeyVariables }>();
    app.use('/x', requireScope(makeKeyCheck(keys, () => 0), scope, (c, fault) => c.text(fault.message, fault.status)));
    app.get('/x', (c) => c.text(c.get('apiKey')?.name ?? ''));
    return (await app.request('/x', { headers })).status;
  };
  const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

  it('passes as bearer token, basic password and Influx token', async () => {
    const { token } = await make('read');
    const wrapped = [`Bearer ${token}`, `bearer  ${token}`, `Token ${token}`, basic(`anyone:${token}`)];
    expect(await Promise.all(wrapped.map((authorization) => answers('read', { authorization })))).toEqual([200, 200, 200, 200]);
  });

  it('is 401 without a known key and 403 with one of another scope; admin passes everywhere', async () => {
    const { token: write } = await make('write');
    const { token: alerts } = await make('alerts');
    const { token: admin } = await make('admin');
    const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
    expect(await answers('read', {})).toBe(401);
    expect(await answers('read', bearer(`${write}x`))).toBe(401);
    expect(await answers('read', { authorization: basic('no colon') })).toBe(401);
    expect(await answers('read', bearer(write))).toBe(403);
    expect(await answers('alerts', bearer(write))).toBe(403);
    expect(await answers('read', bearer(alerts))).toBe(200);
    expect(await Promise.all((['write', 'read', 'alerts', 'admin'] as const).map((scope) => answers(scope, bearer(admin))))).toEqual([200, 200, 200, 200]);
  });

  it('is told in the words of each protocol, without the key', async () => {
    const app = makeIngestApp({
      putRecords: () => Promise.reject(new Error('never called')),
      keys: makeKeyCheck(keys, () => 0),
      nowMs: () => 0,
      nextRecordId: () => new Uint8Array(16),
      limits: { bodyBytes: 100, decodedBytes: 100, inFlightBytes: 100, samples: DEFAULT_SAMPLE_LIMITS },
    });
    const secret = `tmk_write_${'s'.repeat(43)}`;
    const bodyOf = async (path: string): Promise<unknown> => {
      const answer = await app.request(path, { method: 'POST', body: 'x', headers: { authorization: `Bearer ${secret}` } });
      expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, expect.stringContaining('Bearer')]);
      const text = await answer.text();
      expect(text).not.toContain('sss');
      return text.startsWith('{') ? Object.keys(JSON.parse(text) as object) : text.slice(0, 9);
    };
    expect(await Promise.all(['/api/v1/write', '/write', '/api/v2/write', '/api/v1/push'].map(bodyOf))).toEqual(['check key', ['error'], ['code', 'message'], ['error']]);
  });

  it('is read from every form of the header in linear time', () => {
    expect(tokenFrom(`Bearer ${' '.repeat(100_000)}x`)).toBe('x');
    expect(tokenFrom(undefined)).toBeUndefined();
    expect(tokenFrom('Digest abc')).toBeUndefined();
  });
});
