import type { Item, ItemKey, ItemWrite } from '../../../shared/catalog/item-table.ts';
import { type Truth, Violation } from '../truth.ts';
import { ruleSet } from './alert-files.ts';
import { isSame, type StoredAlert, stepped, storedAlert } from './alert-step.ts';
import type { ExpectedAlert, Outcome } from './expected-alerts.ts';

/** Slots lie on this grid, per group. */
const INTERVAL_MS = { targets: 15_000, load: 10_000 } as const;
type GroupName = keyof typeof INTERVAL_MS;

const LATENESS_MS = 15_000;
const CAP_MS = 60_000;
const MAX_AGE_INTERVALS = 5;

export interface KnownAlert {
  readonly expected: ExpectedAlert;
  /** Canonical labels JSON. */
  readonly key: string;
  state: StoredAlert | undefined;
  /** All states there ever were, and since when on the wall clock. */
  readonly history: { readonly sinceMs: number; readonly phase: StoredAlert['phase'] | undefined }[];
  /** Since the group's cursor was moved: what was written, a removal as undefined. */
  readonly recent: (StoredAlert | undefined)[];
}

export interface StateWatchOptions {
  readonly truth: Truth;
  readonly expected: readonly ExpectedAlert[];
  readonly nowMs: () => number;
  /** By how much a clock of an evaluator may be off. */
  readonly skewMs: number;
  /** How many reads of samples by evaluators have failed so far. */
  readonly failedReads: () => number;
  /** Told of each slot that is behind the cursor from now on. */
  readonly slotDone: (group: GroupName, slotMs: number, isSure: boolean) => void;
}

/** Each slot once, in order; each alert exactly as the truth at that slot has it. */
export class StateInvariants {
  readonly alerts = new Map<string, KnownAlert>();
  private readonly options: StateWatchOptions;
  private readonly byItem = new Map<string, KnownAlert>();
  private readonly cursors = new Map<string, number>();
  private readonly readsAtCursor = new Map<string, number>();
  private readonly ruleNames = new Map(ruleSet.groups.flatMap((group) => group.rules.map((rule) => [rule.id, rule.name] as const)));
  private epoch = 0;

  constructor(options: StateWatchOptions) {
    this.options = options;
    for (const expected of options.expected) {
      const key = keyOf(expected.labels);
      this.alerts.set(key, { expected, key, state: undefined, history: [], recent: [] });
    }
  }

  written(writes: readonly ItemWrite[]): void {
    for (const write of writes) {
      if ('put' in write) this.put(write.put);
      if ('remove' in write) this.removed(write.remove);
    }
  }

  cursorOf(group: GroupName): number | undefined {
    return this.cursors.get(`rules.yml;${group}`);
  }

  private put(item: Item): void {
    if (item.pk === 'lease') {
      const epoch = Number(item.attributes['epoch']);
      if (epoch < this.epoch) this.violate('the lease has one epoch after the other', `found ${epoch} after ${this.epoch}`);
      this.epoch = epoch;
    }
    if (item.pk === 'cursor') this.cursorMoved(item);
    if (item.pk.startsWith('state#')) this.alertPut(item);
  }

  private alertPut(item: Item): void {
    const key = String(item.attributes['labels']);
    if (isOwn(key)) return undefined;
    const alert = this.alerts.get(key);
    const rule = this.ruleNames.get(item.pk.split('#')[1] as string);
    if (alert === undefined || alert.expected.rule !== rule) return this.violate('alerts are those of the rules', `found ${rule} ${key}`);
    const { expected, state: before } = alert;
    const after = storedAlert(item);
    // A write that was taken for lost may come about beside its repetition.
    if (isSame(before, after)) return undefined;
    const slotMs = after.changedAtMs;
    if (before !== undefined && slotMs <= before.changedAtMs) this.violate('an alert changes forward', `${key} changed at ${before.changedAtMs}, then at ${slotMs}: ${JSON.stringify(before)} to ${JSON.stringify(after)}`);
    const outcomes = this.outcomes(expected, slotMs, this.maybePartial(slotMs));
    const possible = [...outcomes].map((outcome) => stepped(before, outcome, slotMs, expected));
    if (!possible.some((each) => isSame(each, after))) {
      this.violate('alerts are what the truth at the watermark says', `${key} went from ${JSON.stringify(before)} to ${JSON.stringify(after)}; at ${slotMs} its rule gives ${[...outcomes].join(' or ')}`);
    }
    const known = this.byItem.get(`${item.pk} ${item.sk}`);
    if (known !== undefined && known !== alert) this.violate('one alert, one item', `${item.pk} ${item.sk} was of ${known.key}, now of ${key}`);
    this.byItem.set(`${item.pk} ${item.sk}`, alert);
    this.change(alert, after);
  }

  private removed({ pk, sk }: ItemKey): void {
    if (!pk.startsWith('state#')) return;
    const alert = this.byItem.get(`${pk} ${sk}`);
    if (alert?.state === undefined) return;
    if (alert.state.phase !== 'pending') this.violate('only a pending alert vanishes', `${alert.key} was ${alert.state.phase}`);
    this.change(alert, undefined);
  }

  private change(alert: KnownAlert, after: StoredAlert | undefined): void {
    alert.state = after;
    alert.recent.push(after);
    alert.history.push({ sinceMs: this.options.nowMs(), phase: after?.phase });
  }

