import { link, open, readdir, rename, rmdir, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { PermanentError } from '../errors.ts';
import { MissingObjectError } from '../storage/object-store.ts';
import type { ByteRange, ListedObject, ObjectListing, ObjectStore, ObjectSweep } from '../storage/object-store.ts';
import { ConcurrencyLimit } from './concurrency-limit.ts';
import { diskError, errnoOf } from './disk-error.ts';
import { DurableFolders, makeDurableFolder } from './durable-folders.ts';
import { listFolder } from './list-folder.ts';

/** `~` is in no key, so no object can lie here. It is on the same file system, as link(2) demands. */
const TEMP_FOLDER = '~tmp';
/** S3's limit of a key, and ext4's of a file name. */
const MAX_KEY_BYTES = 1024;
const MAX_NAME_BYTES = 255;
/** libuv runs four file operations at once; a few more keep its queue full while bytes and open files stay bounded. */
const MAX_PUTS = 16;
const MAX_GETS = 32;

/**
 * Objects as files below `dir`, which is made when missing. One process owns the folder (lock.ts): files that a crash left
 * half written are removed here. A full disk rejects with {@link UnavailableError}, a key that no object may have with
 * {@link PermanentError}. A second one of the same folder, of another thread, names a folder of its own for half written files.
 */
export const openObjectDirectory = async (dir: string, tempFolder = TEMP_FOLDER): Promise<ObjectStore & ObjectSweep & ObjectListing> => {
  const root = resolve(dir);
  const temp = join(root, tempFolder);
  try {
    await makeDurableFolder(temp);
    for (const name of await readdir(temp)) await unlink(join(temp, name));
  } catch (error) {
    throw diskError(`open object directory ${root}`, error);
  }
  return new ObjectDirectory(root, temp);
};

class ObjectDirectory implements ObjectStore, ObjectSweep, ObjectListing {
  readonly #root: string;
  readonly #temp: string;
  readonly #folders: DurableFolders;
  readonly #puts = new ConcurrencyLimit(MAX_PUTS);
  readonly #gets = new ConcurrencyLimit(MAX_GETS);
  #tempFiles = 0;

  constructor(root: string, temp: string) {
    this.#root = root;
    this.#temp = temp;
    this.#folders = new DurableFolders(root);
  }

  async putIfAbsent(key: string, bytes: Uint8Array): Promise<boolean> {
    const path = this.#path('put', key);
    return this.#puts.run(() => this.#put(path, bytes)).catch((error: unknown) => {
      throw diskError(`put ${key}`, error);
    });
  }

  async get(key: string, range?: ByteRange): Promise<Uint8Array> {
    const path = this.#path('get', key);
    if (range !== undefined && !isRange(range)) {
      throw new PermanentError(`get ${key}: found range offset ${range.offset}, length ${range.length} bytes, allowed are whole numbers from 0`);
    }
    return this.#gets.run(() => readPart(path, range)).catch((error: unknown) => {
      // ENOTDIR: a part of the key is an object. EISDIR: the key is the beginning of others.
      if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes(errnoOf(error) ?? '')) throw new MissingObjectError(key);
      throw diskError(`get ${key}`, error);
    });
  }

  async remove(keys: readonly string[]): Promise<void> {
    const paths = keys.map((key) => this.#path('remove', key));
    await Promise.all(
      paths.map((path, i) =>
        this.#puts.run(() => unlinkIfThere(path)).catch((error: unknown) => {
          throw diskError(`remove ${keys[i]}`, error);
        }),
      ),
    );
    for (const folder of new Set(paths.map((path) => dirname(path)))) await this.#tidy(folder);
  }

  async replace(key: string, bytes: Uint8Array): Promise<void> {
    const path = this.#path('replace', key);
    await this.#puts.run(() => this.#put(path, bytes, replaceFile)).catch((error: unknown) => {
      throw diskError(`replace ${key}`, error);
    });
  }

  async list(prefix: string, after?: string): Promise<readonly ListedObject[]> {
    return listFolder(this.#root, prefix, after).catch((error: unknown) => {
      throw diskError(`list ${prefix}`, error);
    });
  }

  async #put(path: string, bytes: Uint8Array, place: Place = linkIfAbsent): Promise<boolean> {
    const folder = dirname(path);
    const temp = join(this.#temp, String(this.#tempFiles++));
    try {
      await writeDurably(temp, bytes);
      await this.#folders.make(folder);
      const created = await this.#place(place, temp, path);
      // Also when the object was there: the call that made it may not have come to its fsync, and false means "it is stored".
      await this.#folders.sync(folder);
      return created;
    } finally {
      // A file that stays here harms nobody, and the next start removes it: the outcome of the put is what the caller needs.
      await unlink(temp).catch(() => undefined);
    }
  }

  async #place(place: Place, temp: string, path: string): Promise<boolean> {
    try {
      return await place(temp, path);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
      this.#folders.forget(dirname(path));
      await this.#folders.make(dirname(path));
      return place(temp, path);
    }
  }

  /** Makes removals durable, and takes away a folder that is left empty. */
  async #tidy(folder: string): Promise<void> {
    try {
      await this.#folders.sync(folder);
      await rmdir(folder);
      this.#folders.forget(folder);
    } catch (error) {
      // Mostly other objects are left in it, or it never was.
      if (!['ENOTEMPTY', 'EEXIST', 'ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) throw diskError(`remove folder ${folder}`, error);
    }
  }

  #path(operation: string, key: string): string {
    const names = key.split('/');
    const fits = key.length <= MAX_KEY_BYTES && names.every((name) => name.length <= MAX_NAME_BYTES);
    if (!fits || !/^[A-Za-z0-9._=/-]+$/.test(key) || names.some((name) => ['', '.', '..'].includes(name))) {
      throw new PermanentError(
        `${operation} ${JSON.stringify(key.slice(0, MAX_KEY_BYTES))}: found a key that names no object, allowed are relative paths of [A-Za-z0-9._=/-] up to ${MAX_KEY_BYTES} bytes, without "." and ".."`,
      );
    }
    return join(this.#root, ...names);
  }
}

