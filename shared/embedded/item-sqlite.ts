import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { checkKey, checkQuery, checkWrites } from '../catalog/item-limits.ts';
import type { Attribute, Item, ItemKey, ItemTable, ItemWrite, SortRange, TransactOutcome } from '../catalog/item-table.ts';
import { UnavailableError } from '../errors.ts';
import type { AnswerMessage, ItemAnswer, ItemRequest, ItemWorkerSettings, JoinMessage, RequestMessage, StoredItem, StoredWrite, WorkerMessage } from './item-requests.ts';

/** What a sender is told to wait: a person has to make room first. */
const RETRY_AFTER_S = 30;

export interface ItemTables {
  /** One of the tables that the file was opened with; throws for another. */
  table(name: string): ItemTable;
  /**
   * A way to the same tables for another thread, to be transferred to it and opened there with {@link joinItemTables}. Whatever
   * thread asks, one writes: conditions hold over all of them, and what they write at the same time shares one commit.
   */
  share(): MessagePort;
  /** Ends what is under way, then the thread. Calls that come later reject. */
  close(): Promise<void>;
}

export interface ItemTablesOptions {
  /** Decides when expired items go. Default: the wall clock. */
  readonly nowMs?: () => number;
}

/**
 * Tables of items in one sqlite file (`:memory:` for one that vanishes), in a thread of its own. Writes that wait at the
 * same time share one commit. They are durable once they resolve; a full disk rejects with {@link UnavailableError}, and
 * what DynamoDB would refuse with {@link PermanentError}. An idle table does not keep the process alive.
 */
export const openItemTables = async (file: string, tables: readonly string[], options: ItemTablesOptions = {}): Promise<ItemTables> => {
  const thread = await ItemThread.start({ file, tables }, options.nowMs ?? Date.now);
  const byName = new Map(tables.map((name) => [name, new SqliteItemTable(thread.asker, name)]));
  return {
    table: (name) => {
      const table = byName.get(name);
      if (table === undefined) throw new Error(`open table ${name}: found no such table in ${file}, allowed are ${tables.join(', ')}`);
      return table;
    },
    share: () => thread.share(),
    close: () => thread.close(),
  };
};

/** The tables at the other end of {@link ItemTables.share}. A table that the file was not opened with fails when it is asked. */
export interface JoinedTables {
  table(name: string): ItemTable;
  /** Lets the tables go; what is under way rejects. */
  leave(): void;
}

export const joinItemTables = (port: MessagePort, options: ItemTablesOptions = {}): JoinedTables => {
  const asker = new Asker(port, options.nowMs ?? Date.now);
  port.on('close', () => asker.end(new UnavailableError('item thread: it is closed, no items can be read or written', RETRY_AFTER_S)));
  return { table: (name) => new SqliteItemTable(asker, name), leave: () => port.close() };
};

class SqliteItemTable implements ItemTable {
  readonly #asker: Asker;
  readonly #table: string;

  constructor(asker: Asker, table: string) {
    this.#asker = asker;
    this.#table = table;
  }

  async get(key: ItemKey): Promise<Item | undefined> {
    checkKey(key);
    const [item] = await this.#read({ kind: 'get', table: this.#table, key: { pk: key.pk, sk: key.sk } });
    return item;
  }

  async query(pk: string, range: SortRange = {}): Promise<readonly Item[]> {
    checkQuery(pk, range);
    return this.#read({ kind: 'query', table: this.#table, pk, range });
  }

  async transact(writes: readonly ItemWrite[]): Promise<TransactOutcome> {
    checkWrites(writes);
    const answer = await this.#asker.ask({ kind: 'transact', table: this.#table, writes: writes.map(storedWrite) });
    if (!('outcome' in answer)) throw unexpected(answer);
    return answer.outcome;
  }

  async #read(request: ItemRequest): Promise<readonly Item[]> {
    const answer = await this.#asker.ask(request);
    if (!('items' in answer)) throw unexpected(answer);
    return answer.items.map(itemFrom);
  }
}

/** One end of a port to the thread: requests that wait for their answers. */
class Asker {
  readonly #port: Worker | MessagePort;
  readonly #nowMs: () => number;
  readonly #waiting = new Map<number, { resolve(answer: ItemAnswer): void; reject(error: Error): void }>();
  #nextId = 0;
  #ended: Error | undefined;

