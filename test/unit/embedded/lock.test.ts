import { existsSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { acquireLock, FolderError, FolderInUseError, lockHolder } from '../../../shared/embedded/lock.ts';
import { tempFolder } from '../../contract/temp-folder.ts';
import { runChild } from './child.ts';

const HOLD = `
  import { acquireLock } from 'shared/embedded/lock.ts';
  const lock = await acquireLock(process.argv[1]);
  await lock.announce('http://127.0.0.1:9');
  console.log('held');
  setInterval(() => {}, 1000);`;

const TRY = `
  import { acquireLock } from 'shared/embedded/lock.ts';
  try { await acquireLock(process.argv[1]); console.log('free'); } catch (error) { console.log(error.name + ' ' + error.message); }`;

describe('lock of a folder', () => {
  it('makes the folder, and refuses it to a second holder until it is released', async () => {
    const folder = join(await tempFolder(), 'new', 'deep');
    const lock = await acquireLock(folder);
    await expect(acquireLock(folder)).rejects.toBeInstanceOf(FolderInUseError);
    await lock.release();
    await (await acquireLock(folder)).release();
  });

  it('refuses the folder to another process in one line that names the folder, the process and its address', async () => {
    const folder = await tempFolder();
    const lock = await acquireLock(folder);
    await lock.announce('http://127.0.0.1:9464');
    const other = runChild(TRY, [folder]);
    expect(await other.line(1)).toBe(
      `FolderInUseError lock ${folder}: found it in use by process ${process.pid} at http://127.0.0.1:9464, one process at a time is allowed`,
    );
    await other.exited;
    expect(other.lines).toHaveLength(1);
    await lock.release();
    expect(await runChild(TRY, [folder]).line(1)).toBe('free');
  });

  it('still holds after another process in the folder was refused and a question was asked', async () => {
    const folder = await tempFolder();
    const lock = await acquireLock(folder);
    await expect(acquireLock(folder)).rejects.toBeInstanceOf(FolderInUseError);
    expect((await lockHolder(folder))?.pid).toBe(process.pid);
    expect(await runChild(TRY, [folder]).line(1)).toContain('FolderInUseError');
    await lock.release();
  });

  it('is free at once after kill -9 of its holder', async () => {
    const folder = await tempFolder();
    const child = runChild(HOLD, [folder]);
    await child.line(1);
    expect(await lockHolder(folder)).toEqual({ pid: child.process.pid, url: 'http://127.0.0.1:9' });
    await expect(acquireLock(folder)).rejects.toMatchObject({ holder: { pid: child.process.pid, url: 'http://127.0.0.1:9' } });
    await child.kill();
    expect(await lockHolder(folder)).toBeUndefined();
    await (await acquireLock(folder)).release();
  });

  it('outlives garbage collection when nothing refers to it any more', async () => {
    const folder = await tempFolder();
    const child = runChild(
      `import { setFlagsFromString } from 'node:v8';
       import { runInNewContext } from 'node:vm';
       import { acquireLock } from 'shared/embedded/lock.ts';
       setFlagsFromString('--expose-gc');
       await acquireLock(process.argv[1]);
       await new Promise((resolve) => setImmediate(resolve));
       runInNewContext('gc')();
       console.log('collected');
       setInterval(() => {}, 1000);`,
      [folder],
    );
    await child.line(1);
    await expect(acquireLock(folder)).rejects.toBeInstanceOf(FolderInUseError);
  });

  it('is not fooled by a holder file that names a living process', async () => {
    const folder = await tempFolder();
    await writeFile(join(folder, 'holder.json'), JSON.stringify({ pid: process.pid }));
    await (await acquireLock(folder)).release();
  });

  it('names no holder of a folder that is free, or was never there, and makes nothing in it', async () => {
    const folder = await tempFolder();
    expect(await lockHolder(folder)).toBeUndefined();
    expect(await lockHolder(join(folder, 'none'))).toBeUndefined();
    expect(existsSync(join(folder, 'lock.sqlite')) || existsSync(join(folder, 'none'))).toBe(false);
  });

  it('lets go once, so that a second release leaves a successor alone', async () => {
    const folder = await tempFolder();
    const lock = await acquireLock(folder);
    await lock.release();
    const successor = await acquireLock(folder);
    await lock.release();
    expect((await lockHolder(folder))?.pid).toBe(process.pid);
    await successor.release();
  });

  it('refuses a file in place of the folder, and a path through a file, in one line', async () => {
    const file = join(await tempFolder(), 'file');
    await writeFile(file, '');
    for (const path of [file, join(file, 'below')]) {
      const error = await acquireLock(path).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(FolderError);
      expect((error as Error).message).toMatch(new RegExp(`^open folder ${path}: .* needed is a folder that this user may write$`));
    }
  });

  it('refuses a folder that the user may not write, in one line', async () => {
    const folder = join(await tempFolder(), 'mine');
    await mkdir(folder);
    await chmod(join(folder, '..'), 0o755);
    await chmod(folder, 0o555);
    // Permissions do not bind root: then the child runs as nobody.
    const child = runChild(TRY, [folder], process.getuid?.() === 0 ? 65534 : undefined);
    expect(await child.line(1)).toMatch(/^FolderError open folder .*needed is a folder that this user may write$/);
    await child.exited;
    expect(child.lines).toHaveLength(1);
  });
});
