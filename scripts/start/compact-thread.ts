import { type MessagePort, Worker } from 'node:worker_threads';
import type { MinuteReport } from '../../functions/compact/compact.ts';
import { PermanentError, UnavailableError } from '../../shared/errors.ts';
import type { AnswerLakeCall, LakeAnswer, LakeCall } from '../admin/lake-calls.ts';
import type { CompactAnswer, CompactMessage, CompactRun, CompactWorkerSettings, ThreadError } from './compact-messages.ts';

/** One minute of the planner. Once `stopping` is aborted it begins no further piece of work. */
export type Compact = (run: CompactRun, stopping: AbortSignal) => Promise<MinuteReport>;

export interface CompactThread {
  /** A thread that dies rejects its run, and the next one has a new thread. */
  readonly compact: Compact;
  /** Runs and calls wait for one another: two that hold an hour in memory would hold it twice. */
  readonly answerCall: AnswerLakeCall;
  /** After the last run. Calls that are under way or wait reject: their command is run again. */
  close(): Promise<void>;
}

/** Compaction in a thread of its own, so that a merge of millions of rows keeps nobody waiting. It starts with the first run. */
export const makeCompactThread = (lake: Omit<CompactWorkerSettings, 'items'>, shareItems: () => MessagePort): CompactThread => {
  let worker: Worker | undefined;
  const start = (): Worker => {
    const items = shareItems();
    const settings: CompactWorkerSettings = { ...lake, items };
    // No flags of the process: some, such as --input-type, do not suit a thread that starts from a file.
    const started = new Worker(new URL('compact-worker.ts', import.meta.url), { workerData: settings, transferList: [items], name: 'compact', execArgv: [] });
    // Its end comes some time after its error.
    for (const end of ['error', 'exit']) started.once(end, () => (worker = worker === started ? undefined : worker));
    return started;
  };
  let isClosed = false;
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(run: (open: Worker) => Promise<T>): Promise<T> => {
    const ran = last.then(() => {
      if (isClosed) throw new Error('compact thread: it is closed');
      return run((worker ??= start()));
    });
    last = ran.catch(() => undefined);
    return ran;
  };
  return {
    compact: (run, stopping) => inTurn((open) => compactIn(open, run, stopping)),
    answerCall: (call) => inTurn((open) => callIn(open, call)),
    close: async () => {
      isClosed = true;
      const open = worker;
      if (open === undefined) return;
      const exited = new Promise((done) => open.once('exit', done));
      post(open, { kind: 'close' });
      await exited;
    },
  };
};

const post = (worker: Worker, message: CompactMessage): void => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window: it has no origin.
  worker.postMessage(message);
};

const compactIn = async (worker: Worker, run: CompactRun, stopping: AbortSignal): Promise<MinuteReport> => {
  const stop = (): void => post(worker, { kind: 'stop' });
  stopping.addEventListener('abort', stop);
  try {
    const answered = askIn(worker, { kind: 'run', run });
    if (stopping.aborted) stop();
    return ((await answered) as { readonly report: MinuteReport }).report;
  } finally {
    stopping.removeEventListener('abort', stop);
  }
};

const callIn = async (worker: Worker, call: LakeCall): Promise<LakeAnswer> => ((await askIn(worker, { kind: 'call', call })) as { readonly answered: LakeAnswer }).answered;

type Answered = Exclude<CompactAnswer, ThreadError>;

const errorOf = ({ error, isPermanent, retryAfterS }: ThreadError): Error => {
  if (isPermanent) return new PermanentError(error);
  return retryAfterS === undefined ? new Error(error) : new UnavailableError(error, retryAfterS);
};

const askIn = (worker: Worker, message: CompactMessage): Promise<Answered> => {
  const over = new AbortController();
  const answered = new Promise<Answered>((resolve, reject) => {
    const listen = <T>(event: string, take: (value: T) => void): void => {
      worker.once(event, take);
      over.signal.addEventListener('abort', () => worker.off(event, take));
    };
    listen('message', (answer: CompactAnswer) => ('error' in answer ? reject(errorOf(answer)) : resolve(answer)));
    listen('error', (cause: Error) => reject(new Error(`compact thread: ${cause.message}`, { cause })));
    listen('exit', (code: number) => reject(new Error(`compact thread: it ended with code ${code}`)));
  });
  post(worker, message);
  return answered.finally(() => over.abort());
};
