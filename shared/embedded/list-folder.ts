import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type ListedObject, MAX_LISTED } from '../storage/object-store.ts';
import { errnoOf } from './disk-error.ts';

/** Keys are of these characters; other names are none of ours, the folder of half written files among them. */
const NAME = /^[A-Za-z0-9._=-]+$/;

/** The files below `root` as objects, in the order of their keys: the first after `after` that begin with `prefix`. */
export const listFolder = async (root: string, prefix: string, after = ''): Promise<readonly ListedObject[]> => {
  const found: ListedObject[] = [];
  await walk({ root, prefix, after, found }, '');
  return found;
};

interface Walk {
  readonly root: string;
  readonly prefix: string;
  readonly after: string;
  readonly found: ListedObject[];
}

/** `folder` is empty or ends in a slash. */
const walk = async (listing: Walk, folder: string): Promise<void> => {
  const { root, prefix, after, found } = listing;
  // A folder's slash has its part in the order: "a-b" comes before what is in "a".
  const names = (await entriesOf(join(root, folder))).map((entry) => `${folder}${entry.name}${entry.isDirectory() ? '/' : ''}`).sort();
  for (const name of names) {
    if (found.length === MAX_LISTED) return;
    if (name.endsWith('/')) {
      const mayHold = (name.startsWith(prefix) || prefix.startsWith(name)) && (name > after || after.startsWith(name));
      if (mayHold) await walk(listing, name);
    } else if (name.startsWith(prefix) && name > after) {
      const bytes = await sizeOf(join(root, name));
      if (bytes !== undefined) found.push({ key: name, bytes });
    }
  }
};

const entriesOf = async (path: string) => {
  try {
    return (await readdir(path, { withFileTypes: true })).filter((entry) => NAME.test(entry.name) && (entry.isFile() || entry.isDirectory()));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
};

/** Undefined when the file has gone meanwhile. */
const sizeOf = async (path: string): Promise<number | undefined> => {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
};
