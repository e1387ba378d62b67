import type { BackfillFile, BackfillOptions } from '../../../shared/commands/backfill.ts';
import { backfill } from '../../../shared/commands/backfill.ts';
import type { Api } from '../../../shared/commands/api.ts';
import { DEFAULT_COLUMNS } from '../../../shared/backfill/csv.ts';
import { allPartitions, readManifest, type Tier } from '../../../shared/catalog/partitions.ts';
import type { CompactPorts } from '../../../shared/compaction/commit-attempt.ts';
import { readTier } from '../../../shared/storage/tier-read.ts';
import { openAdmin } from '../commands/open-admin.ts';

/** What the command says with --json. */
export interface Outcome {
  readonly samples: { readonly read: number; readonly stored: number; readonly rolledUp: number; readonly repeated: number };
  readonly refused: readonly { readonly reason: string; readonly samples: number }[];
  readonly cells: { readonly filled: number; readonly skipped: number };
  readonly hours: number;
  readonly partitions: Readonly<Record<Tier, number>>;
}

export const textFile = (file: string, text: string): BackfillFile => ({
  file,
  bytes: Buffer.byteLength(text),
  open: async function* () {
    // In pieces that cut lines.
    for (let at = 0; at < text.length; at += 1000) yield Buffer.from(text.slice(at, at + 1000));
  },
  openParquet: () => {
    throw new Error('no Parquet');
  },
});

export const runBackfill = async (api: Api, files: readonly BackfillFile[], over: Partial<BackfillOptions> = {}): Promise<Outcome> =>
  JSON.parse(await backfill(api, files, { columns: DEFAULT_COLUMNS, dryRun: false, json: true, progress: () => undefined, ...over })) as Outcome;

let attempts = 0;

export const adminAt = (ports: CompactPorts, nowMs: () => number, over: { readonly buckets?: number } = {}): Api =>
  // The listing is for other commands.
  openAdmin({ ...(ports as unknown as Parameters<typeof openAdmin>[0]), clockMs: nowMs, nextAttempt: () => `bf${attempts++}`, ...over });

/** Series are told by their label host alone: `tier host startMs count sum` of every bucket of a tier. */
export const bucketsIn = async ({ objects, catalog }: CompactPorts, tier: '1m' | '1h'): Promise<readonly string[]> => {
  const lines: string[] = [];
  for (const { manifestKey } of await allPartitions(catalog, tier)) {
    for (const { key, bytes } of (await readManifest(objects, manifestKey)).files) {
      const read = await readTier((offset, length) => objects.get(key, { offset, length }), bytes, { fromMs: -Infinity, toMs: Infinity });
      read.labels.forEach((labels, k) => {
        const { host } = JSON.parse(labels) as { host: string };
        for (let i = read.offsets[k] as number; i < (read.offsets[k + 1] as number); i++) lines.push([host, new Date(read.startMs[i] as number).toISOString().slice(5, 16), read.count[i], read.sum[i]].join(' '));
      });
    }
  }
  return lines.sort();
};
