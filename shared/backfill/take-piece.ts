import { createHash } from 'node:crypto';
import { addBackfillFiles, backfillObjectKey, touchBackfill } from '../catalog/backfill-files.ts';
import type { HotFile } from '../catalog/hot-files.ts';
import type { ItemTable } from '../catalog/item-table.ts';
import { MetadataCache, saveMetadata } from '../catalog/metric-metadata.ts';
import { addClass } from '../lakes/class-rows.ts';
import { classPorts } from '../lakes/lakes.ts';
import type { SampleBatch } from '../model/sample-batch.ts';
import { buildHotObjects } from '../storage/hot-object.ts';
import { mapBounded } from '../storage/map-bounded.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { decodeFrame } from '../wire/frame.ts';
import { cutPiece, type PieceJudgement } from './cut-piece.ts';
import { hourText, type PieceReport } from './report.ts';

export interface PiecePorts {
  readonly objects: ObjectStore;
  readonly catalog: ItemTable;
}

export interface PieceOptions extends PieceJudgement {
  readonly run: string;
  readonly promotedLabels: readonly string[];
}

/** Each is a write of its own, and durable only once the disk or S3 says so. */
const PARALLEL_PUTS = 8;

/**
 * Takes one piece of a run, a frame: its samples wait as one object for each hour, in the lake of their class and named by what they
 * contain, which no query sees. Calling twice with the same bytes is the same as once.
 * @throws FrameError; PermanentError when the run is not there.
 */
export const takePiece = async (ports: PiecePorts, frame: Uint8Array, options: PieceOptions): Promise<PieceReport> => {
  const { catalog } = ports;
  const { run, nowMs } = options;
  const whole = decodeFrame(frame).batch;
  const { parts, metadata, rejected } = cutPiece(whole, options);
  await touchBackfill(catalog, run, nowMs, parts.flatMap(({ retentionClass }) => retentionClass?.name ?? []));
  const hours: string[] = [];
  for (const { retentionClass, batches } of parts) {
    // Before its first sample, as the store does; the planner clears up behind runs in the lakes that it knows.
    if (retentionClass !== undefined) await addClass(catalog, retentionClass);
    const files = await keepAside(retentionClass === undefined ? ports : classPorts(ports, retentionClass.name), batches, options);
    hours.push(...files.map(({ hour }) => hourText(hour, retentionClass?.name)));
  }
  await saveMetadata(catalog, new MetadataCache(), metadata, nowMs);
  return { samples: whole.tMs.length, stored: 0, rolledUp: 0, refused: rejected, hours };
};

const keepAside = async ({ objects, catalog }: PiecePorts, batches: readonly SampleBatch[], { run, promotedLabels }: PieceOptions): Promise<readonly HotFile[]> => {
  const files = await mapBounded(buildHotObjects(batches, { promotedLabels }), PARALLEL_PUTS, async ({ bytes, ...about }): Promise<HotFile> => {
    const key = backfillObjectKey(run, about.hour, createHash('sha256').update(bytes).digest('hex').slice(0, 24));
    await objects.putIfAbsent(key, bytes);
    return { ...about, key, bytes: bytes.length };
  });
  await addBackfillFiles(catalog, run, files);
  return files;
};
