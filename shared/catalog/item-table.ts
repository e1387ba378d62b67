export type Attribute = string | number | boolean;

/** One small row of the catalog or of alert state. Nested things travel as JSON in a string attribute. */
export interface Item {
  readonly pk: string;
  readonly sk: string;
  /** At most 400 KB in all (DynamoDB's item limit). Names may not be pk, sk or expiresAtS. */
  readonly attributes: Readonly<Record<string, Attribute>>;
  /** Unix seconds after which the item may vanish; never a timer, since it may stay for days (DynamoDB TTL). */
  readonly expiresAtS?: number;
}

export interface ItemKey {
  readonly pk: string;
  readonly sk: string;
}

/** What must hold of the stored item for a write to go through. `less`: the stored attribute is below `value`. */
export type Condition =
  | { readonly is: 'absent' }
  | { readonly is: 'present' }
  | { readonly is: 'equal' | 'less'; readonly attribute: string; readonly value: string | number }
  | { readonly any: readonly Condition[] };

export type ItemWrite =
  | { readonly put: Item; readonly when?: Condition }
  | { readonly remove: ItemKey; readonly when?: Condition }
  | { readonly check: ItemKey; readonly when: Condition };

/** `failed` are the indices of the writes whose condition did not hold; nothing at all was written then. */
export type TransactOutcome = { readonly done: true } | { readonly done: false; readonly failed: readonly number[] };

/** Bounds of the sort key, both inclusive, in UTF-8 byte order. */
export interface SortRange {
  readonly from?: string;
  readonly to?: string;
  readonly limit?: number;
}

/** Small items under strong consistency: DynamoDB, or sqlite. */
export interface ItemTable {
  get(key: ItemKey): Promise<Item | undefined>;
  /** All items of a partition (in a range of sort keys), ascending by sort key. */
  query(pk: string, range?: SortRange): Promise<readonly Item[]>;
  /** All or nothing, durable once it resolves; at most 100 writes, no item twice (DynamoDB). Rejecting leaves the effect unknown. */
  transact(writes: readonly ItemWrite[]): Promise<TransactOutcome>;
}

/** DynamoDB's limit for TransactWriteItems. */
export const MAX_TRANSACT_WRITES = 100;
