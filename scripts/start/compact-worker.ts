import { parentPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { compactMinute } from '../../functions/compact/compact.ts';
import { joinItemTables } from '../../shared/embedded/item-sqlite.ts';
import { openObjectDirectory } from '../../shared/embedded/object-directory.ts';
import { messageOf } from '../../shared/errors.ts';
import type { CompactAnswer, CompactMessage, CompactRun, CompactWorkerSettings } from './compact-messages.ts';
import { lakeOf } from './lake.ts';

/** The main thread has files of its own half written in the folder that it would otherwise be. */
const TEMP_FOLDER = '~tmp-compact';

/** The thread that merges: decoding and packing millions of rows takes seconds, in which nothing else of its thread runs. */
const serve = async (port: MessagePort, { objectsFolder, items }: CompactWorkerSettings): Promise<void> => {
  const tables = joinItemTables(items);
  // Rejects: then the thread ends, and the next run has another one.
  const objects = await openObjectDirectory(objectsFolder, TEMP_FOLDER);
  const ports = { objects, catalog: tables.table('catalog') };
  let hasTime = true;
  const compact = async (run: CompactRun): Promise<CompactAnswer> => {
    try {
      return { report: await compactMinute(ports, { ...lakeOf(objectsFolder), ...run, hasTime: () => hasTime }) };
    } catch (error) {
      return { error: messageOf(error) };
    }
  };
  port.on('message', (message: CompactMessage) => {
    if (message.kind === 'stop') hasTime = false;
    else if (message.kind === 'close') {
      tables.leave();
      port.close();
    } else void compact(message.run).then((answer) => port.postMessage(answer));
  });
};

if (parentPort !== null) await serve(parentPort, workerData as CompactWorkerSettings);
