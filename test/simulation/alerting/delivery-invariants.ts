import type { Item, ItemWrite } from '../../../shared/catalog/item-table.ts';
import { type Truth, Violation } from '../truth.ts';
import type { SeenNotification } from './notification.ts';

export interface DeliveryWatchOptions {
  readonly truth: Truth;
  readonly notifications: ReadonlyMap<string, SeenNotification>;
  readonly nowMs: () => number;
}

/** What receivers get, and what the ledger says of it. */
export class DeliveryInvariants {
  private readonly options: DeliveryWatchOptions;
  private readonly published = new Map<string, string>();
  private readonly requests = new Map<string, string>();
  private readonly accepted = new Map<string, SeenNotification[]>();

  constructor(options: DeliveryWatchOptions) {
    this.options = options;
  }

  written(writes: readonly ItemWrite[]): void {
    for (const write of writes) if ('put' in write && write.put.pk.startsWith('ledger#')) this.ledgerPut(write.put);
  }

  /** The fan-out has taken a notification. */
  handedOver(id: string, content: string): void {
    if (!this.options.notifications.has(id)) this.violate('the outbox comes first', `${id} was published, nothing in the outbox has this id`);
    this.sameOnly(this.published, id, content);
  }

  attemptBegins(id: string): void {
    const seen = this.options.notifications.get(id);
    if (seen !== undefined) seen.attempts++;
  }

  /** A request has come to a receiver, whatever it answers. */
  requested(id: string, body: string, attemptAtMs: number): void {
    const seen = this.options.notifications.get(id);
    if (seen === undefined) return this.violate('receivers get what was made', `${id} came, nothing in the outbox has this id`);
    this.sameOnly(this.requests, id, body);
    const { endedAtMs, state } = seen;
    if (endedAtMs !== undefined && endedAtMs < attemptAtMs) this.violate('what has ended is not sent again', `${id} had ended as ${state} at ${endedAtMs}, an attempt began at ${attemptAtMs}`);
    return undefined;
  }

  /** A receiver has taken a notification; it knows it by its id when it comes again. */
  took(id: string, attemptAtMs: number): void {
    const seen = this.options.notifications.get(id);
    if (seen === undefined || seen.firstAcceptedAtMs !== undefined) return;
    seen.firstAcceptedAtMs = this.options.nowMs();
    const place = `${seen.integration} ${seen.dedupKey}`;
    const before = this.accepted.get(place) ?? [];
    this.accepted.set(place, [...before, seen]);
    // Two attempts that are under way at the same time have no order.
    const newer = before.find(({ sequence, firstAcceptedAtMs }) => sequence > seen.sequence && (firstAcceptedAtMs as number) < attemptAtMs);
    if (newer !== undefined) this.violate('what receivers take never goes back', `${seen.integration} took ${seen.id} (${seen.sequence}, ${seen.status}) in an attempt from ${attemptAtMs} on, after ${newer.id} (${newer.sequence}, ${newer.status}) at ${newer.firstAcceptedAtMs}`);
  }

  /** What a receiver was told last of an alert. */
  believed(integration: string, key: string): 'firing' | 'resolved' | undefined {
    let newest: { readonly sequence: number; readonly status: 'firing' | 'resolved' } | undefined;
    for (const [place, list] of this.accepted) {
      if (!place.startsWith(`${integration} `)) continue;
      for (const { alerts, sequence } of list) {
        const told = alerts.find((alert) => alert.key === key);
        if (told !== undefined && (newest === undefined || sequence > newest.sequence)) newest = { sequence, status: told.status };
      }
    }
    return newest?.status;
  }

  /** Why a notification is not through with; undefined when all are. */
  unended(): string | undefined {
    for (const { id, state, integration, dedupKey, sequence } of this.options.notifications.values()) {
      if (state === undefined || state === 'retrying') return `${id} for ${integration} is ${state ?? 'not tried'}`;
      const hasNewer = [...this.options.notifications.values()].some((each) => each.integration === integration && each.dedupKey === dedupKey && each.sequence > sequence);
      if (state === 'superseded' && !hasNewer) return `${id} for ${integration} is superseded by nothing`;
    }
    return undefined;
  }

  private ledgerPut({ attributes }: Item): void {
    const seen = this.options.notifications.get(String(attributes['id']));
    if (seen === undefined) return this.violate('the ledger knows the outbox', `found ${String(attributes['id'])}`);
    const state = String(attributes['state']);
    if (seen.endedAtMs !== undefined && state !== seen.state) this.violate('an end in the ledger is final', `${seen.id} was ${seen.state}, now it is ${state}`);
    if (Number(attributes['attempts']) > seen.attempts) this.violate('the ledger counts attempts', `${seen.id} has ${Number(attributes['attempts'])}, there were ${seen.attempts}`);
    if (state === 'sent' && seen.firstAcceptedAtMs === undefined) this.violate('what is sent has arrived', `${seen.id} is sent by the ledger, ${seen.integration} took nothing`);
    seen.state = state;
    if (state === 'sent') seen.sentAtMs ??= Number(attributes['lastAttemptMs']);
    if (state !== 'retrying') seen.endedAtMs ??= this.options.nowMs();
    return undefined;
  }

  private sameOnly(known: Map<string, string>, id: string, body: string): void {
    const before = known.get(id);
    known.set(id, body);
    if (before !== undefined && before !== body) this.violate('one id, one body', `${id} came with ${before} and with ${body}`);
  }

  private violate(invariant: string, message: string): void {
    this.options.truth.violate(new Violation(invariant, message));
  }
}
