import { allPartitions, readManifest, type Tier } from '../../../shared/catalog/partitions.ts';
import { deleteSeries } from '../../../shared/commands/delete.ts';
import type { CompactPorts } from '../../../shared/compaction/commit-attempt.ts';
import type { OpenRollup } from '../../../shared/compaction/rollup-sink.ts';
import { readList } from '../../../shared/compaction/sql-list.ts';
import { hourStartMs } from '../../../shared/model/hour.ts';
import type { ObjectListing } from '../../../shared/storage/object-store.ts';
import { readSamples } from '../../../shared/storage/hot-read.ts';
import { readTier } from '../../../shared/storage/tier-read.ts';
import { openTierRollup } from '../../../shared/storage/tier-rollup.ts';
import { openAdmin } from '../commands/open-admin.ts';
import { type CompactRoad, START_MS } from '../compact/compact-road.ts';

export const MINUTE_MS = 60_000;
/** The day of the road's hour is over, and its 1h partition due. */
export const CLOSED_MS = hourStartMs('2026-03-02-00') + 6 * MINUTE_MS;
export const openRollup: OpenRollup = () => openTierRollup(MINUTE_MS, { promotedLabels: ['host'] });

export const minute = (road: CompactRoad, nowMs: number, ports: CompactPorts = road.ports) => road.minute({ nowMs, openRollup, buckets: 2 }, ports);

export interface Deletion {
  readonly match: string;
  /** Seconds after the road's hour's start. */
  readonly from: number; // inclusive
  readonly to: number; // exclusive
}

export interface Deleted {
  readonly dryRun: boolean;
  readonly partitions: number;
  readonly rows: Readonly<Record<Tier, number>>;
}

export const runDelete = async (
  road: CompactRoad,
  { match, from, to }: Deletion,
  { dryRun = false, nowMs = CLOSED_MS, ports = road.ports as CompactPorts & { objects: ObjectListing } } = {},
): Promise<Deleted> => {
  const api = openAdmin({ ...ports, clockMs: () => nowMs, buckets: 2 });
  const [fromText, toText] = [from, to].map((s) => String(START_MS / 1000 + s)) as [string, string];
  return JSON.parse(await deleteSeries(api, { match, from: fromText, to: toText, dryRun, json: true, progress: () => undefined })) as Deleted;
};

/** Every number of every bucket of a tier, in text. */
export const bucketsOf = async ({ ports: { objects, catalog } }: CompactRoad, tier: '1m' | '1h'): Promise<readonly string[]> => {
  const lines: string[] = [];
  for (const { manifestKey } of await allPartitions(catalog, tier)) {
    for (const { key, bytes } of (await readManifest(objects, manifestKey)).files) {
      const { metrics, labels, offsets, startMs, ...columns } = await readTier((offset, length) => objects.get(key, { offset, length }), bytes, { fromMs: -Infinity, toMs: Infinity });
      metrics.forEach((metric, k) => {
        for (let i = offsets[k] as number; i < (offsets[k + 1] as number); i++) {
          const numbers = Object.entries(columns).map(([name, column]) => `${name}=${Object.is(column[i], -0) ? '-0' : String(column[i])}`);
          lines.push([metric, labels[k], ((startMs[i] as number) - START_MS) / 1000, ...numbers].join(' '));
        }
      });
    }
  }
  return lines.sort();
};

/** `metric labels s` of every raw row that the SQL list of an hour shows. */
export const listedRows = async ({ ports: { objects } }: CompactRoad, hour: string): Promise<readonly string[]> => {
  const lines: string[] = [];
  for (const address of await readList(objects, 'raw', hour)) {
    const key = address.replace('file:///lake/', '');
    const whole = await objects.get(key);
    const { metrics, labels, offsets, tMs } = await readSamples((offset, length) => objects.get(key, { offset, length }), whole.length, { fromMs: -Infinity, toMs: Infinity });
    metrics.forEach((metric, k) => {
      for (let i = offsets[k] as number; i < (offsets[k + 1] as number); i++) lines.push(`${metric} ${labels[k]} ${((tMs[i] as number) - START_MS) / 1000}`);
    });
  }
  return lines.sort();
};
