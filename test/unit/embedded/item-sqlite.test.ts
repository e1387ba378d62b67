import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { joinItemTables, openItemTables } from '../../../shared/embedded/item-sqlite.ts';
import type { ItemTables, ItemTablesOptions } from '../../../shared/embedded/item-sqlite.ts';
import { UnavailableError } from '../../../shared/errors.ts';
import { tempFolder } from '../../contract/temp-folder.ts';
import { runChild } from './child.ts';

const open = async (file: string, options?: ItemTablesOptions): Promise<ItemTables> => {
  const tables = await openItemTables(file, ['catalog', 'alerts'], options);
  onTestFinished(() => tables.close());
  return tables;
};

describe('items in sqlite', () => {
  it('keeps tables of one file apart, and keeps them over a restart', async () => {
    const file = join(await tempFolder(), 'items.sqlite');
    const first = await open(file);
    await first.table('catalog').transact([{ put: { pk: 'p', sk: 's', attributes: { from: 'catalog' } } }]);
    expect(await first.table('alerts').query('p')).toEqual([]);
    await first.close();
    expect((await (await open(file)).table('catalog').get({ pk: 'p', sk: 's' }))?.attributes).toEqual({ from: 'catalog' });
  });

  it('refuses a table that it was not opened with, and names that no table may have', async () => {
    const tables = await open(':memory:');
    expect(() => tables.table('keys')).toThrow('allowed are catalog, alerts');
    await expect(openItemTables(':memory:', ['a"; DROP TABLE x; --'])).rejects.toThrow('create table');
  });

  it('names the file that it cannot open', async () => {
    const file = join(await tempFolder(), 'none', 'items.sqlite');
    await expect(openItemTables(file, ['catalog'])).rejects.toThrow(`open items ${file}`);
  });

  it('ends what is under way at close, and refuses what comes later', async () => {
    const file = join(await tempFolder(), 'items.sqlite');
    const tables = await open(file);
    const writes = Array.from({ length: 50 }, (_, i) => tables.table('catalog').transact([{ put: { pk: 'p', sk: String(i), attributes: {} } }]));
    await tables.close();
    expect((await Promise.all(writes)).every((outcome) => outcome.done)).toBe(true);
    await expect(tables.table('catalog').query('p')).rejects.toBeInstanceOf(UnavailableError);
    await tables.close();
    expect(await (await open(file)).table('catalog').query('p')).toHaveLength(50);
  });

  it('sees its own writes in the order in which they were acknowledged', async () => {
    const table = (await open(':memory:')).table('catalog');
    for (let i = 0; i < 50; i++) {
      await table.transact([{ put: { pk: 'p', sk: 's', attributes: { i } } }]);
      expect((await table.get({ pk: 'p', sk: 's' }))?.attributes['i']).toBe(i);
    }
  });

  it('are one to every thread that joins: conditions hold over all, and a port that leaves fails its own requests alone', async () => {
    const tables = await open(':memory:');
    const joined = joinItemTables(tables.share());
    const [mine, theirs] = [tables.table('catalog'), joined.table('catalog')];
    const outcomes = await Promise.all(
      Array.from({ length: 40 }, (_, n) => (n % 2 === 0 ? mine : theirs).transact([{ put: { pk: 'p', sk: String(n >> 1), attributes: { n } }, when: { is: 'absent' } }])),
    );
    expect(outcomes.filter(({ done }) => done)).toHaveLength(20);
    expect(await theirs.query('p')).toEqual(await mine.query('p'));
    await expect(joined.table('keys').query('p')).rejects.toThrow('open table keys');
    joined.leave();
    await expect(theirs.query('p')).rejects.toBeInstanceOf(UnavailableError);
    expect(await mine.query('p')).toHaveLength(20);
  });

  it('end for threads that joined when they are closed', async () => {
    const tables = await open(':memory:');
    const theirs = joinItemTables(tables.share()).table('catalog');
    expect(await theirs.query('p')).toEqual([]);
    await tables.close();
    await expect(theirs.query('p')).rejects.toThrow('item thread: it is closed');
  });

  it('judges each of the transacts that share a commit by those before it', async () => {
    const table = (await open(':memory:')).table('catalog');
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        table.transact([
          { put: { pk: 'p', sk: `trace ${n}`, attributes: {} } },
          { put: { pk: 'p', sk: 'mark', attributes: { n } }, when: { any: [{ is: 'absent' }, { is: 'less', attribute: 'n', value: n - 1 }] } },
        ]),
      ),
    );
    expect(outcomes.flatMap((outcome, n) => (outcome.done ? [n] : []))).toEqual(Array.from({ length: 10 }, (_, i) => 2 * i));
    expect(await table.query('p', { from: 'trace' })).toHaveLength(10);
  });

  it('removes expired items once their time has come, with a later write', async () => {
    let nowMs = 1_000_000;
    const table = (await open(':memory:', { nowMs: () => nowMs })).table('catalog');
    const write = (): Promise<unknown> => table.transact([{ put: { pk: 'other', sk: 's', attributes: {} } }]);
    const items = Array.from({ length: 100 }, (_, i) => ({ put: { pk: 'p', sk: String(i).padStart(3, '0'), attributes: {}, expiresAtS: i < 60 ? 2000 : 3000 } }));
    await table.transact(items);
    nowMs = 1_999_000;
    await write();
    expect(await table.query('p')).toHaveLength(100);
    nowMs = 2_100_000;
    await write();
    expect(await table.query('p')).toHaveLength(40);
    nowMs = 3_100_000;
    await write();
    expect(await table.query('p')).toEqual([]);
    expect(await table.query('other')).toHaveLength(1);
  });

  it('leaves the event loop free while it writes', async () => {
    const table = (await open(join(await tempFolder(), 'items.sqlite'))).table('catalog');
    const text = 'x'.repeat(50_000);
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    for (let i = 0; i < 30; i++) await table.transact(Array.from({ length: 20 }, (_, n) => ({ put: { pk: 'p', sk: `${i}-${n}`, attributes: { text } } })));
    clearInterval(timer);
    expect(turns).toBeGreaterThan(15);
  });

  it('does not keep the process alive when nothing is asked of it', async () => {
    const script = `
      import { joinItemTables, openItemTables } from '${new URL('../../../shared/embedded/item-sqlite.ts', import.meta.url).href}';
      const tables = await openItemTables(':memory:', ['catalog']);
      console.log(await tables.table('catalog').transact([{ put: { pk: 'p', sk: 's', attributes: {} } }]));`;
    const { stdout, status, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8', timeout: 20_000 });
    expect([stdout.trim(), stderr, status]).toEqual(['{ done: true }', '', 0]);
  });

  it('is unavailable on a full disk, and goes on when there is room again', async () => {
    const script = `
      import { joinItemTables, openItemTables } from '${new URL('../../../shared/embedded/item-sqlite.ts', import.meta.url).href}';
      const table = (await openItemTables(process.argv[1], ['catalog'])).table('catalog');
      const put = (sk, text) => table.transact([{ put: { pk: 'p', sk, attributes: { text } } }]);
      await put('before', '');
      const failed = await Promise.allSettled(['a', 'b', 'c', 'd'].map((sk) => put(sk, 'x'.repeat(300_000))));
      const [error] = failed.map((each) => each.reason);
      console.log(failed.filter((each) => each.status === 'rejected').length, error.name, error.retryAfterS > 0);
      await put('after', '');
      console.log((await table.query('p')).map((item) => item.sk).join());`;
    const file = join(await tempFolder(), 'items.sqlite');
    const { stdout } = spawnSync('bash', ['-c', 'ulimit -f 200; exec "$0" --input-type=module --eval "$1" "$2"', process.execPath, script, file], { encoding: 'utf8' });
    expect(stdout.trim().split('\n')).toEqual(['4 UnavailableError true', 'after,before']);
  });

  it('has after kill -9 every write that it acknowledged, and each transact whole or not at all', async () => {
    const file = join(await tempFolder(), 'items.sqlite');
    const child = runChild(
      `import { joinItemTables, openItemTables } from 'shared/embedded/item-sqlite.ts';
       const table = (await openItemTables(process.argv[1], ['catalog', 'alerts'])).table('catalog');
       const write = async (lane) => {
         for (let i = 0; ; i++) {
           const sk = lane + '-' + i;
           await table.transact(['x', 'y', 'z'].map((pk) => ({ put: { pk, sk, attributes: { i } } })));
           console.log(sk);
         }
       };
       for (let lane = 0; lane < 8; lane++) void write(lane);`,
      [file],
    );
    await child.line(300);
    await child.kill();
    const table = (await open(file)).table('catalog');
    const [x, y, z] = await Promise.all(['x', 'y', 'z'].map(async (pk) => (await table.query(pk)).map((item) => item.sk)));
    expect([y, z]).toEqual([x, x]);
    const stored = new Set(x);
    expect(child.lines.filter((sk) => !stored.has(sk))).toEqual([]);
  });
});
