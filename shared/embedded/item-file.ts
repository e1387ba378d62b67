import { DatabaseSync } from 'node:sqlite';
import type { StatementSync } from 'node:sqlite';
import { keyOf } from '../catalog/item-limits.ts';
import type { Attribute, Condition, ItemKey, SortRange, TransactOutcome } from '../catalog/item-table.ts';
import { compareUtf8 } from '../model/utf8.ts';
import type { StoredItem, StoredWrite, TransactRequest } from './item-requests.ts';

/** Expired items are looked for this often, and so many are removed at a time that a commit stays short. */
const PURGE_INTERVAL_MS = 60_000;
const PURGE_ROWS = 500;
/** The write-ahead log is cut back to this after a burst; sqlite's own default never shrinks it. */
const WAL_BYTES = 64 * 1024 * 1024;

/** The tables of items in one sqlite file. Every call blocks, with its fsyncs: it lives in a worker thread (item-sqlite-worker.ts). */
export class ItemFile {
  readonly #db: DatabaseSync;
  readonly #tables: ReadonlyMap<string, TableStatements>;
  #purgedMs = Number.NEGATIVE_INFINITY;

  constructor(file: string, tables: readonly string[]) {
    this.#db = new DatabaseSync(file);
    // FULL: a commit in WAL mode comes back only after its fsync.
    this.#db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = ${WAL_BYTES}`);
    this.#tables = new Map(tables.map((table) => [table, prepareTable(this.#db, table)]));
  }

  /**
   * Runs all transacts in one sqlite transaction, so that they share its fsync. Each sees what those before it wrote. A
   * transact checks every condition before its first write, so one whose condition fails leaves nothing to undo, and
   * needs no savepoint. Throws when the commit as a whole did not go through: then none of them has happened.
   */
  commit(requests: readonly TransactRequest[], nowMs: number): readonly TransactOutcome[] {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      this.#purge(nowMs);
      const outcomes = requests.map((request) => transact(this.#table(request.table), request.writes));
      this.#db.exec('COMMIT');
      return outcomes;
    } catch (error) {
      // On a full disk sqlite has rolled back by itself, and there is no transaction any more.
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  get(table: string, key: ItemKey): readonly StoredItem[] {
    const row = readRow(this.#table(table), key);
    return row === undefined ? [] : [row];
  }

  /** Ascending by the bytes of the sort key: sqlite's BINARY collation over UTF-8 text. */
  query(table: string, pk: string, range: SortRange): readonly StoredItem[] {
    const { queryFrom, queryBetween } = this.#table(table);
    const limit = range.limit ?? -1;
    const from = range.from ?? '';
    const rows = range.to === undefined ? queryFrom.all(pk, from, limit) : queryBetween.all(pk, from, range.to, limit);
    return rows as unknown as StoredItem[];
  }

  close(): void {
    this.#db.close();
  }

  #table(name: string): TableStatements {
    const table = this.#tables.get(name);
    if (table === undefined) throw new Error(`open table ${name}: found no such table, allowed are ${[...this.#tables.keys()].join(', ')}`);
    return table;
  }

  #purge(nowMs: number): void {
    if (nowMs < this.#purgedMs + PURGE_INTERVAL_MS) return;
    let removed = 0;
    for (const { purge } of this.#tables.values()) removed = Math.max(removed, Number(purge.run(Math.floor(nowMs / 1000), PURGE_ROWS).changes));
    // After a full round there may be more: then the next commit goes on.
    if (removed < PURGE_ROWS) this.#purgedMs = nowMs;
  }
}

interface TableStatements {
  readonly get: StatementSync;
  readonly put: StatementSync;
  readonly remove: StatementSync;
  readonly queryFrom: StatementSync;
  readonly queryBetween: StatementSync;
  readonly purge: StatementSync;
}

const prepareTable = (db: DatabaseSync, name: string): TableStatements => {
  // The name goes into the text of statements.
  if (!/^[a-z_]{1,40}$/.test(name)) throw new Error(`create table ${JSON.stringify(name)}: found a name that is not 1 to 40 of [a-z_]`);
  db.exec(`
    CREATE TABLE IF NOT EXISTS "${name}" (
      pk TEXT NOT NULL, sk TEXT NOT NULL, attributes TEXT NOT NULL, expires_at_s INTEGER, PRIMARY KEY (pk, sk)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS "${name}_expiry" ON "${name}" (expires_at_s) WHERE expires_at_s IS NOT NULL;`);
  const select = `SELECT pk, sk, attributes, expires_at_s AS expiresAtS FROM "${name}" WHERE pk = ?`;
  return {
    get: db.prepare(`${select} AND sk = ?`),
    put: db.prepare(`INSERT OR REPLACE INTO "${name}" VALUES (?, ?, ?, ?)`),
    remove: db.prepare(`DELETE FROM "${name}" WHERE pk = ? AND sk = ?`),
    queryFrom: db.prepare(`${select} AND sk >= ? ORDER BY sk LIMIT ?`),
    queryBetween: db.prepare(`${select} AND sk BETWEEN ? AND ? ORDER BY sk LIMIT ?`),
    purge: db.prepare(`DELETE FROM "${name}" WHERE (pk, sk) IN (SELECT pk, sk FROM "${name}" WHERE expires_at_s < ? LIMIT ?)`),
  };
};

const transact = (table: TableStatements, writes: readonly StoredWrite[]): TransactOutcome => {
  const failed = writes.flatMap((write, i) => (write.when === undefined || holds(write.when, readRow(table, keyOf(write))) ? [] : [i]));
  if (failed.length > 0) return { done: false, failed };
  for (const write of writes) {
    if ('put' in write) table.put.run(write.put.pk, write.put.sk, write.put.attributes, write.put.expiresAtS);
    else if ('remove' in write) table.remove.run(write.remove.pk, write.remove.sk);
  }
  return { done: true };
};

const readRow = (table: TableStatements, { pk, sk }: ItemKey): StoredItem | undefined => table.get.get(pk, sk) as unknown as StoredItem | undefined;

/** A comparison with an attribute that is missing, or of another type, does not hold (DynamoDB). */
const holds = (condition: Condition, row: StoredItem | undefined): boolean => {
  if ('any' in condition) return condition.any.some((each) => holds(each, row));
  if (condition.is === 'absent') return row === undefined;
  if (row === undefined) return false;
  if (condition.is === 'present') return true;
  const attributes = JSON.parse(row.attributes) as Readonly<Record<string, Attribute>>;
  const stored = Object.hasOwn(attributes, condition.attribute) ? attributes[condition.attribute] : undefined;
  return condition.is === 'equal' ? stored === condition.value : isLess(stored, condition.value);
};

const isLess = (stored: Attribute | undefined, value: string | number): boolean => {
  if (typeof stored === 'string' && typeof value === 'string') return compareUtf8(stored, value) < 0;
  return typeof stored === 'number' && typeof value === 'number' && stored < value;
};
