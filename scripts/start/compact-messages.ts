import type { MessagePort } from 'node:worker_threads';
import type { MinuteOptions, MinuteReport } from '../../functions/compact/compact.ts';
import type { RetentionClass } from '../../shared/lakes/retention-class.ts';
import type { Retention } from '../../shared/tiers/retention.ts';
import type { BackfillAnswer, BackfillCall } from '../admin/backfill-calls.ts';

/** What the thread is given when it starts. */
export interface CompactWorkerSettings {
  readonly objectsFolder: string;
  readonly retention: Retention;
  readonly classes: readonly Pick<RetentionClass, 'name' | 'retention'>[];
  /** To the item tables. */
  readonly items: MessagePort;
}

/** What one call decides by itself; the rest is the same for all. */
export type CompactRun = Pick<MinuteOptions, 'nowMs' | 'attempt' | 'openHotFiles'>;

/** `stop`: no further piece of work begins. `close`: the thread ends; no run is under way. */
export type CompactMessage = { readonly kind: 'run'; readonly run: CompactRun } | { readonly kind: 'backfill'; readonly call: BackfillCall } | { readonly kind: 'stop' } | { readonly kind: 'close' };

/** The one answer to a run or a call. Of errors their class stays behind, so what it says is told. */
export type CompactAnswer = { readonly report: MinuteReport } | { readonly backfill: BackfillAnswer } | { readonly error: string; readonly isPermanent: boolean };
