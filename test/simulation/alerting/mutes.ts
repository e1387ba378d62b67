import type { Item } from '../../../shared/catalog/item-table.ts';
import type { KnownAlert } from './state-invariants.ts';

interface WrittenSilence {
  readonly label: string;
  readonly value: string;
  readonly startsAtMs: number;
  readonly endsAtMs: number; // exclusive
  readonly writtenAtMs: number;
}

/** From a time to a time, both inclusive. */
export interface Window {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What keeps alerts quiet, as an observer of the table knows it. */
export class Mutes {
  private readonly silences = new Map<string, WrittenSilence>();
  private readonly alerts: ReadonlyMap<string, KnownAlert>;

  constructor(alerts: ReadonlyMap<string, KnownAlert>) {
    this.alerts = alerts;
  }

  silenceWritten({ sk, attributes }: Item, nowMs: number): void {
    const [matcher] = JSON.parse(String(attributes['matchers'])) as { readonly name: string; readonly value: string }[];
    if (matcher === undefined) return;
    this.silences.set(sk, { label: matcher.name, value: matcher.value, startsAtMs: Number(attributes['startsAtMs']), endsAtMs: Number(attributes['endsAtMs']), writtenAtMs: nowMs });
  }

  /** Whether a silence that was there by `knownMs` surely mutes the alert at a time. */
  isSilenced({ expected }: KnownAlert, atMs: number, knownMs: number): boolean {
    return this.silencesOf(expected.labels).some(({ startsAtMs, endsAtMs, writtenAtMs }) => writtenAtMs < knownMs && startsAtMs <= atMs && atMs < endsAtMs);
  }

  /** Whether the data centre's own alert fired all the time. */
  isInhibited(alert: KnownAlert, window: Window): boolean {
    const source = this.sourceOf(alert);
    return source !== undefined && phasesIn(source, window).every((phase) => phase === 'firing');
  }

  /** Whether anything may have muted the alert at any time of the window. */
  mayBeMuted(alert: KnownAlert, { fromMs, toMs }: Window): boolean {
    const source = this.sourceOf(alert);
    if (source !== undefined && phasesIn(source, { fromMs, toMs }).includes('firing')) return true;
    return this.silencesOf(alert.expected.labels).some(({ startsAtMs, endsAtMs }) => startsAtMs <= toMs && fromMs <= endsAtMs);
  }

  private silencesOf(labels: Readonly<Record<string, string>>): readonly WrittenSilence[] {
    return [...this.silences.values()].filter(({ label, value }) => labels[label] === value);
  }

  private sourceOf({ expected }: KnownAlert): KnownAlert | undefined {
    if (expected.rule !== 'TargetDown') return undefined;
    return [...this.alerts.values()].find((each) => each.expected.rule === 'DcDown' && each.expected.labels['dc'] === expected.labels['dc']);
  }
}

/** Every phase that the alert had in the window. */
export const phasesIn = ({ history }: KnownAlert, { fromMs, toMs }: Window): readonly (string | undefined)[] => {
  const phases = history.filter(({ sinceMs }, i) => sinceMs <= toMs && (history[i + 1]?.sinceMs ?? Infinity) >= fromMs).map(({ phase }) => phase);
  const firstMs = history[0]?.sinceMs ?? Infinity;
  return firstMs > fromMs ? [undefined, ...phases] : phases;
};
