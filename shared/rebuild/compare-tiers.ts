import { compareUtf8 } from '../model/utf8.ts';
import type { BucketColumns, TierColumns } from '../tiers/bucket.ts';

/** How two tiers that should be the same differ. */
export interface TierDifferences {
  readonly series: number;
  readonly rows: number;
  /** The first few, for people. */
  readonly examples: readonly string[];
}

const EXAMPLES = 3;

const COLUMNS = ['count', 'sum', 'min', 'max', 'firstMs', 'first', 'lastMs', 'last', 'corr', 'resets', 'changes', 'staleEnd'] as const satisfies readonly (keyof BucketColumns)[];

/** Compares bit for bit, row by row: -0 is not 0, and a NaN is its bits. */
export const compareTiers = (expected: TierColumns, found: TierColumns): TierDifferences => {
  const comparison = new Comparison(expected, found);
  for (let e = 0, f = 0; e < expected.metrics.length || f < found.metrics.length; ) {
    const order = orderOf(expected, e, found, f);
    comparison.addSeries(order <= 0 ? e : undefined, order >= 0 ? f : undefined);
    if (order <= 0) e++;
    if (order >= 0) f++;
  }
  const { series, rows, examples } = comparison;
  return { series, rows, examples };
};

export const addDifferences = (a: TierDifferences, b: TierDifferences): TierDifferences => ({
  series: a.series + b.series,
  rows: a.rows + b.rows,
  examples: [...a.examples, ...b.examples].slice(0, EXAMPLES),
});

export const NO_DIFFERENCES: TierDifferences = { series: 0, rows: 0, examples: [] };

/** Below 0 where the next series of `expected` comes first. The end comes after everything. */
const orderOf = (expected: TierColumns, e: number, found: TierColumns, f: number): number => {
  if (e === expected.metrics.length) return 1;
  if (f === found.metrics.length) return -1;
  return compareUtf8(expected.metrics[e] as string, found.metrics[f] as string) || compareUtf8(expected.labels[e] as string, found.labels[f] as string);
};

interface Column {
  readonly name: keyof BucketColumns;
  readonly expected: BigUint64Array | Uint8Array;
  readonly found: BigUint64Array | Uint8Array;
}

class Comparison {
  series = 0;
  rows = 0;
  readonly examples: string[] = [];
  private readonly expected: TierColumns;
  private readonly found: TierColumns;
  private readonly columns: readonly Column[];

  constructor(expected: TierColumns, found: TierColumns) {
    this.expected = expected;
    this.found = found;
    this.columns = COLUMNS.map((name) => ({ name, expected: bitsOf(expected[name]), found: bitsOf(found[name]) }));
  }

  /** One series by its numbers; undefined where the one side has none. */
  addSeries(e: number | undefined, f: number | undefined): void {
    const before = this.rows;
    const name = e === undefined ? nameOf(this.found, f as number) : nameOf(this.expected, e);
    const [eEnd, fEnd] = [endOf(this.expected, e), endOf(this.found, f)];
    let i = startOf(this.expected, e);
    let j = startOf(this.found, f);
    while (i < eEnd || j < fEnd) {
      const atE = i < eEnd ? (this.expected.startMs[i] as number) : Infinity;
      const atF = j < fEnd ? (this.found.startMs[j] as number) : Infinity;
      if (atE !== atF) this.add(name, Math.min(atE, atF), atE < atF ? 'is missing' : 'stands where there should be none');
      else {
        const column = this.columns.find(({ expected, found }) => expected[i] !== found[j]);
        if (column !== undefined) this.add(name, atE, `has ${column.name} ${textOf(this.found[column.name], j)}, ${textOf(this.expected[column.name], i)} expected`);
      }
      if (atE <= atF) i++;
      if (atF <= atE) j++;
    }
    if (this.rows > before) this.series++;
  }

  private add(name: string, startMs: number, what: string): void {
    this.rows++;
    if (this.examples.length < EXAMPLES) this.examples.push(`${name} at ${new Date(startMs).toISOString()} ${what}`);
  }
}

const startOf = ({ offsets }: TierColumns, k: number | undefined): number => (k === undefined ? 0 : (offsets[k] as number));
const endOf = ({ offsets }: TierColumns, k: number | undefined): number => (k === undefined ? 0 : (offsets[k + 1] as number));
const nameOf = ({ metrics, labels }: TierColumns, k: number): string => `${metrics[k]}${labels[k]}`;

const bitsOf = (column: Float64Array | Uint8Array): BigUint64Array | Uint8Array =>
  column instanceof Uint8Array ? column : new BigUint64Array(column.buffer, column.byteOffset, column.length);

const textOf = (column: Float64Array | Uint8Array, row: number): string => (Object.is(column[row], -0) ? '-0' : String(column[row]));
