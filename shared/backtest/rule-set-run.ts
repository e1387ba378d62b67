import { advanceRule } from '../alerting/advance-rule.ts';
import { alertSeries } from '../alerting/alert-series.ts';
import { findNoData } from '../alerting/no-data.ts';
import { ROSTER_STEP_MS, lastSeenIn } from '../alerting/roster.ts';
import type { Roster, SeenSeries } from '../alerting/roster.ts';
import { samplesOfRule } from '../alerting/rule-samples.ts';
import type { AlertsByLabels } from '../alerting/state-items.ts';
import { messageOf } from '../errors.ts';
import { PromqlLimitError } from '../promql/errors.ts';
import type { InstantSample } from '../promql/query-result.ts';
import { NO_SERIES, afterSlot, endedInStage, endedSeries } from '../rules/group-series.ts';
import type { GroupSeries } from '../rules/group-series.ts';
import { recordedSamples } from '../rules/recorded-samples.ts';
import type { RecordedSample } from '../rules/recorded-samples.ts';
import type { AlertingRule, Rule, RuleGroup } from '../rules/rule-group.ts';
import { stagesOf } from '../rules/rule-stages.ts';
import { mapBounded } from '../storage/map-bounded.ts';
import type { BacktestPorts } from './backtest-ports.ts';
import { BrokenOff, ChunkQueries } from './chunk-queries.ts';
import type { Asked } from './chunk-queries.ts';
import { MadeSeries } from './made-series.ts';
import type { SlotPlace } from './made-series.ts';
import { PageLog } from './page-log.ts';
import { RangeVectors } from './range-vectors.ts';
import { EpisodeLog } from './episode-log.ts';
import type { BacktestReport } from './report.ts';
import { RuleLog } from './rule-log.ts';
import { RuleReads } from './rule-reads.ts';
import { slotsOf } from './slot-grid.ts';
import type { DueRange } from './slot-grid.ts';

/** Range queries of a chunk at once: enough to hide the latency of reads. */
const RULES_PARALLEL = 4;

/** Values of range results that are held for one chunk: 16 bytes each. */
const MAX_CELLS = 10_000_000;

const NO_ALERTS: AlertsByLabels = new Map();

/** A chunk in which there would be too much to hold at once: a shorter one may do. */
export class ChunkTooLarge extends Error {
  override readonly name = 'ChunkTooLarge';
}

/** One set of rules on its way through history: the evaluator's own steps, over slots that are all complete. */
export class RuleSetRun {
  /** By rule id. */
  private readonly alerts = new Map<string, AlertsByLabels>();
  private readonly rosters = new Map<string, Roster>();
  private readonly logs = new Map<string, RuleLog>();
  private readonly lastSeries = new Map<string, GroupSeries>();
  private readonly made = new MadeSeries();
  private readonly episodes = new EpisodeLog();
  private readonly pages: PageLog | undefined;
  private readonly reads: RuleReads;
  /** By group id. */
  private readonly stages: ReadonlyMap<string, ReturnType<typeof stagesOf>>;
  private readonly groups: readonly RuleGroup[];
  private readonly ports: BacktestPorts;
  private readonly range: DueRange;

  constructor(groups: readonly RuleGroup[], ports: BacktestPorts, range: DueRange) {
    this.groups = groups;
    this.ports = ports;
    this.range = range;
    this.reads = new RuleReads(groups);
    this.stages = new Map(groups.map((group) => [group.id, stagesOf(group.rules)]));
    for (const group of groups) for (const rule of group.rules) this.logs.set(rule.id, new RuleLog(group, rule));
    this.pages = ports.pager === undefined ? undefined : new PageLog(ports.pager, this.alerts, this.logs);
  }

  /** Episodes that have fired so far. */
  get fired(): number {
    return [...this.logs.values()].reduce((sum, { alerts }) => sum + alerts, 0);
  }

  /**
   * The slots that are due in a chunk. Nothing has happened when it rejects with ChunkTooLarge.
   * @throws BrokenOff, ChunkTooLarge, PermanentError
   */
  async step(chunk: DueRange): Promise<void> {
    const places = slotsOf(this.groups, chunk);
    if (places.length === 0) return;
    const setting = { ports: this.ports, history: this.ports.openHistory(), made: this.made, reads: this.reads, fromMs: this.range.fromMs, lastMs: Math.max(...places.map(({ slotMs }) => slotMs)) };
    const queries = new ChunkQueries(setting);
    const vectors = await this.evaluateRanges(queries, chunk, places.length === this.groups.length);
    const groupOf = new Map(this.groups.map((group) => [group.id, group]));
    for (const [i, place] of places.entries()) {
      if (this.pages !== undefined && place.dueMs > (places[i - 1]?.dueMs ?? -Infinity)) await this.pages.timersUpTo(place.dueMs);
      await this.evaluateSlot(groupOf.get(place.groupId) as RuleGroup, place, queries, vectors);
      if (this.pages !== undefined && place.dueMs < (places[i + 1]?.dueMs ?? Infinity)) await this.pages.flush(place.dueMs);
      await this.ports.yieldTurn();
    }
    this.made.forget(chunk.toMs - this.reads.horizonMs);
  }

  /** To the end of the range, behind the last chunk. */
  async end(): Promise<BacktestReport> {
    await this.pages?.timersUpTo(this.range.toMs);
    return this.episodes.report({ groups: this.groups, logs: this.logs, range: this.range, ...(this.pages && { pages: this.pages }) });
  }

