import { PermanentError } from '../errors.ts';
import { formatDurationMs, parseDurationMs } from '../model/duration.ts';

/** What decides when slots are due. */
export interface SlotClock {
  readonly nowMs: number;
  /** The installation's watermark; undefined or 0 before anything was stored. */
  readonly watermarkMs: number | undefined;
  /** How late after its own time a sample may arrive and still count. */
  readonly latenessMs: number;
  /** After this much longer a slot is evaluated with what is there. */
  readonly capMs: number;
}

/** Senders flush every 10 s by default; 5 s for the road (design 7). */
export const DEFAULT_LATENESS_MS = 15_000;
export const DEFAULT_CAP_MS = 60_000;

/** Of a sample on its way from a sender to the stream: the room between a flush interval and the lateness that it needs. */
export const ROAD_MS = 5000;

/** Every rule waits for so long; a sender that needs more is better served by a `query_offset` of its own rules. */
export const MAX_LATENESS_MS = 300_000;

/** Text such as `15s`, as `npm start --lateness` takes it. @throws PermanentError */
export const parseLatenessMs = (text: string): number => {
  const latenessMs = parseDurationMs(text);
  if (latenessMs !== undefined && latenessMs >= 1000 && latenessMs <= MAX_LATENESS_MS) return latenessMs;
  throw new PermanentError(`read lateness: found ${JSON.stringify(text.slice(0, 100))}, a duration from 1s to ${formatDurationMs(MAX_LATENESS_MS)} is allowed`);
};

/** Slots older than this many intervals are skipped: what they would say has been overtaken. */
export const MAX_SLOT_AGE_INTERVALS = 5;

export interface Slot {
  /** The evaluation time, a multiple of the group's interval. */
  readonly slotMs: number;
  /** Whether every sample of the slot is stored, as far as lateness goes. */
  readonly complete: boolean;
}

export interface DueSlots {
  readonly slots: readonly Slot[];
  /** Slots since the cursor that are too old to be evaluated. */
  readonly skipped: number;
  /** Whether a later slot could be due by the wall clock, and only the watermark is missing: seconds, as a rule. */
  readonly waits: boolean;
}

/**
 * The slots of a group that are due, oldest first. `cursorMs` is the last one that was evaluated; a group without one
 * starts at its newest due slot, as nothing older can matter to it.
 */
export const dueSlots = (group: { readonly intervalMs: number; readonly queryOffsetMs: number }, cursorMs: number | undefined, clock: SlotClock): DueSlots => {
  const { intervalMs, queryOffsetMs } = group;
  const watermarkMs = clock.watermarkMs ?? 0;
  // Strictly before: a sample of time t may arrive at t + lateness, and the watermark covers what arrived *before* it.
  const completeMs = Math.ceil((watermarkMs - clock.latenessMs - queryOffsetMs) / intervalMs - 1) * intervalMs;
  const cappedMs = Math.floor((clock.nowMs - clock.latenessMs - queryOffsetMs - clock.capMs) / intervalMs) * intervalMs;
  const newestMs = Math.max(completeMs, cappedMs);
  const awaitedMs = Math.floor((clock.nowMs - clock.latenessMs - queryOffsetMs) / intervalMs) * intervalMs;
  const waits = awaitedMs > Math.max(newestMs, cursorMs ?? 0);
  if (cursorMs === undefined) return watermarkMs <= 0 ? NONE : { slots: [{ slotMs: newestMs, complete: newestMs <= completeMs }], skipped: 0, waits };
  // The interval may have changed since the cursor was written: the next slot is the next multiple of the new one.
  const nextMs = (Math.floor(cursorMs / intervalMs) + 1) * intervalMs;
  if (nextMs > newestMs) return { ...NONE, waits };
  const firstMs = Math.max(nextMs, newestMs - MAX_SLOT_AGE_INTERVALS * intervalMs);
  const slots: Slot[] = [];
  for (let slotMs = firstMs; slotMs <= newestMs; slotMs += intervalMs) slots.push({ slotMs, complete: slotMs <= completeMs });
  return { slots, skipped: (firstMs - nextMs) / intervalMs, waits };
};

const NONE: DueSlots = { slots: [], skipped: 0, waits: false };
