import type { RowGroup, Statistics } from './metadata.ts';
import type { ChunkPages, RowGroupPages } from './page-index-reader.ts';
import { getInt64 } from './plain.ts';
import { allRows, intersectRows, type RowRange, RowRangesBuilder } from './row-ranges.ts';

/** What a query looks for; every condition left out holds for all rows. */
export interface RowPredicate {
  readonly metrics?: ReadonlySet<string>;
  readonly fromMs: number; // inclusive
  readonly toMs: number; // inclusive
}

/** Those whose bounds decide. */
export const PRUNING_COLUMNS: ReadonlySet<string> = new Set(['metric', 'ts']);

type Bounds = Pick<Statistics, 'min' | 'max'>;

/** Whether statistics leave it open that a row of the group fits. Without statistics they do. */
export const mayHoldRows = (rowGroup: RowGroup, { metrics, fromMs, toMs }: RowPredicate): boolean => {
  const texts = metrics === undefined ? undefined : sortedBytes(metrics);
  return rowGroup.chunks.every(({ name, statistics }) => {
    if (name === 'ts') return mayHoldTime(statistics, fromMs, toMs);
    return name !== 'metric' || texts === undefined || mayHoldText(statistics, texts);
  });
};

/** The rows of the pages that may hold a row that fits, by the bounds of the pages of `metric` and `ts`. */
export const rowsThatMayFit = ({ rows }: RowGroup, pages: RowGroupPages, { metrics, fromMs, toMs }: RowPredicate): readonly RowRange[] => {
  const texts = metrics === undefined ? undefined : sortedBytes(metrics);
  const ofMetric = texts === undefined ? allRows(rows) : rowsOfPages(pages.get('metric'), rows, (bounds) => mayHoldText(bounds, texts));
  return intersectRows(ofMetric, rowsOfPages(pages.get('ts'), rows, (bounds) => mayHoldTime(bounds, fromMs, toMs)));
};

/** Pages of NULLs alone are left out. */
const rowsOfPages = (pages: ChunkPages | undefined, rows: number, mayHold: (bounds: Bounds) => boolean): readonly RowRange[] => {
  if (pages?.bounds === undefined) return allRows(rows);
  const ranges = new RowRangesBuilder();
  pages.locations.forEach(({ firstRow, rows: pageRows }, i) => {
    const bounds = pages.bounds?.[i];
    if (bounds !== undefined && mayHold(bounds)) ranges.add(firstRow, firstRow + pageRows);
  });
  return ranges.build();
};

const mayHoldTime = ({ min, max }: Bounds, fromMs: number, toMs: number): boolean => {
  if (min?.length !== 8 || max?.length !== 8) return true;
  return int64(min) <= toMs && int64(max) >= fromMs;
};

const int64 = (bytes: Uint8Array): number => getInt64(new DataView(bytes.buffer, bytes.byteOffset, 8), 0);

const sortedBytes = (texts: ReadonlySet<string>): readonly Uint8Array[] => Array.from(texts, (text) => Buffer.from(text)).sort(Buffer.compare);

/** Whether one of the texts lies within the bounds: the first that is not below them, if any does. */
const mayHoldText = ({ min, max }: Bounds, texts: readonly Uint8Array[]): boolean => {
  if (min === undefined || max === undefined) return true;
  let low = 0;
  let high = texts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (Buffer.compare(texts[middle] as Uint8Array, min) < 0) low = middle + 1;
    else high = middle;
  }
  const text = texts[low];
  return text !== undefined && Buffer.compare(text, max) <= 0;
};
