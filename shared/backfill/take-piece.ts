import { createHash } from 'node:crypto';
import { addBackfillFiles, backfillObjectKey, touchBackfill } from '../catalog/backfill-files.ts';
import type { HotFile } from '../catalog/hot-files.ts';
import type { ItemTable } from '../catalog/item-table.ts';
import { MetadataCache, saveMetadata } from '../catalog/metric-metadata.ts';
import { applyLimits } from '../protocols/limits.ts';
import { buildHotObjects } from '../storage/hot-object.ts';
import { mapBounded } from '../storage/map-bounded.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { Retention } from '../tiers/retention.ts';
import { decodeFrame } from '../wire/frame.ts';
import { backfillLimits } from './age.ts';
import type { PieceReport } from './report.ts';

export interface PiecePorts {
  readonly objects: ObjectStore;
  readonly catalog: ItemTable;
}

export interface PieceOptions {
  readonly run: string;
  readonly nowMs: number;
  readonly promotedLabels: readonly string[];
  readonly retention: Retention;
}

/** Each is a write of its own, and durable only once the disk or S3 says so. */
const PARALLEL_PUTS = 8;

/**
 * Takes one piece of a run, a frame: its samples wait as one object for each hour, named by what they contain, which no query sees.
 * Calling twice with the same bytes is the same as once.
 * @throws FrameError; PermanentError when the run is not there.
 */
export const takePiece = async (ports: PiecePorts, frame: Uint8Array, { run, nowMs, promotedLabels, retention }: PieceOptions): Promise<PieceReport> => {
  const { objects, catalog } = ports;
  const whole = decodeFrame(frame).batch;
  const { batch, rejected } = applyLimits(whole, nowMs, backfillLimits(retention));
  await touchBackfill(catalog, run, nowMs);
  const files = await mapBounded(buildHotObjects([batch], { promotedLabels }), PARALLEL_PUTS, async ({ bytes, ...about }): Promise<HotFile> => {
    const key = backfillObjectKey(run, about.hour, createHash('sha256').update(bytes).digest('hex').slice(0, 24));
    await objects.putIfAbsent(key, bytes);
    return { ...about, key, bytes: bytes.length };
  });
  await addBackfillFiles(catalog, run, files);
  await saveMetadata(catalog, new MetadataCache(), batch.metadata, nowMs);
  return { samples: whole.tMs.length, stored: 0, rolledUp: 0, refused: rejected, hours: files.map(({ hour }) => hour) };
};
