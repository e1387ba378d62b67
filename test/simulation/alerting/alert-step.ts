import type { Item } from '../../../shared/catalog/item-table.ts';
import type { Outcome } from './expected-alerts.ts';

/** An alert as the table has it. */
export interface StoredAlert {
  readonly phase: 'pending' | 'firing' | 'inactive';
  readonly activeAtMs: number;
  readonly firedAtMs: number | undefined;
  readonly keepFiringSinceMs: number | undefined;
  readonly resolvedAtMs: number | undefined;
  readonly changedAtMs: number;
}

export interface Hold {
  readonly holdMs: number;
  readonly keepFiringMs: number;
}

export const storedAlert = ({ attributes }: Item): StoredAlert => {
  const time = (name: string): number | undefined => (attributes[name] === undefined ? undefined : Number(attributes[name]));
  return {
    phase: String(attributes['phase']) as StoredAlert['phase'],
    activeAtMs: Number(attributes['activeAtMs']),
    firedAtMs: time('firedAtMs'),
    keepFiringSinceMs: time('keepFiringSinceMs'),
    resolvedAtMs: time('resolvedAtMs'),
    changedAtMs: Number(attributes['changedAtMs']),
  };
};

/** What an alert is after a slot in which its rule has given this, by the documentation of Prometheus. Undefined: there is none. */
export const stepped = (before: StoredAlert | undefined, outcome: Outcome, slotMs: number, hold: Hold): StoredAlert | undefined => {
  if (outcome === 'held') return before;
  const isActive = before !== undefined && before.phase !== 'inactive';
  if (outcome === 'absent') return isActive ? ended(before, slotMs, hold) : before;
  if (!isActive) {
    const fires = hold.holdMs === 0;
    // Whoever has heard that it fired may still have to hear that this is over.
    const last = fires ? { firedAtMs: slotMs, resolvedAtMs: undefined } : { firedAtMs: before?.firedAtMs, resolvedAtMs: before?.resolvedAtMs };
    return { phase: fires ? 'firing' : 'pending', activeAtMs: slotMs, ...last, keepFiringSinceMs: undefined, changedAtMs: slotMs };
  }
  if (before.phase === 'pending') return slotMs - before.activeAtMs < hold.holdMs ? before : { ...before, phase: 'firing', firedAtMs: slotMs, resolvedAtMs: undefined, changedAtMs: slotMs };
  return before.keepFiringSinceMs === undefined ? before : { ...before, keepFiringSinceMs: undefined, changedAtMs: slotMs };
};

const ended = (before: StoredAlert, slotMs: number, { keepFiringMs }: Hold): StoredAlert | undefined => {
  if (before.phase === 'pending') return before.resolvedAtMs === undefined ? undefined : { ...before, phase: 'inactive', changedAtMs: slotMs };
  const sinceMs = before.keepFiringSinceMs ?? slotMs;
  if (slotMs - sinceMs >= keepFiringMs) return { ...before, phase: 'inactive', keepFiringSinceMs: undefined, resolvedAtMs: slotMs, changedAtMs: slotMs };
  return before.keepFiringSinceMs === undefined ? { ...before, keepFiringSinceMs: slotMs, changedAtMs: slotMs } : before;
};

export const isSame = (a: StoredAlert | undefined, b: StoredAlert | undefined): boolean => JSON.stringify(fields(a)) === JSON.stringify(fields(b));

const fields = (alert: StoredAlert | undefined): readonly unknown[] =>
  alert === undefined ? [] : [alert.phase, alert.activeAtMs, alert.firedAtMs, alert.keepFiringSinceMs, alert.resolvedAtMs, alert.changedAtMs];
