import { installationWatermark } from '../../shared/catalog/watermarks.ts';
import { ThrottledError, UnavailableError } from '../../shared/errors.ts';
import { labelsToJson, labelValue, METRIC_NAME } from '../../shared/model/labels.ts';
import { bitsOf } from '../../shared/model/stale.ts';
import { evaluateInstant } from '../../shared/promql/engine.ts';
import { makePieceCache } from '../../shared/storage/piece-cache.ts';
import { makeSelectSeries } from '../../shared/storage/select-series.ts';
import { METRICS } from './content.ts';
import type { Faults } from './faults.ts';
import type { Pace } from './pace.ts';
import { never, SimProcess } from './process.ts';
import type { Scheduler } from './scheduler.ts';
import { identityOf, type ValueBits } from './sample.ts';
import type { SimItems } from './sim-items.ts';
import type { SimObjects } from './sim-objects.ts';
import { type Truth, Violation } from './truth.ts';

export interface ReaderParts {
  readonly faults: Faults;
  readonly objects: SimObjects;
  readonly items: SimItems;
  readonly truth: Truth;
  readonly pace: Pace;
  /** Told of every read that was answered. */
  readonly check: (read: Read) => void;
}

/** What a reader was told: the watermark first, then every sample of a metric, or of all. */
export interface Read {
  /** Events of the scheduler before the read began. */
  readonly startedAt: number;
  readonly endedMs: number;
  readonly watermarkMs: number | undefined;
  readonly metric: string | undefined;
  readonly samples: ReadonlyMap<string, ValueBits>;
}

const CACHE_BYTES = 1_000_000;
const HOUR_MS = 3_600_000;

/** Longer than any raw sample is kept. */
const RANGE = '20d';

/** Reads now and then, all in all as often as the scenario lasts; a failed read is tried again later. */
export const runReader = async (parts: ReaderParts, name: string): Promise<never> => {
  const { faults, truth, pace } = parts;
  const { scheduler } = faults;
  const { random } = scheduler;
  for (let life = 0; ; life++) {
    const process = new SimProcess(`${name}-${life}`);
    const outcome = await process.run(async () => {
      const read = openReader(parts, process);
      for (;;) {
        await pauseOf(pace, scheduler, process.name);
        if (!process.alive) await never();
        await read(random.chance(0.5) ? undefined : random.pick(METRICS));
      }
    });
    if (outcome.end === 'failed') truth.violate(outcome.error instanceof Violation ? outcome.error : new Violation('reads fail by outages alone', String(outcome.error)));
  }
};

/** Until some time has passed, or a compactor is at it: half of the reads are to meet a commit. */
export const pauseOf = async (pace: Pace, { random, sleep }: Scheduler, name: string): Promise<void> => {
  await sleep(random.int(1, pace.readPauseMs), name);
  if (pace.compactMs === 0 || random.chance(0.5)) return;
  const isWorking = await Promise.race([pace.working().then(() => true), sleep(pace.readPauseMs, name).then(() => false)]);
  if (isWorking) await sleep(random.int(1, 400), name);
};

/** A reader with a memory of its own. False when the read failed for an outage. */
export const openReader = ({ faults, objects, items, check }: ReaderParts, process: SimProcess): ((metric: string | undefined) => Promise<boolean>) => {
  const { scheduler } = faults;
  const catalog = items.through(faults, process);
  const select = makeSelectSeries({ objects: objects.through(faults, process), catalog, cache: makePieceCache(CACHE_BYTES), limits: { maxSamples: 1_000_000 } });
  return async (metric) => {
    const startedAt = scheduler.events;
    try {
      const watermarkMs = await installationWatermark(catalog);
      const result = await evaluateInstant(select, `${metric ?? '{__name__!=""}'}[${RANGE}]`, scheduler.nowMs() + 2 * HOUR_MS);
      if (result.type !== 'matrix') throw new Violation('a range selector gives a matrix', `found a ${result.type}`);
      check({ startedAt, endedMs: scheduler.nowMs(), watermarkMs, metric, samples: samplesOf(result.series) });
      scheduler.note(`read ${metric ?? 'all'} at ${watermarkMs}`);
      return true;
    } catch (error) {
      if (error instanceof ThrottledError || error instanceof UnavailableError) return false;
      throw error;
    }
  };
};

const samplesOf = (series: readonly { readonly labels: Parameters<typeof labelsToJson>[0]; readonly tMs: Float64Array; readonly values: Float64Array }[]): Map<string, ValueBits> => {
  const samples = new Map<string, ValueBits>();
  for (const { labels, tMs, values } of series) {
    const bits = bitsOf(values);
    const metric = labelValue(labels, METRIC_NAME);
    const json = labelsToJson(labels);
    for (let i = 0; i < tMs.length; i++) {
      const identity = identityOf(metric, json, tMs[i] as number);
      if (samples.has(identity)) throw new Violation('each sample is queryable once', `${identity} stands twice in one answer`);
      samples.set(identity, { low: bits[2 * i] as number, high: bits[2 * i + 1] as number });
    }
  }
  return samples;
};
