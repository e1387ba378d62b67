import { messageOf } from '../errors.ts';
import { evaluateInstant, evaluateRange } from '../promql/engine.ts';
import type { RangeBounds } from '../promql/engine.ts';
import { PromqlLimitError } from '../promql/errors.ts';
import { joinBlocks } from '../promql/join-blocks.ts';
import { METRIC_NAME } from '../model/labels.ts';
import { instantVector } from '../promql/query-result.ts';
import type { InstantSample, QueryResult } from '../promql/query-result.ts';
import type { SelectTiers, TieredBlock } from '../promql/tier-source.ts';
import type { BacktestPorts, History } from './backtest-ports.ts';
import { HeldTiers, cutBlock } from './held-tiers.ts';
import type { MadeSeries, SlotPlace } from './made-series.ts';
import type { RuleReads } from './rule-reads.ts';

/** What ends a backtest, unlike the error of a rule: history cannot be read, or nobody waits any more. */
export class BrokenOff extends Error {
  override readonly name = 'BrokenOff';
}

/** What a query has given, and out of what. */
export interface Asked {
  readonly vector: readonly InstantSample[];
  readonly tiers: QueryResult['tiers'];
}

export interface ChunkSetting {
  readonly ports: Pick<BacktestPorts, 'check'>;
  readonly history: History;
  readonly made: MadeSeries;
  readonly reads: RuleReads;
  /** The first slot of the whole run: before it, what is stored of the rules' own series counts. */
  readonly fromMs: number;
  /** The last evaluation time of the chunk. */
  readonly lastMs: number;
}

/** The queries of one chunk of slots, over what is stored and what rules have made. */
export class ChunkQueries {
  private readonly setting: ChunkSetting;
  private readonly stored: SelectTiers;
  private readonly held: HeldTiers;
  private readonly check: () => void;

  constructor(setting: ChunkSetting) {
    this.setting = setting;
    this.stored = unlessLimited(setting.history.tiers);
    this.held = new HeldTiers(this.stored, setting.lastMs);
    this.check = () => {
      try {
        setting.ports.check();
      } catch (cause) {
        throw new BrokenOff(messageOf(cause), { cause });
      }
    };
  }

  /** Over what is stored alone. */
  range(query: string, bounds: RangeBounds): Promise<QueryResult> {
    const { select, batches } = this.setting.history;
    const sources = { tiers: { select: this.stored, resolution: 'raw' as const, keepsSampleTimes: true }, ...(batches && { batches: unlessLimited(batches) }) };
    return evaluateRange(unlessLimited(select), query, bounds, { check: this.check, sources });
  }

  /** As a rule of the place sees it. */
  async instant(query: string, place: SlotPlace): Promise<Asked> {
    const result = await evaluateInstant(samplesOf(this.seen(place)), query, place.slotMs, this.options(place));
    return { vector: instantVector(result), tiers: result.tiers };
  }

  /** As {@link instant}, over times up to the slot. */
  rangeAt(query: string, bounds: RangeBounds, place: SlotPlace): Promise<QueryResult> {
    return evaluateRange(samplesOf(this.seen(place)), query, bounds, this.options(place));
  }

  private options(place: SlotPlace) {
    return { check: this.check, sources: { tiers: { select: this.seen(place), resolution: 'raw' as const, keepsSampleTimes: true } } };
  }

  private seen(place: SlotPlace): SelectTiers {
    const { made, reads, fromMs } = this.setting;
    const stored = this.held.at(place.slotMs);
    return async (asked) => {
      // What comes after the slot is not there when it is evaluated.
      const request = { ...asked, toMs: Math.min(asked.toMs, place.slotMs) };
      const block = await stored(request);
      const name = request.matchers.find((matcher) => matcher.name === METRIC_NAME && matcher.op === '=')?.value;
      // Of the rules' own metrics buckets would be of what earlier versions of the rules have made.
      const { raw, ...others } = name !== undefined && reads.isRecorded(name) ? { ...block, buckets: noBuckets(block), segments: [] } : block;
      const own = made.find(request, place);
      const before = cutBlock(raw, (labels) => reads.isOwn(labels), -Infinity, fromMs - 1);
      const foreign = before.labels.length === 0 && !raw.labels.some((labels) => reads.isOwn(labels)) ? raw : cutBlock(raw, (labels) => !reads.isOwn(labels), -Infinity, Infinity);
      const parts = [foreign, before, own].filter(({ labels }) => labels.length > 0);
      return { ...others, raw: parts.length === 0 ? foreign : joinBlocks(parts) };
    };
  }
}

const noBuckets = ({ buckets }: TieredBlock): TieredBlock['buckets'] => ({ ...buckets, labels: [], offsets: new Uint32Array(1) });

const NO_COLUMNS = [] as const;

/** Out of samples alone: what is folded while it is read. */
const samplesOf = (select: SelectTiers) => async (request: Parameters<History['select']>[0]) => (await select({ ...request, prefer: 'raw', columns: NO_COLUMNS })).raw;

/** Limits are the rule's fault, everything else that reading throws is none. */
const unlessLimited =
  <R, T>(read: (request: R) => Promise<T>): ((request: R) => Promise<T>) =>
  async (request) => {
    try {
      return await read(request);
    } catch (cause) {
      if (cause instanceof PromqlLimitError || cause instanceof BrokenOff) throw cause;
      throw new BrokenOff(messageOf(cause), { cause });
    }
  };
