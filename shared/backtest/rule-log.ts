import type { RuleChange } from '../alerting/advance-rule.ts';
import { PermanentError } from '../errors.ts';
import type { TierName } from '../promql/tier-source.ts';
import type { Rule, RuleGroup } from '../rules/rule-group.ts';
import type { Episode, Figures, RuleFigures } from './report.ts';

/** Of one rule: their keys are held, 200 bytes each. */
const MAX_SERIES = 1_000_000;

const MINUTE_MS = 60_000;
export const WEEK_MS = 604_800_000;

/** The times in which at least one of many things goes on. */
export class BusyTime {
  private running = 0;
  private sinceMs = 0;
  private sumMs = 0;

  begin(tMs: number): void {
    if (this.running++ === 0) this.sinceMs = tMs;
  }

  end(tMs: number): void {
    if (--this.running === 0) this.sumMs += tMs - this.sinceMs;
  }

  /** Up to `tMs`. */
  minutes(tMs: number): number {
    return (this.sumMs + (this.running > 0 ? tMs - this.sinceMs : 0)) / MINUTE_MS;
  }
}

/** What becomes of one rule, slot after slot. */
export class RuleLog {
  readonly tiers = new Set<TierName>();
  /** Notifications that named an alert of it; without a pipeline its firings are taken. */
  pages = 0;
  alerts = 0;
  private readonly group: RuleGroup;
  private readonly rule: Rule;
  private readonly open = new Map<string, Episode>();
  private readonly seen = new Set<string>();
  private readonly firing = new BusyTime();
  private pendingOnly = 0;
  private longestMs = 0;
  private errors = 0;
  private firstError: RuleFigures['firstError'];

  constructor(group: RuleGroup, rule: Rule) {
    this.group = group;
    this.rule = rule;
  }

  /**
   * The transitions of a slot; gives the episodes that it ends.
   * @throws PermanentError where there are too many label sets to tell apart.
   */
  take(changes: readonly RuleChange[], slotMs: number): readonly Episode[] {
    return changes.flatMap(({ key, alert }): Episode[] => {
      const before = this.open.get(key);
      if (alert === undefined || alert.phase === 'inactive') return before === undefined ? [] : [this.end(key, before, slotMs)];
      if (before === undefined) this.see(key);
      const isNew = alert.phase === 'firing' && before?.firedAtMs === undefined;
      if (before !== undefined && !isNew) return [];
      this.open.set(key, { ruleId: this.rule.id, labels: alert.labels, activeAtMs: alert.activeAtMs, ...(alert.phase === 'firing' && { firedAtMs: slotMs }) });
      if (isNew) {
        this.alerts++;
        this.firing.begin(slotMs);
      }
      return [];
    });
  }

  failed(text: string, atMs: number): void {
    this.errors++;
    this.firstError ??= { atMs, text };
  }

  /** Those that have not ended. */
  stillOpen(): readonly Episode[] {
    return [...this.open.values()];
  }

  /** Of [fromMs, toMs), of which `toMs` is the end. */
  figures(weeks: number, toMs: number, hasPages: boolean): RuleFigures {
    const { id: ruleId, name, kind } = this.rule;
    const pages = hasPages ? this.pages : this.alerts;
    const open = this.stillOpen();
    const longestMs = open.reduce((most, { firedAtMs }) => Math.max(most, firedAtMs === undefined ? 0 : toMs - firedAtMs), this.longestMs);
    const figures: Figures = {
      alerts: this.alerts,
      pendingOnly: this.pendingOnly + open.filter(({ firedAtMs }) => firedAtMs === undefined).length,
      pages,
      pagesPerWeek: pages / weeks,
      firingMinutes: this.firing.minutes(toMs),
      longestMinutes: longestMs / MINUTE_MS,
      series: this.seen.size,
      errors: this.errors,
    };
    return { ruleId, file: this.group.file, group: this.group.name, name, kind, ...figures, ...(this.firstError && { firstError: this.firstError }), tiers: [...this.tiers].sort() };
  }

  private end(key: string, episode: Episode, slotMs: number): Episode {
    this.open.delete(key);
    if (episode.firedAtMs === undefined) this.pendingOnly++;
    else {
      this.firing.end(slotMs);
      this.longestMs = Math.max(this.longestMs, slotMs - episode.firedAtMs);
    }
    return { ...episode, endedAtMs: slotMs };
  }

  private see(key: string): void {
    this.seen.add(key);
    if (this.seen.size > MAX_SERIES) throw new PermanentError(`backtest rule ${JSON.stringify(this.rule.name)}: found more than ${MAX_SERIES} label sets, that many are allowed; take what changes all the time out of its labels`);
  }
}
