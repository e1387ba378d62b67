import type { Labels } from '../model/labels.ts';
import { compareLabels, labelsKey } from '../promql/step-vector.ts';
import type { BucketBlock } from '../promql/tier-source.ts';
import { type BucketColumns, newBuckets } from '../tiers/bucket.ts';
import { uniteRows } from '../tiers/merge-buckets.ts';

interface Row {
  readonly block: BucketBlock;
  readonly row: number;
}

interface UnitedSeries {
  readonly labels: Labels;
  readonly rows: Row[];
}

/**
 * One block of several. Buckets of one series and start, which has samples of both where the series changed its retention class
 * inside of it, become one; a sample that is in both of them counts twice.
 */
export const uniteBuckets = (blocks: readonly BucketBlock[]): BucketBlock => {
  const filled = blocks.filter(({ labels }) => labels.length > 0);
  const [only] = filled.length === 0 ? blocks : filled;
  if (only !== undefined && filled.length <= 1) return only;
  const all = seriesOf(filled).sort((a, b) => compareLabels(a.labels, b.labels));
  const united = newBuckets(all.reduce((sum, { rows }) => sum + rows.length, 0));
  const offsets = new Uint32Array(all.length + 1);
  let at = 0;
  all.forEach(({ rows }, k) => {
    rows.sort((a, b) => startOf(a) - startOf(b));
    for (let from = 0; from < rows.length; ) {
      let to = from + 1;
      while (to < rows.length && startOf(rows[to] as Row) === startOf(rows[from] as Row)) to++;
      putUnion(rows.slice(from, to), united, at++);
      from = to;
    }
    offsets[k + 1] = at;
  });
  return { ...united, labels: all.map(({ labels }) => labels), offsets };
};

const startOf = ({ block, row }: Row): number => block.startMs[row] as number;

const seriesOf = (blocks: readonly BucketBlock[]): UnitedSeries[] => {
  const byKey = new Map<string, UnitedSeries>();
  for (const block of blocks) {
    block.labels.forEach((labels, k) => {
      const key = labelsKey(labels);
      let series = byKey.get(key);
      if (series === undefined) byKey.set(key, (series = { labels, rows: [] }));
      for (let row = block.offsets[k] as number; row < (block.offsets[k + 1] as number); row++) series.rows.push({ block, row });
    });
  }
  return [...byKey.values()];
};

const putUnion = (rows: readonly Row[], out: BucketColumns, at: number): void => {
  const [first] = rows as readonly [Row];
  if (rows.length === 1) {
    copyRow(first, out, at);
    return;
  }
  const parts = newBuckets(rows.length);
  [...rows].sort((a, b) => (a.block.firstMs[a.row] ?? 0) - (b.block.firstMs[b.row] ?? 0)).forEach((row, i) => copyRow(row, parts, i));
  uniteRows(parts, 0, rows.length, out, at);
  out.startMs[at] = startOf(first);
};

/** Columns that were not read have no entries. */
const copyRow = ({ block, row }: Row, out: BucketColumns, at: number): void => {
  for (const name of Object.keys(out) as (keyof BucketColumns)[]) if (block[name].length > 0) out[name].set(block[name].subarray(row, row + 1), at);
};
