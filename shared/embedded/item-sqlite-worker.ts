import { parentPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { messageOf } from '../errors.ts';
import { ItemFile } from './item-file.ts';
import type { ItemAnswer, ItemWorkerSettings, JoinMessage, ReadRequest, RequestMessage, TransactRequest, WorkerMessage } from './item-requests.ts';

/**
 * Primary result codes of sqlite that end when a person or another process gives way: PERM, BUSY, LOCKED, NOMEM, READONLY,
 * IOERR, FULL, CANTOPEN (sqlite.org/rescode.html). Extended codes carry them in their low byte.
 */
const UNAVAILABLE_CODES = new Set([3, 5, 6, 7, 8, 10, 13, 14]);

/** A request and who asked it: numbers of requests are each port's own. */
interface Asked extends RequestMessage {
  readonly from: MessagePort;
}

interface Answered {
  readonly asked: Asked;
  readonly answer: ItemAnswer;
}

/** The thread that owns a sqlite file of items: requests that come while one commit runs, through whatever port, make up the next. */
const serve = (owner: MessagePort, file: ItemFile): void => {
  const ports = new Set<MessagePort>();
  let queue: Asked[] = [];
  const drain = (): void => {
    const batch = queue;
    queue = [];
    // All of them overlap in time, so that reads may see every write of the batch: they run after its commit.
    send([...transactAll(file, batch), ...readAll(file, batch)]);
    const close = batch.find(({ request }) => request.kind === 'close');
    if (close === undefined) return;
    file.close();
    send([{ asked: close, answer: { closed: true } }]);
    for (const port of ports) port.close();
  };
  const listen = (port: MessagePort): void => {
    ports.add(port);
    port.once('close', () => ports.delete(port));
    port.on('message', (message: RequestMessage | JoinMessage) => {
      if ('join' in message) listen(message.join);
      // Messages that have arrived by now are all handed over before the immediate runs.
      else if (queue.push({ ...message, from: port }) === 1) setImmediate(drain);
    });
  };
  listen(owner);
};

const send = (answered: readonly Answered[]): void => {
  for (const [port, given] of Map.groupBy(answered, ({ asked }) => asked.from)) {
    port.postMessage({ answers: given.map(({ asked, answer }) => ({ id: asked.id, answer })) } satisfies WorkerMessage);
  }
};

const transactAll = (file: ItemFile, batch: readonly Asked[]): Answered[] => {
  const transacts = batch.filter((asked): asked is Asked & { request: TransactRequest } => asked.request.kind === 'transact');
  const last = transacts.at(-1);
  if (last === undefined) return [];
  try {
    const outcomes = file.commit(transacts.map(({ request }) => request), last.nowMs);
    return transacts.map((asked, i) => ({ asked, answer: { outcome: outcomes[i] as (typeof outcomes)[number] } }));
  } catch (error) {
    const answer = refusal('write items', error);
    return transacts.map((asked) => ({ asked, answer }));
  }
};

const readAll = (file: ItemFile, batch: readonly Asked[]): Answered[] =>
  batch.flatMap((asked) => {
    const { request } = asked;
    return request.kind === 'get' || request.kind === 'query' ? [{ asked, answer: read(file, request) }] : [];
  });

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
