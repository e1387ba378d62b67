import type { Item, ItemKey, ItemWrite } from '../../../shared/catalog/item-table.ts';
import { type Truth, Violation } from '../truth.ts';
import { isSame, storedAlert } from './alert-step.ts';
import { isOwn, type KnownAlert } from './state-invariants.ts';

/**
 * How an own alert may go on. A removal is `undefined`. It goes by the clock and not by slots: a write that was taken for lost, and the
 * next tick's, may both begin it.
 */
const NEXT: Readonly<Record<string, readonly (string | undefined)[]>> = {
  none: ['pending', 'firing'],
  pending: ['pending', 'firing', 'inactive', undefined],
  firing: ['firing', 'inactive', 'pending'],
  inactive: ['pending', 'firing'],
};

export interface OwnWatchOptions {
  readonly truth: Truth;
  /** Own alerts are put here beside the others, so that they are held to be told like these. */
  readonly alerts: Map<string, KnownAlert>;
  readonly nowMs: () => number;
  /** How old the watermark is; undefined before there is one. */
  readonly watermarkAgeMs: () => number | undefined;
  readonly skewMs: number;
}

/** Younger than this no slot can be evaluated without waiting any longer, and nothing is behind. */
const NEVER_BEHIND_MS = 60_000;
/** What a tick has read of the catalog is at most so old when it writes: calls that are slow, and their repetitions. */
const READ_BEFORE_MS = 60_000;

/** What the installation tells of itself: one state each, and nothing comes or goes without a cause. */
export class OwnInvariants {
  private readonly options: OwnWatchOptions;
  private readonly byItem = new Map<string, KnownAlert>();
  /** By group and rule: whether its last slot had an error; undefined when the slot was incomplete. */
  private readonly errors = new Map<string, ReadonlySet<string> | undefined>();
  private readonly failures = new Map<string, number>();
  private lastBehindMs = -Infinity;

  constructor(options: OwnWatchOptions) {
    this.options = options;
  }

  written(writes: readonly ItemWrite[]): void {
    const ageMs = this.options.watermarkAgeMs();
    if (ageMs !== undefined && ageMs + this.options.skewMs > NEVER_BEHIND_MS) this.lastBehindMs = this.options.nowMs();
    for (const write of writes) {
      if ('put' in write) this.put(write.put);
      if ('remove' in write && write.remove.pk.startsWith('state#tidemark#')) this.change(write.remove, undefined);
    }
  }

  private put(item: Item): void {
    if (item.pk === 'failed-delivery') this.failures.set(item.sk, this.options.nowMs());
    if (item.pk === 'cursor') this.cursorMoved(item);
    if (item.pk.startsWith('state#tidemark#')) this.change(item, item);
  }

  private cursorMoved({ sk, attributes }: Item): void {
    if (attributes['complete'] !== true) this.lastBehindMs = this.options.nowMs();
    this.errors.set(sk, attributes['complete'] === true ? new Set((JSON.parse(String(attributes['errors'])) as [string, string][]).map(([id]) => id)) : undefined);
  }

  private change({ pk, sk }: ItemKey, item: Item | undefined): void {
    const known = this.byItem.get(`${pk} ${sk}`);
    if (item === undefined && known?.state === undefined) return;
    const alert = known ?? this.meet(item as Item);
    const before = alert.state;
    const after = item === undefined ? undefined : storedAlert(item);
    if (isSame(before, after)) return;
    const key = String(item?.attributes['labels'] ?? alert.key);
    if (!isOwn(key) || key !== alert.key) this.violate('one alert, one item', `${pk} ${sk} was of ${alert.key}, now of ${key}`);
    if (!(NEXT[before?.phase ?? 'none'] ?? []).includes(after?.phase)) this.violate('own alerts go from state to state', `${key} went from ${before?.phase} to ${after?.phase}`);
    if (before !== undefined && after !== undefined && after.changedAtMs <= before.changedAtMs) this.violate('an alert changes forward', `${key} changed at ${before.changedAtMs}, then at ${after.changedAtMs}`);
    if (before === undefined || before.phase === 'inactive') this.checkBegins(alert);
    else if (after === undefined || after.phase === 'inactive') this.checkEnds(alert);
    this.byItem.set(`${pk} ${sk}`, alert);
    alert.state = after;
    alert.history.push({ sinceMs: this.options.nowMs(), phase: after?.phase });
  }

  private checkBegins({ key, expected: { labels } }: KnownAlert): void {
    const { alertname, integration = '' } = labels;
    const nowMs = this.options.nowMs();
    if (alertname === 'TidemarkBehind' && nowMs - this.lastBehindMs > READ_BEFORE_MS) this.violate('own alerts have a cause', `${key} begins, nothing is behind since ${this.lastBehindMs}`);
    if (alertname === 'TidemarkDeliveryFailed' && !this.failures.has(integration)) this.violate('own alerts have a cause', `${key} begins, nothing was given up`);
    if (alertname === 'TidemarkRuleErrors' && this.errorsOf(labels)?.size === 0) this.violate('own alerts have a cause', `${key} begins, the last slot has no error`);
  }

  private checkEnds({ key, expected: { labels } }: KnownAlert): void {
    if (labels['alertname'] === 'TidemarkRuleErrors' && this.errorsOf(labels) === undefined) this.violate('own alerts end when they are over', `${key} ends, nobody has asked its rule since`);
  }

  private errorsOf(labels: Readonly<Record<string, string>>): ReadonlySet<string> | undefined {
    return this.errors.get(labels['rule_group'] ?? '');
  }

  /** As an alert of a rule, so that who is told of it is looked at alike. */
  private meet(item: Item): KnownAlert {
    const key = String(item.attributes['labels']);
    if (this.options.alerts.has(key)) this.violate('one alert, one item', `${key} is in two items, one is ${item.pk} ${item.sk}`);
    const labels = JSON.parse(key) as Record<string, string>;
    const alert: KnownAlert = {
      expected: { rule: 'tidemark', group: 'tidemark', labels, holdMs: 0, keepFiringMs: 0, ofAbsence: false, ofRecorded: false, outcomes: () => new Set() },
      key,
      state: undefined,
      history: [],
      recent: [],
    };
    this.options.alerts.set(key, alert);
    return alert;
  }

  private violate(invariant: string, message: string): void {
    this.options.truth.violate(new Violation(invariant, message));
  }
}
