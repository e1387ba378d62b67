import { type MessagePort, Worker } from 'node:worker_threads';
import type { MinuteReport } from '../../functions/compact/compact.ts';
import type { CompactAnswer, CompactMessage, CompactRun, CompactWorkerSettings } from './compact-messages.ts';

/** One minute of the planner. Once `stopping` is aborted it begins no further piece of work. */
export type Compact = (run: CompactRun, stopping: AbortSignal) => Promise<MinuteReport>;

export interface CompactThread {
  /** One run at a time. A thread that dies rejects its run, and the next one has a new thread. */
  readonly compact: Compact;
  /** After the last run. */
  close(): Promise<void>;
}

/** Compaction in a thread of its own, so that a merge of millions of rows keeps nobody waiting. It starts with the first run. */
export const makeCompactThread = (objectsFolder: string, shareItems: () => MessagePort): CompactThread => {
  let worker: Worker | undefined;
  const start = (): Worker => {
    const items = shareItems();
    const settings: CompactWorkerSettings = { objectsFolder, items };
    // No flags of the process: some, such as --input-type, do not suit a thread that starts from a file.
    const started = new Worker(new URL('compact-worker.ts', import.meta.url), { workerData: settings, transferList: [items], name: 'compact', execArgv: [] });
    started.once('exit', () => (worker = worker === started ? undefined : worker));
    return started;
  };
  return {
    compact: (run, stopping) => runIn((worker ??= start()), run, stopping),
    close: async () => {
      const last = worker;
      if (last === undefined) return;
      const exited = new Promise((done) => last.once('exit', done));
      post(last, { kind: 'close' });
      await exited;
    },
  };
};

const post = (worker: Worker, message: CompactMessage): void => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window: it has no origin.
  worker.postMessage(message);
};

const runIn = (worker: Worker, run: CompactRun, stopping: AbortSignal): Promise<MinuteReport> => {
  const stop = (): void => post(worker, { kind: 'stop' });
  const over = new AbortController();
  const answered = new Promise<MinuteReport>((resolve, reject) => {
    const listen = <T>(event: string, take: (value: T) => void): void => {
      worker.once(event, take);
      over.signal.addEventListener('abort', () => worker.off(event, take));
    };
    listen('message', (answer: CompactAnswer) => ('report' in answer ? resolve(answer.report) : reject(new Error(answer.error))));
    listen('error', (cause: Error) => reject(new Error(`compact thread: ${cause.message}`, { cause })));
    listen('exit', (code: number) => reject(new Error(`compact thread: it ended with code ${code}`)));
  });
  stopping.addEventListener('abort', stop, { signal: over.signal });
  post(worker, { kind: 'run', run });
  if (stopping.aborted) stop();
  return answered.finally(() => over.abort());
};
