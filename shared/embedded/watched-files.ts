import { readFile, readdir, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';

export interface WatchedFile {
  /** Its name without the folder. */
  readonly file: string;
  readonly path: string;
  readonly text: string;
}

/** Files that people edit while we run: read again only when one has changed. */
export interface WatchedFiles {
  /** Every file now, by name; undefined when nothing has changed since the last call. A path that is not there is no files. */
  changed(): Promise<readonly WatchedFile[] | undefined>;
}

/** The `*.yml` and `*.yaml` files of a folder. */
export const watchFolder = (folder: string): WatchedFiles =>
  watch(async () => {
    const names = await readdir(folder).catch(emptyIfMissing);
    return names.filter((name) => ['.yml', '.yaml'].includes(extname(name))).toSorted().map((name) => join(folder, name));
  });

/** One file. */
export const watchFile = (path: string): WatchedFiles => watch(async () => [path]);

const watch = (list: () => Promise<readonly string[]>): WatchedFiles => {
  let seen: string | undefined;
  return {
    changed: async () => {
      const paths = await list();
      const stamps = await Promise.all(paths.map(stampOf));
      const now = JSON.stringify(paths.map((path, i) => [path, stamps[i]]));
      if (now === seen) return undefined;
      const files = await Promise.all(
        paths.filter((_, i) => stamps[i] !== undefined).map(async (path) => ({ file: basename(path), path, text: await readFile(path, 'utf8') })),
      );
      seen = now;
      return files;
    },
  };
};

/** An editor that writes in place changes the time, one that renames changes the inode. */
const stampOf = async (path: string): Promise<string | undefined> => {
  const found = await stat(path).catch(() => undefined);
  return found === undefined ? undefined : `${found.ino} ${found.size} ${found.mtimeMs}`;
};

const emptyIfMissing = (error: NodeJS.ErrnoException): string[] => {
  if (error.code === 'ENOENT') return [];
  throw error;
};
