import { constants } from 'node:fs';
import { type FileHandle, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from './disk-error.ts';
import { fsyncFolder, makeDurableFolder } from './durable-folders.ts';

/** One open file of the stream's folder. */
export interface StreamFile {
  /** All of `bytes`, at that place. */
  write(bytes: Uint8Array, atBytes: number): Promise<void>;
  /** Cut short at the file's end. */
  read(atBytes: number, lengthBytes: number): Promise<Uint8Array>;
  truncate(lengthBytes: number): Promise<void>;
  /** What has been written is durable once this resolves. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** The flat folder that holds a stream: the seam at which tests fill the disk or pull the plug. */
export interface StreamFiles {
  names(): Promise<readonly string[]>;
  sizeBytes(name: string): Promise<number>;
  /** Creates the file when it is absent; its name is durable once this resolves. */
  open(name: string): Promise<StreamFile>;
  /** The whole file; undefined when there is none. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** Puts these bytes in the place of the file's, all or nothing; `durable` decides whether that outlives a power cut. */
  replace(name: string, bytes: Uint8Array, durable: boolean): Promise<void>;
  remove(name: string): Promise<void>;
}

/** Opens, or makes, the folder at `path`. */
export const openFolder = async (path: string): Promise<StreamFiles> => {
  await makeDurableFolder(path);
  return {
    names: () => readdir(path),
    sizeBytes: async (name) => (await stat(join(path, name))).size,
    open: async (name) => {
      const handle = await open(join(path, name), constants.O_RDWR | constants.O_CREAT);
      try {
        await fsyncFolder(path);
      } catch (error) {
        await handle.close();
        throw error;
      }
      return fileOf(handle);
    },
    read: (name) => readIfThere(join(path, name)),
    replace: (name, bytes, durable) => replaceFile(path, name, bytes, durable),
    remove: async (name) => {
      await rm(join(path, name), { force: true });
      await fsyncFolder(path);
    },
  };
};

const fileOf = (handle: FileHandle): StreamFile => ({
  write: async (bytes, atBytes) => {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, atBytes + done);
      done += bytesWritten;
    }
  },
  read: async (atBytes, lengthBytes) => {
    const bytes = new Uint8Array(lengthBytes);
    let done = 0;
    while (done < lengthBytes) {
      const { bytesRead } = await handle.read(bytes, done, lengthBytes - done, atBytes + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return bytes.subarray(0, done);
  },
  truncate: (lengthBytes) => handle.truncate(lengthBytes),
  sync: () => handle.datasync(),
  close: () => handle.close(),
});

const readIfThere = async (path: string): Promise<Uint8Array | undefined> => {
  try {
    return await readFile(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
};

const replaceFile = async (path: string, name: string, bytes: Uint8Array, durable: boolean): Promise<void> => {
  const draft = join(path, `${name}.draft`);
  const handle = await open(draft, 'w');
  try {
    await handle.writeFile(bytes);
    if (durable) await handle.datasync();
  } finally {
    await handle.close();
  }
  await rename(draft, join(path, name));
  if (durable) await fsyncFolder(path);
};
