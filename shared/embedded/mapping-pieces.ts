import type { Deliver, DeliveredRecord, Delivery } from '../wire/record-stream.ts';
import type { MappingSource } from './mapping-source.ts';

export interface PieceContext {
  readonly stream: MappingSource;
  readonly shardId: string;
  /** The checkpoint that stands before the first piece; "0" for none. */
  readonly after: string;
  readonly deliver: Deliver;
  readonly nowMs: () => number;
  readonly pause: (ms: number) => Promise<void>;
  readonly stopping: AbortSignal;
  readonly maxAgeMs?: number;
  readonly onFailure?: (delivery: Delivery, error: unknown) => Promise<void>;
  readonly onError?: (subject: string, error: unknown) => void;
}

type Piece = readonly DeliveredRecord[];

/** An outage is met at the first record alone, so the wait between its tries is what an outage costs afterwards. */
const BACKOFF_FIRST_MS = 100;
const BACKOFF_MAX_MS = 10_000;

/** A batch in two, in order; one record, or none, cannot be cut. */
export const halves = (records: Piece): readonly Piece[] => {
  if (records.length < 2) return records.length === 0 ? [] : [records];
  const middle = records.length >> 1;
  return [records.slice(0, middle), records.slice(middle)];
};

/**
 * Delivers consecutive pieces of a shard in order, with a checkpoint behind each. A piece that fails is halved; a record
 * that fails alone is tried until it passes or is too old. False when the mapping stops before all are through.
 */
export const deliverPieces = async (context: PieceContext, pieces: readonly Piece[]): Promise<boolean> => {
  const { stream, shardId, nowMs, maxAgeMs = Number.POSITIVE_INFINITY } = context;
  const left = pieces.toReversed();
  let { after } = context;
  let tries = 0;
  for (let piece = left.pop(); piece !== undefined; piece = left.pop()) {
    const [first] = piece as readonly [DeliveredRecord];
    const failure = await deliverMarked(context, after, piece);
    if (failure !== undefined) {
      if (context.stopping.aborted) return false;
      if (piece.length > 1) {
        left.push(...halves(piece).toReversed());
        continue;
      }
      if (nowMs() - first.arrivalMs <= maxAgeMs) {
        left.push(piece);
        await context.pause(Math.min(BACKOFF_FIRST_MS * 2 ** tries++, BACKOFF_MAX_MS));
        continue;
      }
      await context.onFailure?.({ shardId, records: piece }, failure.error);
    }
    tries = 0;
    after = (piece.at(-1) ?? first).sequence;
    await stream.saveCheckpoint(shardId, after);
  }
  return true;
};

/** The mark says which batch is being delivered, should the process not live to see its end. */
const deliverMarked = async (context: PieceContext, after: string, piece: Piece): Promise<{ readonly error: unknown } | undefined> => {
  const { stream, shardId } = context;
  await stream.markInFlight(shardId, { afterSequence: after, records: piece.length });
  try {
    await context.deliver({ shardId, records: piece });
    return undefined;
  } catch (error) {
    context.onError?.(`deliver ${piece.length} records of ${shardId}`, error);
    await stream.markInFlight(shardId, undefined);
    return { error };
  }
};
