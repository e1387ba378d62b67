import { parentPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { messageOf } from '../errors.ts';
import { ItemFile } from './item-file.ts';
import type { AnswerMessage, ItemAnswer, ItemWorkerSettings, ReadRequest, RequestMessage, TransactRequest, WorkerMessage } from './item-requests.ts';

/**
 * Primary result codes of sqlite that end when a person or another process gives way: PERM, BUSY, LOCKED, NOMEM, READONLY,
 * IOERR, FULL, CANTOPEN (sqlite.org/rescode.html). Extended codes carry them in their low byte.
 */
const UNAVAILABLE_CODES = new Set([3, 5, 6, 7, 8, 10, 13, 14]);

/** The thread that owns a sqlite file of items: requests that come while one commit runs make up the next. */
const serve = (port: MessagePort, file: ItemFile): void => {
  let queue: RequestMessage[] = [];
  const drain = (): void => {
    const batch = queue;
    queue = [];
    // All of them overlap in time, so that reads may see every write of the batch: they run after its commit.
    const answers = [...transactAll(file, batch), ...readAll(file, batch)];
    port.postMessage({ answers } satisfies WorkerMessage);
    const close = batch.find((message) => message.request.kind === 'close');
    if (close === undefined) return;
    file.close();
    port.postMessage({ answers: [{ id: close.id, answer: { closed: true } }] } satisfies WorkerMessage);
    port.close();
  };
  port.on('message', (message: RequestMessage) => {
    // Messages that have arrived by now are all handed over before the immediate runs.
    if (queue.push(message) === 1) setImmediate(drain);
  });
};

const transactAll = (file: ItemFile, batch: readonly RequestMessage[]): AnswerMessage[] => {
  const transacts = batch.filter((message): message is RequestMessage & { request: TransactRequest } => message.request.kind === 'transact');
  const last = transacts.at(-1);
  if (last === undefined) return [];
  try {
    const outcomes = file.commit(transacts.map((message) => message.request), last.nowMs);
    return transacts.map(({ id }, i) => ({ id, answer: { outcome: outcomes[i] as (typeof outcomes)[number] } }));
  } catch (error) {
    const answer = refusal('write items', error);
    return transacts.map(({ id }) => ({ id, answer }));
  }
};

const readAll = (file: ItemFile, batch: readonly RequestMessage[]): AnswerMessage[] =>
  batch.flatMap(({ id, request }) => (request.kind === 'get' || request.kind === 'query' ? [{ id, answer: read(file, request) }] : []));

const read = (file: ItemFile, request: ReadRequest): ItemAnswer => {
  try {
    return { items: request.kind === 'get' ? file.get(request.table, request.key) : file.query(request.table, request.pk, request.range) };
  } catch (error) {
    return refusal('read items', error);
  }
};

const refusal = (operation: string, error: unknown): ItemAnswer => {
  const code = error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : undefined;
  const codeText = code === undefined ? '' : ` (sqlite result code ${code})`;
  return { error: `${operation}: ${messageOf(error)}${codeText}`, unavailable: code !== undefined && UNAVAILABLE_CODES.has(code & 0xff) };
};

const open = (port: MessagePort, { file, tables }: ItemWorkerSettings): void => {
  try {
    serve(port, new ItemFile(file, tables));
    port.postMessage({ opened: true } satisfies WorkerMessage);
  } catch (error) {
    port.postMessage({ openError: messageOf(error) } satisfies WorkerMessage);
    port.close();
  }
};

if (parentPort !== null) open(parentPort, workerData as ItemWorkerSettings);
