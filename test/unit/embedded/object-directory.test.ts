import { spawnSync } from 'node:child_process';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PermanentError } from '../../../shared/errors.ts';
import { openObjectDirectory } from '../../../shared/embedded/object-directory.ts';
import { tempFolder } from '../../contract/temp-folder.ts';
import { runChild } from './child.ts';

describe('object directory', () => {
  it.each(['', '/', '/etc/passwd', '../up', 'a/../b', 'a/..', '.', './a', 'a/./b', 'a//b', 'a/', '~tmp/a', 'a b', 'é', 'a\u0000', 'a\\b', 'a\n', 'x'.repeat(256), 'x/'.repeat(512) + 'x'])(
    'refuses the key %j for good, and leaves no file',
    async (key) => {
      const dir = await tempFolder();
      const store = await openObjectDirectory(dir);
      await expect(store.putIfAbsent(key, new Uint8Array(1))).rejects.toBeInstanceOf(PermanentError);
      await expect(store.get(key)).rejects.toBeInstanceOf(PermanentError);
      expect(await readdir(dir, { recursive: true })).toEqual(['~tmp']);
    },
  );

  it.each([{ offset: -1, length: 1 }, { offset: 0, length: -1 }, { offset: 0.5, length: 1 }, { offset: 0, length: Number.NaN }])(
    'refuses the range $offset, $length',
    async (range) => {
      const store = await openObjectDirectory(await tempFolder());
      await store.putIfAbsent('a', new Uint8Array(3));
      await expect(store.get('a', range)).rejects.toBeInstanceOf(PermanentError);
    },
  );

  it('removes what a crash left half written, and keeps the objects', async () => {
    const dir = await tempFolder();
    await (await openObjectDirectory(dir)).putIfAbsent('hot/a', Uint8Array.of(1));
    await writeFile(join(dir, '~tmp', '17'), 'half');
    const store = await openObjectDirectory(dir);
    expect(await readdir(join(dir, '~tmp'))).toEqual([]);
    expect([...(await store.get('hot/a'))]).toEqual([1]);
  });

  it('leaves no temporary file after puts that won and puts that lost', async () => {
    const dir = await tempFolder();
    const store = await openObjectDirectory(dir);
    await Promise.all(Array.from({ length: 40 }, (_, i) => store.putIfAbsent(`hot/${i % 10}`, Uint8Array.of(i))));
    expect(await readdir(join(dir, '~tmp'))).toEqual([]);
    expect(await readdir(join(dir, 'hot'))).toHaveLength(10);
  });

  it('makes a folder again that was removed', async () => {
    const dir = await tempFolder();
    const store = await openObjectDirectory(dir);
    await store.putIfAbsent('hot/dt=1/a', Uint8Array.of(1));
    await rm(join(dir, 'hot'), { recursive: true });
    expect(await store.putIfAbsent('hot/dt=1/b', Uint8Array.of(2))).toBe(true);
    expect([...(await store.get('hot/dt=1/b'))]).toEqual([2]);
  });

  it('names the folder that it cannot open', async () => {
    const file = join(await tempFolder(), 'file');
    await writeFile(file, '');
    await expect(openObjectDirectory(file)).rejects.toThrow(`open object directory ${file}`);
  });

  it('rejects a put under a key that is an object, and keeps that object', async () => {
    const store = await openObjectDirectory(await tempFolder());
    await store.putIfAbsent('a', Uint8Array.of(1));
    await expect(store.putIfAbsent('a/b', Uint8Array.of(2))).rejects.toThrow('put a/b');
    expect([...(await store.get('a'))]).toEqual([1]);
  });

  it('is unavailable on a full disk, keeps nothing of the object, and takes smaller ones', async () => {
    const dir = await tempFolder();
    const script = `
      import { openObjectDirectory } from '${new URL('../../../shared/embedded/object-directory.ts', import.meta.url).href}';
      const store = await openObjectDirectory(process.argv[1]);
      const error = await store.putIfAbsent('hot/big', new Uint8Array(1_000_000)).catch((thrown) => thrown);
      console.log(error.name, error.retryAfterS > 0, error.message.startsWith('put hot/big: '));
      console.log(await store.putIfAbsent('hot/small', new Uint8Array(1000)));
      console.log(await store.get('hot/big').catch((thrown) => thrown.name));`;
    // A limit on file size stands for a full disk: both let a write fail midway.
    const { stdout } = spawnSync('bash', ['-c', 'ulimit -f 100; exec "$0" --input-type=module --eval "$1" "$2"', process.execPath, script, dir], { encoding: 'utf8' });
    expect(stdout.trim().split('\n')).toEqual(['UnavailableError true true', 'true', 'MissingObjectError']);
    expect(await readdir(join(dir, '~tmp'))).toEqual([]);
  });

  it('has after kill -9 every object that it acknowledged, whole', async () => {
    const dir = join(await tempFolder(), 'objects');
    await mkdir(dir);
    const child = runChild(
      `import { openObjectDirectory } from 'shared/embedded/object-directory.ts';
       const store = await openObjectDirectory(process.argv[1]);
       const write = async (lane) => {
         for (let i = 0; ; i++) {
           const key = 'hot/dt=' + (i % 7) + '/' + lane + '-' + i;
           await store.putIfAbsent(key, Buffer.alloc(50_000, key));
           console.log(key);
         }
       };
       for (let lane = 0; lane < 8; lane++) void write(lane);`,
      [dir],
    );
    await child.line(100);
    await child.kill();
    const store = await openObjectDirectory(dir);
    for (const key of child.lines) expect(Buffer.compare(await store.get(key), Buffer.alloc(50_000, key))).toBe(0);
    expect(child.lines.length).toBeGreaterThanOrEqual(100);
  });
});
