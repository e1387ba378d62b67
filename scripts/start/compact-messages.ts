import type { MessagePort } from 'node:worker_threads';
import type { MinuteOptions, MinuteReport } from '../../functions/compact/compact.ts';
import type { RetentionClass } from '../../shared/lakes/retention-class.ts';
import type { Retention } from '../../shared/tiers/retention.ts';
import type { LakeAnswer, LakeCall } from '../admin/lake-calls.ts';

/** What the thread is given when it starts. */
export interface CompactWorkerSettings {
  readonly objectsFolder: string;
  readonly retention: Retention;
  readonly classes: readonly RetentionClass[];
  /** To the item tables. */
  readonly items: MessagePort;
}

/** What one call decides by itself; the rest is the same for all. */
export type CompactRun = Pick<MinuteOptions, 'nowMs' | 'attempt' | 'openHotFiles'>;

/** `stop`: no further piece of work begins. `close`: the thread ends; no run is under way. */
export type CompactMessage = { readonly kind: 'run'; readonly run: CompactRun } | { readonly kind: 'call'; readonly call: LakeCall } | { readonly kind: 'stop' } | { readonly kind: 'close' };

/** Of an error its class stays behind, so what it says is told. */
export interface ThreadError {
  readonly error: string;
  readonly isPermanent: boolean;
  /** Of a part that refuses for now. */
  readonly retryAfterS?: number;
}

/** The one answer to a run or a call. */
export type CompactAnswer = { readonly report: MinuteReport } | { readonly answered: LakeAnswer } | ThreadError;