  /** Of the rules that can be evaluated so; the others, and those that give an error so, are evaluated slot by slot. */
  private async evaluateRanges(queries: ChunkQueries, chunk: DueRange, isSmallest: boolean): Promise<ReadonlyMap<string, RangeVectors>> {
    const vectors = new Map<string, RangeVectors>();
    let cells = 0;
    const wanted = this.groups.flatMap((group) => {
      const times = slotsOf([group], chunk);
      const [first, last] = [times[0], times.at(-1)];
      if (first === undefined || last === undefined) return [];
      const bounds = { startMs: first.slotMs, endMs: last.slotMs, stepMs: group.intervalMs };
      return group.rules.filter((rule) => this.reads.canRange(rule)).map((rule) => ({ rule, bounds }));
    });
    await mapBounded(wanted, RULES_PARALLEL, async ({ rule, bounds }) => {
      try {
        const result = await queries.range(rule.query, bounds);
        const found = new RangeVectors(result);
        cells += found.cells;
        if (cells > MAX_CELLS && !isSmallest) throw new ChunkTooLarge(`found more than ${MAX_CELLS} values`);
        vectors.set(rule.id, found);
        for (const tier of result.tiers) this.logs.get(rule.id)?.tiers.add(tier);
      } catch (error) {
        if (error instanceof BrokenOff || error instanceof ChunkTooLarge) throw error;
        if (error instanceof PromqlLimitError && !isSmallest) throw new ChunkTooLarge(messageOf(error), { cause: error });
      }
      await this.ports.yieldTurn();
    });
    return vectors;
  }

  private async evaluateSlot(group: RuleGroup, place: SlotPlace, queries: ChunkQueries, vectors: ReadonlyMap<string, RangeVectors>): Promise<void> {
    const before = this.lastSeries.get(group.id) ?? NO_SERIES;
    const made = new Map<string, readonly RecordedSample[]>();
    const silent = new Set<string>();
    const stages = this.stages.get(group.id) ?? [];
    for (const [i, stage] of stages.entries()) {
      for (const rule of stage) {
        try {
          made.set(rule.id, await this.evaluateRule(group, rule, place, queries, vectors.get(rule.id)));
        } catch (error) {
          if (error instanceof BrokenOff) throw error;
          silent.add(rule.id);
          this.logs.get(rule.id)?.failed(messageOf(error), place.slotMs);
        }
      }
      const ended = endedInStage(before, made, stage, stages.slice(i + 1).flat());
      this.made.add(place, { samples: stage.flatMap((rule) => made.get(rule.id) ?? []), ended });
    }
    this.made.add(place, { samples: [], ended: endedSeries(before, made, silent) });
    this.lastSeries.set(group.id, afterSlot(before, made, silent, { slotMs: place.slotMs, sentAtMs: place.slotMs, series: { samples: [], ended: [] } }, place.slotMs));
  }

  /** The series that it makes, where somebody reads them. */
  private async evaluateRule(group: RuleGroup, rule: Rule, place: SlotPlace, queries: ChunkQueries, vectors: RangeVectors | undefined): Promise<readonly RecordedSample[]> {
    const log = this.logs.get(rule.id) as RuleLog;
    const ask = async (query: string): Promise<Asked['vector']> => {
      const { vector, tiers } = await queries.instant(query, place);
      for (const tier of tiers) log.tiers.add(tier);
      return vector;
    };
    const vector = vectors?.at(place.slotMs) ?? (await ask(rule.query));
    if (rule.kind === 'recording') {
      const samples = recordedSamples(rule, vector, group.limit);
      return this.reads.isRead(rule) ? samples : [];
    }
    const alerts = await this.advance(group, rule, vector, place, queries, ask);
    return this.reads.isRead(rule) ? alertSeries(alerts) : [];
  }

  private async advance(group: RuleGroup, rule: AlertingRule, vector: readonly InstantSample[], place: SlotPlace, queries: ChunkQueries, ask: (query: string) => Promise<Asked['vector']>): Promise<AlertsByLabels> {
    const { slotMs } = place;
    const before = this.alerts.get(rule.id) ?? NO_ALERTS;
    if (vector.length === 0 && before.size === 0 && rule.noData.mode === 'ok') return before;
    const seen = async (query: string, startMs: number, endMs: number): Promise<readonly SeenSeries[]> => lastSeenIn(await queries.rangeAt(query, { startMs, endMs, stepMs: ROSTER_STEP_MS }, place));
    const { missing, held, roster } = await findNoData(rule, { alerts: before, roster: this.rosters.get(rule.id), retirements: [] }, slotMs, { now: ask, seen });
    const { externalLabels, externalUrl } = this.ports;
    // Annotations are no part of what an alert is, and may be dear.
    const samples = await samplesOfRule({ ...rule, annotations: [] }, [...vector, ...missing], { tMs: slotMs, externalLabels, externalUrl, query: ask });
    const { alerts, changes } = advanceRule(rule, before, samples, { slotMs, complete: true }, group.limit, held);
    this.alerts.set(rule.id, alerts);
    if (roster !== undefined) this.rosters.set(rule.id, roster);
    this.episodes.take((this.logs.get(rule.id) as RuleLog).take(changes, slotMs));
    return alerts;
  }
}
