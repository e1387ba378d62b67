import type { ObjectListing } from '../storage/object-store.ts';
import { CLASS_NAME } from './class-prefix.ts';

const FOLDER = 'classes/';

/** The classes of which anything lies in the bucket, by name: a LIST for each, however many objects it has. */
export const listedClasses = async (objects: ObjectListing): Promise<readonly string[]> => {
  const names: string[] = [];
  for (let after: string | undefined; ; ) {
    const [first] = await objects.list(FOLDER, after);
    if (first === undefined) return names;
    const [name = '', ...below] = first.key.slice(FOLDER.length).split('/');
    if (below.length > 0 && CLASS_NAME.test(name)) names.push(name);
    // All of a folder lies before its name with a '0', the character behind the slash.
    after = below.length > 0 ? `${FOLDER}${name}0` : first.key;
  }
};
