import type { InstantSample, QueryResult, ResultSeries } from '../promql/query-result.ts';

/** A range result, read as one instant vector after the other: times must ascend. */
export class RangeVectors {
  /** Values that are held. */
  readonly cells: number;
  private readonly series: readonly { readonly of: ResultSeries; float: number; histogram: number }[];

  constructor(result: QueryResult) {
    const series = result.type === 'matrix' ? result.series : [];
    this.series = series.map((of) => ({ of, float: 0, histogram: 0 }));
    this.cells = series.reduce((sum, { tMs, histograms }) => sum + tMs.length + (histograms?.tMs.length ?? 0), 0);
  }

  at(tMs: number): readonly InstantSample[] {
    const found: InstantSample[] = [];
    for (const cursor of this.series) {
      const { labels, tMs: times, values, histograms } = cursor.of;
      while ((times[cursor.float] ?? Infinity) < tMs) cursor.float++;
      if (times[cursor.float] === tMs) found.push({ labels, value: values[cursor.float] as number });
      if (histograms === undefined) continue;
      while ((histograms.tMs[cursor.histogram] ?? Infinity) < tMs) cursor.histogram++;
      const histogram = histograms.tMs[cursor.histogram] === tMs ? histograms.histograms[cursor.histogram] : undefined;
      if (histogram !== undefined) found.push({ labels, value: 0, histogram });
    }
    return found;
  }
}