  private cursorMoved({ sk, attributes }: Item): void {
    const slotMs = Number(attributes['slotMs']);
    const before = this.cursors.get(sk);
    const group = sk.split(';')[1] as GroupName;
    if (!(group in INTERVAL_MS)) return this.violate('cursors are those of groups', `found ${sk}`);
    const stepMs = INTERVAL_MS[group];
    const nowMs = this.options.nowMs();
    if (slotMs % stepMs !== 0) this.violate('slots lie on the grid', `${sk} is at ${slotMs}`);
    if (before !== undefined && slotMs <= before) this.violate('a cursor never goes back', `${sk} went from ${before} to ${slotMs}`);
    const isOld = nowMs + this.options.skewMs >= slotMs + MAX_AGE_INTERVALS * stepMs + LATENESS_MS;
    if (before !== undefined && slotMs > before + stepMs && !isOld) this.violate('only old slots are skipped', `${sk} went from ${before} to ${slotMs} at ${nowMs}`);
    const errors = new Set((JSON.parse(String(attributes['errors'])) as [string, string][]).map(([id]) => this.ruleNames.get(id)));
    const isComplete = attributes['complete'] === true;
    if (!isComplete && !this.maybePartial(slotMs)) this.violate('slots wait for the watermark', `${sk} is at ${slotMs} with a part of its samples at ${nowMs}`);
    for (const alert of this.alerts.values()) if (alert.expected.group === group) this.checkSlot(alert, { slotMs, fromMs: before ?? slotMs - stepMs, isComplete, hasError: errors.has(alert.expected.rule) });
    const hasFailed = this.options.failedReads() !== (this.readsAtCursor.get(group) ?? 0);
    this.options.slotDone(group, slotMs, isComplete && errors.size === 0 && !hasFailed && !this.maybePartial(slotMs));
    this.cursors.set(sk, slotMs);
    this.readsAtCursor.set(group, this.options.failedReads());
    return undefined;
  }

  private checkSlot(alert: KnownAlert, { slotMs, fromMs, isComplete, hasError }: { readonly slotMs: number; readonly fromMs: number; readonly isComplete: boolean; readonly hasError: boolean }): void {
    const { expected, key, state, recent } = alert;
    const removals = recent.filter((each) => each === undefined).length;
    const changed = recent.some((each) => each?.changedAtMs === slotMs);
    if (removals > 0 && !this.mayBeAbsent(expected, fromMs, slotMs)) this.violate('alerts are what the truth at the watermark says', `${key} ended while pending, by ${slotMs} its rule gives it`);
    if (!isComplete && recent.some((each) => each?.changedAtMs === slotMs && each.phase === 'inactive')) this.violate('an incomplete slot resolves nothing', `${key} at ${slotMs}`);
    if (!isComplete && recent.some((each) => each?.changedAtMs === slotMs && each.activeAtMs === slotMs) && expected.ofAbsence) this.violate('an incomplete slot tells of no absence', `${key} at ${slotMs}`);
    recent.length = 0;
    if (changed || removals > 0 || !isComplete || hasError) return;
    const outcomes = this.outcomes(expected, slotMs, false);
    if ([...outcomes].some((outcome) => isSame(stepped(state, outcome, slotMs, expected), state))) return;
    this.violate('alerts are what the truth at the watermark says', `${key} stayed ${JSON.stringify(state)} at ${slotMs}, its rule gives ${[...outcomes].join(' or ')}`);
  }

  /** A removal does not say of which slot it is. */
  private mayBeAbsent(expected: ExpectedAlert, fromMs: number, untilMs: number): boolean {
    const stepMs = INTERVAL_MS[expected.group as GroupName];
    for (let slotMs = fromMs + stepMs; slotMs <= untilMs; slotMs += stepMs) if (this.outcomes(expected, slotMs, false).has('absent')) return true;
    return false;
  }

  /** `maybePartial`: what comes about in such a slot may be of a part of the samples; that something ends may not. */
  private outcomes(expected: ExpectedAlert, slotMs: number, maybePartial: boolean): ReadonlySet<Outcome> {
    const sure = expected.outcomes(slotMs, false);
    const isGuess = expected.ofRecorded && (maybePartial || this.options.failedReads() !== (this.readsAtCursor.get(expected.group) ?? 0));
    // Without the recorded value of this slot the rule reads the one before.
    if (isGuess) return new Set([...sure, 'present', 'absent']);
    if (!maybePartial || expected.ofAbsence) return sure;
    return expected.outcomes(slotMs, true).has('present') ? new Set([...sure, 'present']) : sure;
  }

  /** Whether a slot may be evaluated with what is there, however little. */
  private maybePartial(slotMs: number): boolean {
    return this.options.nowMs() + this.options.skewMs >= slotMs + LATENESS_MS + CAP_MS;
  }

  private violate(invariant: string, message: string): void {
    this.options.truth.violate(new Violation(invariant, message));
  }
}

/** What the installation tells of itself follows other rules (own-invariants.ts). */
export const isOwn = (key: string): boolean => key.includes('"tidemark":"true"');

/** Canonical labels JSON. */
export const keyOf = (labels: Readonly<Record<string, string>>): string => JSON.stringify(Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))));
