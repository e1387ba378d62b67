import type { MessagePort } from 'node:worker_threads';
import type { Condition, ItemKey, SortRange, TransactOutcome } from '../catalog/item-table.ts';

/** An item as sqlite holds it: the attributes as JSON text. */
export interface StoredItem {
  readonly pk: string;
  readonly sk: string;
  readonly attributes: string;
  readonly expiresAtS: number | null;
}

export type StoredWrite =
  | { readonly put: StoredItem; readonly when?: Condition }
  | { readonly remove: ItemKey; readonly when?: Condition }
  | { readonly check: ItemKey; readonly when: Condition };

export interface TransactRequest {
  readonly kind: 'transact';
  readonly table: string;
  readonly writes: readonly StoredWrite[];
}

export type ReadRequest =
  | { readonly kind: 'get'; readonly table: string; readonly key: ItemKey }
  | { readonly kind: 'query'; readonly table: string; readonly pk: string; readonly range: SortRange };

/** What the worker is asked to do. `close` is answered last, and then the worker ends. */
export type ItemRequest = TransactRequest | ReadRequest | { readonly kind: 'close' };

/** `nowMs` drives the removal of expired items: the worker has no clock of its own. */
export interface RequestMessage {
  readonly id: number;
  readonly nowMs: number;
  readonly request: ItemRequest;
}

/** Another thread wants to ask too: through this port, in the same way. */
export interface JoinMessage {
  readonly join: MessagePort;
}

/** A get answers with no item or one. */
export type ItemAnswer =
  | { readonly items: readonly StoredItem[] }
  | { readonly outcome: TransactOutcome }
  | { readonly closed: true }
  | { readonly error: string; readonly unavailable: boolean };

export interface AnswerMessage {
  readonly id: number;
  readonly answer: ItemAnswer;
}

/** The first message of the worker says whether the file is open; answers come in groups, as they become durable. */
export type WorkerMessage = { readonly opened: true } | { readonly openError: string } | { readonly answers: readonly AnswerMessage[] };

export interface ItemWorkerSettings {
  readonly file: string;
  readonly tables: readonly string[];
}
