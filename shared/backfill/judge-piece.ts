import type { ItemTable } from '../catalog/item-table.ts';
import { readEntry } from '../catalog/partitions.ts';
import { type Coverage, readCoverage } from '../compaction/coverage.ts';
import { classPorts } from '../lakes/lakes.ts';
import { hourStartMs } from '../model/hour.ts';
import { RejectionList } from '../protocols/decoded.ts';
import { cutByHour, type HourOfSamples } from '../storage/hot-hours.ts';
import { sortSamples } from '../storage/hot-sort.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { decodeFrame } from '../wire/frame.ts';
import { placeOf } from './age.ts';
import { cutPiece, type PieceJudgement } from './cut-piece.ts';
import { hourText, type PieceReport, TAKEN, TOO_OLD } from './report.ts';
import { takenInPartition } from './taken-cells.ts';

export interface JudgePorts {
  readonly objects: Pick<ObjectStore, 'get'>;
  readonly catalog: ItemTable;
}

/** What would become of the samples of a piece, by the partitions as they stand. Writes nothing. @throws FrameError */
export const judgePiece = async (ports: JudgePorts, frame: Uint8Array, judgement: PieceJudgement): Promise<PieceReport> => {
  const { batch } = decodeFrame(frame);
  const { parts, rejected } = cutPiece(batch, judgement);
  const tally = { stored: 0, rolledUp: 0, refused: new RejectionList() };
  const hours: string[] = [];
  for (const { retentionClass, batches } of parts) {
    const lake = retentionClass === undefined ? ports : classPorts(ports, retentionClass.name);
    const coverage = await readCoverage(lake.catalog, retentionClass?.retention ?? judgement.retention);
    for (const hour of cutByHour(sortSamples(batches))) {
      await judgeHour(lake, hour, coverage, judgement.nowMs, tally);
      hours.push(hourText(hour.hour, retentionClass?.name));
    }
  }
  const { stored, rolledUp, refused } = tally;
  return { samples: batch.tMs.length, stored, rolledUp, refused: [...rejected, ...refused.take()], hours };
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
