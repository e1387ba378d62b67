import { mapBounded } from '../storage/map-bounded.ts';
import { MissingObjectError, type ObjectStore } from '../storage/object-store.ts';

export type Objects = Pick<ObjectStore, 'get'>;

/** What the catalog or a manifest says of an object. */
export interface NamedObject {
  readonly key: string;
  readonly bytes: number;
}

export interface ObjectStates {
  readonly missing: readonly string[];
  /** Objects of another length than they are said to have. */
  readonly otherLength: readonly string[];
}

const PARALLEL_GETS = 16;

/** Looks at each object's last byte and the one behind it: two bytes tell its length, however long it is. */
export const objectStates = async (objects: Objects, named: readonly NamedObject[]): Promise<ObjectStates> => {
  const states = await mapBounded(named, PARALLEL_GETS, (each) => stateOf(objects, each));
  const keysOf = (state: State): string[] => named.filter((_, i) => states[i] === state).map(({ key }) => key);
  return { missing: keysOf('missing'), otherLength: keysOf('other length') };
};

type State = 'right' | 'missing' | 'other length';

const stateOf = async (objects: Objects, { key, bytes }: NamedObject): Promise<State> => {
  const isLength = Number.isSafeInteger(bytes) && bytes > 0;
  try {
    const tail = await objects.get(key, { offset: isLength ? bytes - 1 : 0, length: 2 });
    return isLength && tail.length === 1 ? 'right' : 'other length';
  } catch (error) {
    if (error instanceof MissingObjectError) return 'missing';
    throw error;
  }
};

export const isThere = async (objects: Objects, key: string): Promise<boolean> => {
  try {
    await objects.get(key, { offset: 0, length: 1 });
    return true;
  } catch (error) {
    if (error instanceof MissingObjectError) return false;
    throw error;
  }
};