const isRange = (range: ByteRange): boolean =>
  Number.isSafeInteger(range.offset) && range.offset >= 0 && Number.isSafeInteger(range.length) && range.length >= 0;

/** Puts the temporary file at its path; false when something was there and stays. */
type Place = (from: string, to: string) => Promise<boolean>;

/** For the few objects that are not immutable: a reader that has the old file open reads on in it. */
const replaceFile: Place = async (from, to) => {
  await rename(from, to);
  return true;
};

const unlinkIfThere = async (path: string): Promise<void> => {
  try {
    await unlink(path);
  } catch (error) {
    // ENOTDIR: a part of the key is an object. EISDIR: the key is the beginning of others.
    if (!['ENOENT', 'ENOTDIR', 'EISDIR'].includes(errnoOf(error) ?? '')) throw error;
  }
};

/** link(2), unlike rename(2), never replaces what is there. */
const linkIfAbsent = async (from: string, to: string): Promise<boolean> => {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
};

const writeDurably = async (path: string, bytes: Uint8Array): Promise<void> => {
  const handle = await open(path, 'wx');
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
};

const readPart = async (path: string, range: ByteRange | undefined): Promise<Uint8Array> => {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    const offset = Math.min(range?.offset ?? 0, size);
    return await readFully(handle, offset, Math.min(range?.length ?? size, size - offset));
  } finally {
    await handle.close();
  }
};

const readFully = async (handle: FileHandle, offset: number, length: number): Promise<Uint8Array> => {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, offset + filled);
    if (bytesRead === 0) break; // objects are never cut short, so only a damaged disk comes here
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
};
