import type { ItemWrite } from '../../../shared/catalog/item-table.ts';
import type { TickBegin } from './flush-invariants.ts';
import type { KnownAlert } from './state-invariants.ts';

interface WrittenTake {
  readonly startsAtMs: number;
  readonly endsAtMs: number; // exclusive
  readonly writtenAtMs: number;
}

/** What people have taken on, as an observer of the table knows it. */
export class Takes {
  private readonly byKey = new Map<string, WrittenTake[]>();

  written(writes: readonly ItemWrite[], nowMs: number): void {
    for (const write of writes) {
      if (!('put' in write) || write.put.pk !== 'acknowledged') continue;
      const { labels, startsAtMs, endsAtMs } = write.put.attributes;
      const known = this.byKey.get(String(labels)) ?? [];
      this.byKey.set(String(labels), [...known, { startsAtMs: Number(startsAtMs), endsAtMs: Number(endsAtMs), writtenAtMs: nowMs }]);
    }
  }

  /** Whether somebody had surely taken it on before a tick began. */
  isTaken({ key, state }: KnownAlert, { wallMs, clockMs }: TickBegin): boolean {
    const { firedAtMs } = state ?? {};
    return firedAtMs !== undefined && this.of(key).some(({ startsAtMs, endsAtMs, writtenAtMs }) => writtenAtMs < wallMs && firedAtMs <= startsAtMs && clockMs < endsAtMs);
  }

  /** Whether somebody may have taken it on. */
  mayBeTaken({ key, state }: KnownAlert): boolean {
    return this.of(key).some(({ startsAtMs }) => (state?.firedAtMs ?? 0) <= startsAtMs);
  }

  private of(key: string): readonly WrittenTake[] {
    return this.byKey.get(key) ?? [];
  }
}
