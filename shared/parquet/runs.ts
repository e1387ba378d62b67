/** Rows by runs of one id: run i stands for the rows from `ends[i - 1]` (0 for the first) to `ends[i]` (exclusive). */
export interface Runs {
  readonly ids: Int32Array;
  readonly ends: Uint32Array;
}

/** The id of a row without a value. */
export const NULL_ID = -1;

/** Grows {@link Runs}; a run with the id of the one before is joined to it. */
export class RunsBuilder {
  private ids: Int32Array;
  private ends: Uint32Array;
  private count = 0;
  private rowCount = 0;

  constructor(capacity = 16) {
    this.ids = new Int32Array(Math.max(1, capacity));
    this.ends = new Uint32Array(Math.max(1, capacity));
  }

  get rows(): number {
    return this.rowCount;
  }

  add(id: number, rows: number): void {
    if (rows === 0) return;
    this.rowCount += rows;
    if (this.count > 0 && this.ids[this.count - 1] === id) {
      this.ends[this.count - 1] = this.rowCount;
      return;
    }
    if (this.count === this.ids.length) this.grow();
    this.ids[this.count] = id;
    this.ends[this.count++] = this.rowCount;
  }

  /** The runs so far, over the builder's memory: take them when nothing more is added. */
  build(): Runs {
    return { ids: this.ids.subarray(0, this.count), ends: this.ends.subarray(0, this.count) };
  }

  private grow(): void {
    const ids = new Int32Array(this.ids.length * 2);
    ids.set(this.ids);
    this.ids = ids;
    const ends = new Uint32Array(this.ends.length * 2);
    ends.set(this.ends);
    this.ends = ends;
  }
}

export const rowsOf = (runs: Runs): number => runs.ends.at(-1) ?? 0;

/** Calls `visit` for each run, cut to the rows from `from` to `to` (exclusive). */
export const forEachRun = (runs: Runs, from: number, to: number, visit: (id: number, start: number, end: number) => void): void => {
  const { ids, ends } = runs;
  for (let i = from === 0 ? 0 : runAt(runs, from), start = from; i < ends.length && start < to; i++) {
    const end = Math.min(ends[i] as number, to);
    visit(ids[i] as number, start, end);
    start = end;
  }
};

/** The index of the run that holds `row`; the number of runs when none does. */
export const runAt = ({ ends }: Runs, row: number): number => {
  let low = 0;
  let high = ends.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ends[middle] as number) <= row) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** The runs of the rows from `from` to `to` (exclusive), counted from 0; the same object when these are all. */
export const sliceRuns = (runs: Runs, from: number, to: number): Runs => {
  if (from === 0 && to === rowsOf(runs)) return runs;
  const slice = new RunsBuilder();
  forEachRun(runs, from, to, (id, start, end) => slice.add(id, end - start));
  return slice.build();
};

/** 1 where a row has a value, 0 where it has none: the definition levels of a flat column. */
export const levelsOf = (runs: Runs): Runs => {
  if (!runs.ids.includes(NULL_ID)) return { ids: Int32Array.of(1), ends: Uint32Array.of(rowsOf(runs)) };
  const levels = new RunsBuilder();
  forEachRun(runs, 0, rowsOf(runs), (id, start, end) => levels.add(id === NULL_ID ? 0 : 1, end - start));
  return levels.build();
};

/** The runs of the rows that have a value; the same object when all have. */
export const withoutNulls = (runs: Runs): Runs => {
  if (!runs.ids.includes(NULL_ID)) return runs;
  const dense = new RunsBuilder(runs.ids.length);
  forEachRun(runs, 0, rowsOf(runs), (id, start, end) => dense.add(id, id === NULL_ID ? 0 : end - start));
  return dense.build();
};

/** The inverse of {@link levelsOf} and {@link withoutNulls}. */
export const withNulls = (levels: Runs, dense: Runs): Runs => {
  if (!levels.ids.includes(0)) return dense;
  const rows = new RunsBuilder(dense.ids.length);
  let position = 0;
  forEachRun(levels, 0, rowsOf(levels), (level, start, end) => {
    if (level === 0) rows.add(NULL_ID, end - start);
    else {
      forEachRun(dense, position, position + end - start, (id, from, to) => rows.add(id, to - from));
      position += end - start;
    }
  });
  return rows.build();
};

/** How many of the rows from `from` to `to` (exclusive) have id 1. */
export const countPresent = (levels: Runs, from: number, to: number): number => {
  let present = 0;
  forEachRun(levels, from, to, (level, start, end) => {
    if (level === 1) present += end - start;
  });
  return present;
};
