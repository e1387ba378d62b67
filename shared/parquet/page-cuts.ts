export interface SeriesRows {
  /** Of each series its metric: equal for the series of one, which follow each other. */
  readonly metricOf: ArrayLike<unknown>;
  /** Series k has the rows `offsets[k]` to `offsets[k + 1]` (exclusive). */
  readonly offsets: ArrayLike<number>;
}

/** Less than this share of a page is not cut off where a metric begins: small metrics share pages. */
const MIN_SHARE = 1 / 4;

/**
 * The rows at which pages of at most `pageRows` end, counted from the first of the series. They end where a metric ends as far
 * as that makes no small pages, else where a series does: one metric, or one series, then lies in as few pages as can be. Only
 * a series of more than `pageRows` is cut itself.
 */
export const cutPages = ({ metricOf, offsets }: SeriesRows, pageRows: number): number[] => {
  const first = offsets[0] as number;
  const ends: number[] = [];
  let start = first;
  const cutAt = (row: number): void => {
    if (row > start) ends.push(row - first);
    start = row;
  };
  for (let k = 0; k < metricOf.length; ) {
    let next = k + 1;
    while (next < metricOf.length && metricOf[next] === metricOf[k]) next++;
    const from = offsets[k] as number;
    if (from - start >= pageRows * MIN_SHARE || (offsets[next] as number) - start > pageRows) cutAt(from);
    for (; k < next; k++) {
      const end = offsets[k + 1] as number;
      if (end - start > pageRows) cutAt(offsets[k] as number);
      for (let row = start + pageRows; row < end; row += pageRows) cutAt(row);
    }
  }
  cutAt(offsets[metricOf.length] as number);
  return ends;
};
