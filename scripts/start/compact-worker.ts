import { randomBytes } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { compactLakes } from '../../functions/compact/compact-lakes.ts';
import { joinItemTables } from '../../shared/embedded/item-sqlite.ts';
import { openObjectDirectory } from '../../shared/embedded/object-directory.ts';
import { messageOf, PermanentError, UnavailableError } from '../../shared/errors.ts';
import { answerLakeCalls } from '../admin/lake-calls.ts';
import type { CompactAnswer, CompactMessage, CompactRun, CompactWorkerSettings, ThreadError } from './compact-messages.ts';
import { lakeOf } from './lake.ts';

/** The main thread has files of its own half written in the folder that it would otherwise be. */
const TEMP_FOLDER = '~tmp-compact';

/** The thread that merges: decoding and packing millions of rows takes seconds, in which nothing else of its thread runs. */
const serve = async (port: MessagePort, { objectsFolder, retention, classes, items }: CompactWorkerSettings): Promise<void> => {
  const tables = joinItemTables(items);
  // Rejects: then the thread ends, and the next run has another one.
  const objects = await openObjectDirectory(objectsFolder, TEMP_FOLDER);
  const ports = { objects, catalog: tables.table('catalog') };
  let hasTime = true;
  const lake = lakeOf(objectsFolder, retention);
  const answerCall = answerLakeCalls({ ...ports, ...lake, classes, nextAttempt: () => randomBytes(6).toString('hex') });
  const compact = async (run: CompactRun): Promise<CompactAnswer> => ({ report: await compactLakes(ports, { ...lake, alerts: tables.table('alerts'), classes, ...run, hasTime: () => hasTime }) });
  const answer = (answered: Promise<CompactAnswer>): void =>
    void answered.catch(threadErrorOf).then((message) => port.postMessage(message));
  port.on('message', (message: CompactMessage) => {
    if (message.kind === 'stop') hasTime = false;
    else if (message.kind === 'close') {
      tables.leave();
      port.close();
    } else if (message.kind === 'call') answer(answerCall(message.call).then((answered) => ({ answered })));
    else answer(compact(message.run));
  });
};

const threadErrorOf = (error: unknown): ThreadError => ({
  error: messageOf(error),
  isPermanent: error instanceof PermanentError,
  ...(error instanceof UnavailableError ? { retryAfterS: error.retryAfterS } : {}),
});

if (parentPort !== null) await serve(parentPort, workerData as CompactWorkerSettings);
