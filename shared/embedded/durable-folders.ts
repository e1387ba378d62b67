import { mkdir, open } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';

/** Makes folders below a root, and their entries durable. One fsync serves every caller that waits for the same folder. */
export class DurableFolders {
  readonly #root: string;
  readonly #made = new Map<string, Promise<void>>();
  readonly #syncing = new Map<string, Promise<void>>();
  readonly #next = new Map<string, Promise<void>>();

  constructor(root: string) {
    this.#root = root;
  }

  /**
   * Makes the folder and its parents, and fsyncs every parent up to the root. A folder that was there already is no proof
   * that its entry is durable: the process that made it may have died before its fsync. So each is synced once per process.
   */
  async make(folder: string): Promise<void> {
    let making = this.#made.get(folder);
    if (making === undefined) {
      making = this.#make(folder);
      this.#made.set(folder, making);
    }
    try {
      await making;
    } catch (error) {
      this.forget(folder);
      throw error;
    }
  }

  /** The folder was removed by another: the next `make` makes it again. */
  forget(folder: string): void {
    this.#made.delete(folder);
  }

  /** Resolves once an fsync that began after this call has ended. */
  sync(folder: string): Promise<void> {
    const syncing = this.#syncing.get(folder);
    if (syncing === undefined) return this.#start(folder);
    let next = this.#next.get(folder);
    if (next === undefined) {
      const begin = (): Promise<void> => {
        this.#next.delete(folder);
        return this.#start(folder);
      };
      next = syncing.then(begin, begin);
      this.#next.set(folder, next);
    }
    return next;
  }

  async #make(folder: string): Promise<void> {
    await mkdir(folder, { recursive: true });
    const names = relative(this.#root, folder).split(sep).filter((name) => name !== '');
    for (let depth = names.length - 1; depth >= 0; depth--) await this.sync(join(this.#root, ...names.slice(0, depth)));
  }

  #start(folder: string): Promise<void> {
    const syncing = fsyncFolder(folder).finally(() => this.#syncing.delete(folder));
    this.#syncing.set(folder, syncing);
    return syncing;
  }
}

/** Makes the entries of a folder durable. */
export const fsyncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

/** Makes a folder with its missing parents, and their entries durable up to the first one that was there before. */
export const makeDurableFolder = async (folder: string): Promise<void> => {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined) return;
  for (let each = folder; each !== dirname(first); each = dirname(each)) await fsyncFolder(dirname(each));
};