  constructor(port: Worker | MessagePort, nowMs: () => number) {
    this.#port = port;
    this.#nowMs = nowMs;
    port.on('message', (message: WorkerMessage) => {
      if ('answers' in message) this.#take(message.answers);
    });
    port.unref();
  }

  get hasEnded(): boolean {
    return this.#ended !== undefined;
  }

  /** Rejects when the item file refused, or when the thread has ended. */
  async ask(request: ItemRequest): Promise<ItemAnswer> {
    if (this.#ended !== undefined) throw this.#ended;
    const id = this.#nextId++;
    const answer = await new Promise<ItemAnswer>((resolve, reject) => {
      if (this.#waiting.size === 0) this.#port.ref();
      this.#waiting.set(id, { resolve, reject });
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window: it has no origin.
      this.#port.postMessage({ id, nowMs: this.#nowMs(), request } satisfies RequestMessage);
    });
    if (!('error' in answer)) return answer;
    throw answer.unavailable ? new UnavailableError(answer.error, RETRY_AFTER_S) : new Error(answer.error);
  }

  /** Takes no more requests; those that wait may still be answered. */
  refuse(error: Error): void {
    this.#ended ??= error;
  }

  /** There will be no more answers. */
  end(error: Error): void {
    this.refuse(error);
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  #take(answers: readonly AnswerMessage[]): void {
    for (const { id, answer } of answers) {
      this.#waiting.get(id)?.resolve(answer);
      this.#waiting.delete(id);
    }
    if (this.#waiting.size === 0) this.#port.unref();
  }
}

/** The worker, and the owner's end of it. */
class ItemThread {
  readonly asker: Asker;
  readonly #worker: Worker;

  static async start(settings: ItemWorkerSettings, nowMs: () => number): Promise<ItemThread> {
    // No flags of the process: some, such as --input-type, do not suit a thread that starts from a file.
    const worker = new Worker(new URL('item-sqlite-worker.ts', import.meta.url), { workerData: settings, name: 'items', execArgv: [] });
    const message = await new Promise<WorkerMessage>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    if ('openError' in message) throw new Error(`open items ${settings.file}: ${message.openError}`);
    return new ItemThread(worker, nowMs);
  }

  private constructor(worker: Worker, nowMs: () => number) {
    this.#worker = worker;
    this.asker = new Asker(worker, nowMs);
    worker.on('error', (error) => this.asker.end(new UnavailableError(`item thread: ${error.message}`, RETRY_AFTER_S, { cause: error })));
    worker.on('exit', () => this.asker.end(new UnavailableError('item thread: it has ended, no items can be read or written', RETRY_AFTER_S)));
  }

  share(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    this.#worker.postMessage({ join: port2 } satisfies JoinMessage, [port2]);
    return port1;
  }

  async close(): Promise<void> {
    if (this.asker.hasEnded) return;
    const exited = new Promise<void>((resolve) => this.#worker.once('exit', () => resolve()));
    const closing = this.asker.ask({ kind: 'close' });
    this.asker.refuse(new UnavailableError('item thread: it is closed, no items can be read or written', RETRY_AFTER_S));
    await closing;
    this.#worker.ref(); // the answer to the last request has let it go, but the thread has yet to end
    await exited;
  }
}

const storedWrite = (write: ItemWrite): StoredWrite => {
  const when = write.when === undefined ? {} : { when: write.when };
  if ('put' in write) return { put: storedItem(write.put), ...when };
  if ('remove' in write) return { remove: { pk: write.remove.pk, sk: write.remove.sk }, ...when };
  return { check: { pk: write.check.pk, sk: write.check.sk }, when: write.when };
};

const storedItem = (item: Item): StoredItem => ({
  pk: item.pk,
  sk: item.sk,
  attributes: JSON.stringify(item.attributes),
  expiresAtS: item.expiresAtS ?? null,
});

const itemFrom = ({ pk, sk, attributes, expiresAtS }: StoredItem): Item => ({
  pk,
  sk,
  attributes: JSON.parse(attributes) as Readonly<Record<string, Attribute>>,
  ...(expiresAtS === null ? {} : { expiresAtS }),
});

const unexpected = (answer: ItemAnswer): Error => new Error(`item thread: found an answer of another kind, ${Object.keys(answer).join(', ')}`);
