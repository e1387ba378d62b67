import { installationWatermark, refreshShards } from '../../shared/catalog/watermarks.ts';
import { messageOf } from '../../shared/errors.ts';
import { SampleBatchBuilder } from '../../shared/model/sample-batch.ts';
import type { SampleBatch } from '../../shared/model/sample-batch.ts';
import { encodeFrame } from '../../shared/wire/frame.ts';
import type { OutgoingRecord, Shard } from '../../shared/wire/record-stream.ts';
import type { EvaluatePorts } from './evaluate-ports.ts';
import type { EvaluateMemory } from './memory.ts';
import type { TickReport } from './tick-report.ts';

/** Shards change by hand or by the scaler, minutes apart; ListShards allows some calls per second. */
const LIST_SHARDS_EVERY_MS = 60_000;

/**
 * Keeps the shards' list and watermarks moving: one heartbeat per open shard, so that an idle shard does not hold the
 * watermark back. None of it stops the evaluation: what fails is told, and the watermark stays where it is.
 */
export const walkRoad = async (ports: EvaluatePorts, memory: EvaluateMemory, nowMs: number, report: TickReport): Promise<void> => {
  try {
    if (memory.shardsListedAtMs === undefined || nowMs - memory.shardsListedAtMs >= LIST_SHARDS_EVERY_MS) {
      const shards = await ports.listShards();
      await refreshShards(ports.catalog, shards);
      memory.shards = shards;
      memory.shardsListedAtMs = nowMs;
    }
  } catch (error) {
    report.errors.push(`list shards: ${messageOf(error)}`);
  }
  const open = memory.shards.filter((shard) => shard.open);
  report.openShards = open.length;
  try {
    await ports.putRecords(open.map((shard) => heartbeat(shard, memory)));
    report.heartbeats = open.length;
  } catch (error) {
    report.errors.push(`put heartbeats: ${messageOf(error)}`);
    memory.shardsListedAtMs = undefined; // a shard may have been closed
  }
  report.watermarkMs = await installationWatermark(ports.catalog);
};

const heartbeat = (shard: Shard, memory: EvaluateMemory): OutgoingRecord => ({
  partitionKey: `heartbeat-${shard.shardId}`,
  explicitHashKey: shard.startingHashKey,
  data: ownFrame(memory, new SampleBatchBuilder().build()),
});

/** A frame of the evaluator's own, under the next of its record ids. */
export const ownFrame = (memory: EvaluateMemory, batch: SampleBatch): Uint8Array => {
  const recordId = Buffer.alloc(16);
  recordId.write(memory.holder, 0, 8, 'hex');
  recordId.writeBigUInt64BE(BigInt(memory.beats++), 8);
  return encodeFrame({ recordId, sender: 'tidemark/evaluate', flushIntervalMs: 0 }, batch, 'none');
};
