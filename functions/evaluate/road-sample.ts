import type { SlotClock } from '../../shared/alerting/slots.ts';
import { METRIC_NAME } from '../../shared/model/labels.ts';
import { messageOf } from '../../shared/errors.ts';
import { SampleBatchBuilder } from '../../shared/model/sample-batch.ts';
import { DEFAULT_LOOKBACK_MS } from '../../shared/promql/engine.ts';
import type { EvaluatePorts } from './evaluate-ports.ts';
import type { EvaluateMemory } from './memory.ts';
import { ownFrame } from './road.ts';
import type { TickReport } from './tick-report.ts';
import type { TickScope } from './tick-scope.ts';

/** The series that travels the whole road: each sample's value is its own time in seconds. */
export const ROAD_METRIC = 'tidemark_road_timestamp_seconds';

/**
 * Puts a sample on the road, for `readRoad` to find again; its key spreads the samples over the shards. In a quiet installation that is
 * an object in each window of the mapping: $1.30 of S3 requests a month at 10 s ($5 a million PUTs, us-east-1).
 */
export const sendRoadSample = async (ports: EvaluatePorts, memory: EvaluateMemory, nowMs: number, report: TickReport): Promise<void> => {
  const batch = new SampleBatchBuilder();
  batch.series(ROAD_METRIC, '{}');
  batch.sample(nowMs, nowMs / 1000);
  try {
    await ports.putRecords([{ partitionKey: `road-${nowMs}`, data: ownFrame(memory, batch.build()) }]);
  } catch (error) {
    report.errors.push(`put the road's sample: ${messageOf(error)}`);
  }
};

/**
 * What has come back of the samples that ticks put on the road: through the stream, the store, an object and the catalog, read as
 * rules read. Its age is the road's; the newest of those that rules count now says how old a change is when a rule sees it, to
 * which a group adds up to its interval. A failure is told, and the ages go on from what was known.
 */
export const readRoad = async ({ reads: { select }, report }: TickScope, memory: EvaluateMemory, { nowMs, watermarkMs = 0, latenessMs, capMs }: SlotClock): Promise<void> => {
  const { road } = memory;
  const ruleTimeMs = Math.max(watermarkMs - latenessMs, nowMs - latenessMs - capMs);
  try {
    // As far back as a rule looks for a series; only from what rules counted last, once that is known.
    const fromMs = Math.max(nowMs - DEFAULT_LOOKBACK_MS, road.countedMs ?? 0);
    const { tMs } = await select({ matchers: [{ name: METRIC_NAME, op: '=', value: ROAD_METRIC }], fromMs, toMs: nowMs });
    for (const sampleMs of tMs) {
      if (sampleMs > nowMs) continue; // a predecessor's clock ran ahead, or ours was set back
      road.newestMs = Math.max(road.newestMs ?? sampleMs, sampleMs);
      if (sampleMs <= ruleTimeMs) road.countedMs = Math.max(road.countedMs ?? sampleMs, sampleMs);
    }
  } catch (error) {
    report.errors.push(`read the road: ${messageOf(error)}`);
  }
  if (road.newestMs !== undefined) report.roadAgeMs = nowMs - road.newestMs;
  if (road.countedMs !== undefined) report.detectionLatencyMs = nowMs - road.countedMs;
};
