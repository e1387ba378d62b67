import type { RowGroup, Statistics } from './metadata.ts';
import { getInt64 } from './plain.ts';

/** What a query looks for; every condition left out holds for all rows. */
export interface RowPredicate {
  readonly metrics?: ReadonlySet<string>;
  readonly fromMs: number; // inclusive
  readonly toMs: number; // inclusive
}

/** Whether statistics leave it open that a row of the group fits. Without statistics they do. */
export const mayHoldRows = (rowGroup: RowGroup, { metrics, fromMs, toMs }: RowPredicate): boolean =>
  rowGroup.chunks.every(({ name, statistics }) => {
    if (name === 'ts') return mayHoldTime(statistics, fromMs, toMs);
    return name !== 'metric' || metrics === undefined || mayHoldText(statistics, metrics);
  });

const mayHoldTime = ({ min, max }: Statistics, fromMs: number, toMs: number): boolean => {
  if (min?.length !== 8 || max?.length !== 8) return true;
  return int64(min) <= toMs && int64(max) >= fromMs;
};

const int64 = (bytes: Uint8Array): number => getInt64(new DataView(bytes.buffer, bytes.byteOffset, 8), 0);

const mayHoldText = ({ min, max }: Statistics, texts: ReadonlySet<string>): boolean => {
  if (min === undefined || max === undefined) return true;
  for (const text of texts) {
    const bytes = Buffer.from(text);
    if (Buffer.compare(min, bytes) <= 0 && Buffer.compare(bytes, max) <= 0) return true;
  }
  return false;
};
