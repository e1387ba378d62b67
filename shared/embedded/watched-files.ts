import { glob, readFile, readdir, stat } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import { messageOf } from '../errors.ts';

/** A file with its text, or with the reason why it cannot be read. */
export type WatchedFile = {
  /** Its name without the folder. */
  readonly file: string;
  readonly path: string;
} & ({ readonly text: string } | { readonly problem: string });

/** Files that people edit while we run: read again only when one has changed. */
export interface WatchedFiles {
  /**
   * Every file now, by name; undefined when nothing has changed since the last call, and every file was read. A path that is
   * not there is no files.
   */
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

/** The files that match any of some patterns (`*`, `?`, `[...]`), which start at `folder` unless they are absolute. */
export const watchPatterns = (patterns: readonly string[], folder: string): WatchedFiles =>
  watch(async () => {
    const found = new Set<string>();
    if (patterns.length > 0) for await (const path of glob([...patterns], { cwd: folder })) found.add(resolve(folder, path));
    return [...found].toSorted();
  });

const watch = (list: () => Promise<readonly string[]>): WatchedFiles => {
  let seen: string | undefined;
  return {
    changed: async () => {
      const paths = await list();
      const stamps = await Promise.all(paths.map(stampOf));
      const now = JSON.stringify(paths.map((path, i) => [path, stamps[i]]));
      if (now === seen) return undefined;
      const files = (await Promise.all(paths.map(read))).filter((each) => each !== undefined);
      // What hinders reading may go without a trace on the file.
      seen = files.some((each) => 'problem' in each) ? undefined : now;
      return files;
    },
  };
};

/** An editor that writes in place changes the time, one that renames changes the inode; a file that is not there has none. */
const stampOf = async (path: string): Promise<string | undefined> => {
  const found = await stat(path).catch(() => undefined);
  return found === undefined ? undefined : `${found.ino} ${found.size} ${found.mtimeMs} ${found.ctimeMs}`;
};

/** Undefined when the file is not there. */
const read = async (path: string): Promise<WatchedFile | undefined> => {
  const file = basename(path);
  try {
    return { file, path, text: await readFile(path, 'utf8') };
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : { file, path, problem: messageOf(error) };
  }
};

const emptyIfMissing = (error: NodeJS.ErrnoException): string[] => {
  if (error.code === 'ENOENT') return [];
  throw error;
};
