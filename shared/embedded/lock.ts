import { mkdir, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { messageOf } from '../errors.ts';
import { errnoOf } from './disk-error.ts';

/**
 * Its content is empty: the lock is an exclusive sqlite transaction that stays open. Those are POSIX locks, which vanish
 * with the process however it dies, so a stale lock cannot be. Nothing in this process may open the file otherwise:
 * closing any descriptor of it would let go of the lock.
 */
const LOCK_FILE = 'lock.sqlite';
/** Who holds the lock. A hint for people and commands: after a kill it is stale, and the lock alone tells. */
const HOLDER_FILE = 'holder.json';
/** SQLITE_BUSY (sqlite.org/rescode.html). */
const SQLITE_BUSY = 5;
/** {@link lockHolder} holds a free lock for the moment of its question: a start waits longer than that. */
const ACQUIRE_TIMEOUT_MS = 200;

/** Nothing else may refer to a lock for the rest of the process: a connection that is garbage is closed, and its lock lost. */
const held = new Set<DatabaseSync>();

export interface Holder {
  readonly pid: number;
  /** Where the process listens, once it does. */
  readonly url?: string;
}

export interface Lock {
  /** Tells other processes where this one listens. */
  announce(url: string): Promise<void>;
  /** Lets the folder go; the end of the process does the same. */
  release(): Promise<void>;
}

/** Another process owns the folder. */
export class FolderInUseError extends Error {
  override readonly name = 'FolderInUseError';
  readonly holder: Holder | undefined;

  constructor(folder: string, holder: Holder | undefined) {
    const who = holder === undefined ? 'another process' : `process ${holder.pid}${holder.url === undefined ? '' : ` at ${holder.url}`}`;
    super(`lock ${folder}: found it in use by ${who}, one process at a time is allowed`);
    this.holder = holder;
  }
}

/** The folder cannot be used: it is read-only, belongs to somebody else, or is no folder. */
export class FolderError extends Error {
  override readonly name = 'FolderError';
}

/**
 * Makes the folder when missing, and owns it until `release` or the end of the process, kill -9 included. Rejects with
 * {@link FolderInUseError} or {@link FolderError}, whose messages are one line for the person who started us.
 */
export const acquireLock = async (folder: string): Promise<Lock> => {
  const path = resolve(folder);
  const connection = await lockFile(path);
  held.add(connection);
  const holderFile = join(path, HOLDER_FILE);
  const tell = (holder: Holder): Promise<void> => writeHolder(holderFile, holder);
  try {
    await tell({ pid: process.pid });
  } catch (error) {
    letGo(connection);
    throw folderError(path, error);
  }
  return {
    announce: (url) => tell({ pid: process.pid, url }),
    release: async () => {
      // First the hint: once the lock is free, a successor may have written its own.
      if (held.has(connection)) await unlink(holderFile).catch(() => undefined);
      letGo(connection);
    },
  };
};

const letGo = (connection: DatabaseSync): void => {
  if (held.delete(connection)) connection.close();
};

/** The process that owns the folder; undefined when none does. Touches nothing in a folder that was never locked. */
export const lockHolder = async (folder: string): Promise<Holder | undefined> => {
  const path = resolve(folder);
  const holder = await readHolder(path);
  if (holder === undefined) return undefined;
  try {
    openExclusively(join(path, LOCK_FILE), 0).close();
    return undefined;
  } catch (error) {
    if (isBusy(error)) return holder;
    throw folderError(path, error);
  }
};

const lockFile = async (path: string): Promise<DatabaseSync> => {
  try {
    await makeFolder(path);
    return openExclusively(join(path, LOCK_FILE), ACQUIRE_TIMEOUT_MS);
  } catch (error) {
    if (isBusy(error)) throw new FolderInUseError(path, await readHolder(path));
    throw folderError(path, error);
  }
};

/** On a read-only file system a recursive mkdir says ENOENT (Node 24); a plain one in the parent that is there says why. */
const makeFolder = async (path: string): Promise<void> => {
  await mkdir(path, { recursive: true }).catch(async (error: unknown) => {
    if (errnoOf(error) === 'ENOENT') await mkdir(path);
    throw error;
  });
};

const openExclusively = (file: string, timeoutMs: number): DatabaseSync => {
  const connection = new DatabaseSync(file, { timeout: timeoutMs });
  try {
    connection.exec('BEGIN EXCLUSIVE');
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
};

const isBusy = (error: unknown): boolean =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' && (error.errcode & 0xff) === SQLITE_BUSY;

/** By rename, so that a reader finds the old text or the new one, whole. */
const writeHolder = async (file: string, holder: Holder): Promise<void> => {
  const temp = `${file}.tmp`;
  await writeFile(temp, JSON.stringify(holder));
  await rename(temp, file);
};

const readHolder = async (folder: string): Promise<Holder | undefined> => {
  try {
    const { pid, url } = JSON.parse(await readFile(join(folder, HOLDER_FILE), 'utf8')) as Partial<Record<keyof Holder, unknown>>;
    if (typeof pid !== 'number') return undefined;
    return typeof url === 'string' ? { pid, url } : { pid };
  } catch {
    return undefined; // none, or not ours: the hint is missing, the lock still stands
  }
};

const FOLDER_ERRORS: Readonly<Record<string, string>> = {
  EACCES: 'no permission',
  EPERM: 'no permission',
  EROFS: 'a read-only file system',
  ENOTDIR: 'a path through a file',
  EEXIST: 'a file in its place',
  ENOSPC: 'no space left on the disk',
};

const folderError = (folder: string, error: unknown): FolderError => {
  const found = FOLDER_ERRORS[errnoOf(error) ?? ''] ?? messageOf(error).replaceAll(/\s+/g, ' ');
  return new FolderError(`open folder ${folder}: found ${found}, needed is a folder that this user may write`, { cause: error });
};
