/** A span of an object's bytes. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/** Immutable objects by key: S3, or a directory. Keys are relative paths of `[A-Za-z0-9._=/-]`. */
export interface ObjectStore {
  /**
   * Creates the object and resolves once it is durable: true when this call made it, false when the key was there before
   * (whose bytes stay). Any other outcome rejects, and the effect is then unknown: the caller may call again.
   */
  putIfAbsent(key: string, bytes: Uint8Array): Promise<boolean>;
  /** The whole object, or a part of it; a part past the end is cut short. Rejects with {@link MissingObjectError}. */
  get(key: string, range?: ByteRange): Promise<Uint8Array>;
}

/** What clears up behind compaction, and swaps the SQL lists. Nobody else removes objects, or overwrites one. */
export interface ObjectSweep {
  /** Resolves once none of the keys has an object. Keys that had none are fine; rejecting leaves some of them. */
  remove(keys: readonly string[]): Promise<void>;
  /** Puts the object whether or not one is there, durable once it resolves. A reader sees the old bytes or the new, never a mixture. */
  replace(key: string, bytes: Uint8Array): Promise<void>;
}

/** What a listing says of an object. */
export interface ListedObject {
  readonly key: string;
  readonly bytes: number;
}

/** For the tools of an installation's keeper. The product itself finds every object through the catalog: nobody lists the bucket. */
export interface ObjectListing {
  /**
   * The objects whose keys begin with `prefix`, ascending in byte order, at most 1,000: the first ones whose keys come after `after`.
   * An empty answer is the end. What is put or removed meanwhile may be in it or not.
   */
  list(prefix: string, after?: string): Promise<readonly ListedObject[]>;
}

/** ListObjectsV2 gives no more at once (S3 API reference). */
export const MAX_LISTED = 1000;

/** All objects below a prefix, in order. */
export async function* listAll(objects: ObjectListing, prefix: string): AsyncGenerator<ListedObject> {
  for (let after: string | undefined; ; ) {
    const page = await objects.list(prefix, after);
    yield* page;
    after = page.at(-1)?.key;
    if (after === undefined) return;
  }
}

export class MissingObjectError extends Error {
  override readonly name = 'MissingObjectError';
  readonly key: string;

  constructor(key: string) {
    super(`get ${key}: found no object under this key`);
    this.key = key;
  }
}
