import type { ItemTable } from '../catalog/item-table.ts';
import { readEntry } from '../catalog/partitions.ts';
import { type Coverage, readCoverage } from '../compaction/coverage.ts';
import { hourStartMs } from '../model/hour.ts';
import { RejectionList } from '../protocols/decoded.ts';
import { applyLimits } from '../protocols/limits.ts';
import { cutByHour, type HourOfSamples } from '../storage/hot-hours.ts';
import { sortSamples } from '../storage/hot-sort.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { Retention } from '../tiers/retention.ts';
import { decodeFrame } from '../wire/frame.ts';
import { backfillLimits, placeOf } from './age.ts';
import { type PieceReport, TAKEN, TOO_OLD } from './report.ts';
import { takenInPartition } from './taken-cells.ts';

export interface JudgePorts {
  readonly objects: Pick<ObjectStore, 'get'>;
  readonly catalog: ItemTable;
}

/** What would become of the samples of a piece, by the partitions as they stand. Writes nothing. @throws FrameError */
export const judgePiece = async (ports: JudgePorts, frame: Uint8Array, retention: Retention, nowMs: number): Promise<PieceReport> => {
  const { batch } = decodeFrame(frame);
  const { batch: kept, rejected } = applyLimits(batch, nowMs, backfillLimits(retention));
  const coverage = await readCoverage(ports.catalog, retention);
  const tally = { stored: 0, rolledUp: 0, refused: new RejectionList() };
  const hours = cutByHour(sortSamples([kept]));
  for (const hour of hours) await judgeHour(ports, hour, coverage, nowMs, tally);
  const { stored, rolledUp, refused } = tally;
  return { samples: batch.tMs.length, stored, rolledUp, refused: [...rejected, ...refused.take()], hours: hours.map(({ hour }) => hour) };
};

const judgeHour = async (
  { objects, catalog }: JudgePorts,
  { hour, samples }: HourOfSamples,
  coverage: Coverage,
  nowMs: number,
  tally: { stored: number; rolledUp: number; readonly refused: RejectionList },
): Promise<void> => {
  const place = placeOf(hour, coverage, nowMs);
  if (place === undefined) tally.refused.add(TOO_OLD, samples.tMs.length, () => hour);
  else if (place.tier === 'raw') tally.stored += samples.tMs.length;
  else {
    const { tier } = place;
    const isTaken = await takenInPartition(objects, await readEntry(catalog, tier, place.dt));
    const { metrics, labels, metricOf, labelsOf, offsets } = samples;
    metricOf.forEach((id, k) => {
      const count = (offsets[k + 1] as number) - (offsets[k] as number);
      if (isTaken(metrics[id] as string, labels[labelsOf[k] as number] as string, hourStartMs(hour))) tally.refused.add(TAKEN(tier), count, () => hour);
      else tally.rolledUp += count;
    });
  }
};
