import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Api, callApi } from '../../../shared/commands/api.ts';
import { keysCreate, keysList, keysRevoke } from '../../../shared/commands/keys.ts';
import { query } from '../../../shared/commands/query.ts';
import { sql } from '../../../shared/commands/sql.ts';
import { toTable } from '../../../shared/commands/table.ts';
import { type ItemTables, openItemTables } from '../../../shared/embedded/item-sqlite.ts';
import type { KeyScope } from '../../../shared/keys/api-key.ts';

/** An installation that gives one answer to every call, and keeps their addresses. */
const answering = (status: number, body: string, urls: string[] = []): Api => ({
  url: 'http://127.0.0.1:9090',
  fetch: async (url) => {
    urls.push(String(url));
    return new Response(body, { status });
  },
});

describe('a call', () => {
  it('keeps the path of the address it is given', async () => {
    for (const [url, expected] of [
      ['http://h:1', 'http://h:1/api/v1/query'],
      ['http://h:1/', 'http://h:1/api/v1/query'],
      ['https://h/metrics/', 'https://h/metrics/api/v1/query'],
      ['https://h/metrics', 'https://h/metrics/api/v1/query'],
    ] as const) {
      const urls: string[] = [];
      await callApi({ ...answering(200, '', urls), url }, '/api/v1/query');
      expect(urls).toEqual([expected]);
    }
  });

  it('says what to do about an address that is none, and gives the words of the server in one line', async () => {
    await expect(callApi({ ...answering(200, ''), url: 'notaurl' }, '/x')).rejects.toThrow('call notaurl: this is no address, one such as http://127.0.0.1:9090 is allowed');
    await expect(callApi({ ...answering(200, ''), url: 'localhost:9090' }, '/x')).rejects.toThrow('one such as http://127.0.0.1:9090');
    await expect(callApi(answering(400, '{"status":"error","error":"a\\nb\\u001b[2J"}'), '/x')).rejects.toThrow(/^call \/x: found HTTP 400, a b \[2J$/);
    await expect(callApi(answering(502, '<html>\n<body>bad gateway</body>'), '/x')).rejects.toThrow('found HTTP 502, <html> <body>bad gateway</body>');
    await expect(callApi(answering(503, ''), '/x')).rejects.toThrow(/^call \/x: found HTTP 503$/);
    await expect(callApi(answering(401, '{"error":"no API key"}'), '/x')).rejects.toThrow('no API key; give one with --key or TIDEMARK_KEY');
  });
});

describe('query and sql', () => {
  it('print what a label holds on one line, with nothing a terminal obeys', async () => {
    const result = [{ metric: { __name__: 'up', k: 'a\nb' }, value: [1, '1'] }];
    const text = await query(answering(200, JSON.stringify({ data: { resultType: 'vector', result } })), 'up', { json: false });
    expect(text.split('\n')).toEqual(['series        time                      value', '------------  ------------------------  -----', 'up{k="a\\nb"}  1970-01-01T00:00:01.000Z      1']);
  });

  it('count rows in words', async () => {
    const answer = (rows: unknown[][]): Api => answering(200, JSON.stringify({ columns: [{ name: 'n', type: 'BIGINT' }], rows, stats: { bytesScanned: 5, dollars: 0 } }));
    expect(await sql(answer([['7']]), 'x', [], false)).toBe('n\n-\n7\n\n1 row, 5 bytes scanned, $0.000000');
    expect(await sql(answer([]), 'x', [], false)).toBe('n\n-\n\n0 rows, 5 bytes scanned, $0.000000');
    expect(await sql(answer([['7']]), 'x', [], true)).toMatch(/^\{"columns"/);
  });
});

describe('a table', () => {
  it('counts wide characters as two cells and combining ones as none', () => {
    expect(toTable(['k', 'v'], [['日本', 'x'], ['e\u0301', 'y'], ['😀', 'z']]).split('\n')).toEqual(['k     v', '----  -', '日本  x', 'e\u0301     y', '😀    z']);
  });

  it('escapes what would break a line or command a terminal', () => {
    expect(toTable(['a'], [['x\ny\t\u001b[31m\u009b']]).split('\n')).toEqual(['a', '-'.repeat(22), 'x\\ny\\t\\u001b[31m\\u009b']);
  });
});

describe('keys', () => {
  let tables: ItemTables;
  beforeEach(async () => {
    tables = await openItemTables(':memory:', ['keys']);
  });
  afterEach(() => tables.close());
  const newKey = (scope: KeyScope, byte: number): Parameters<typeof keysCreate>[1] => ({ scope, name: `for ${scope}`, author: 'me', nowMs: byte * 1000, random: new Uint8Array(32).fill(byte) });

  it('are made, listed without what is secret, and ended', async () => {
    const table = tables.table('keys');
    const made = JSON.parse(await keysCreate(table, newKey('read', 1), true)) as { id: string; token: string };
    expect(await keysCreate(table, newKey('write', 2), false)).toMatch(/^tmk_write_\S{43}\n\nkey [0-9a-f]{16}, scope write\./);
    const list = await keysList(table, false);
    expect(list.split('\n').map((line) => line.slice(18, 25).trim())).toEqual(['scope', '-----', 'read', 'write']);
    expect(list).not.toContain('tmk_');
    expect(await keysRevoke(table, made.id, false)).toBe(`key ${made.id} revoked; functions that saw it within the last 30 s may still take it`);
    await expect(keysRevoke(table, made.id, false)).rejects.toThrow('see "tidemark keys list"');
    const [left] = JSON.parse(await keysList(table, true)) as { id: string; scope: string }[];
    expect(left).toMatchObject({ scope: 'write' });
    expect(JSON.parse(await keysRevoke(table, left?.id ?? '', true))).toEqual({ id: left?.id, revoked: true });
    expect(await keysList(table, false)).toBe('no keys');
  });
});
