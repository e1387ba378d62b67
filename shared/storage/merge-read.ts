import type { SampleBatch } from '../model/sample-batch.ts';
import type { ColumnValues, TextRuns } from '../parquet/column-values.ts';
import { CorruptFileError } from '../parquet/errors.ts';
import type { ReadRange, RowGroupColumns } from '../parquet/file-reader.ts';
import type { RowGroup } from '../parquet/metadata.ts';
import { forEachRun, rowsOf } from '../parquet/runs.ts';
import { histogramsOf } from './histogram-rows.ts';
import { valuesOf } from './hot-values.ts';
import { openFile } from './wanted-rows.ts';

const COLUMNS = ['metric', 'labels', 'ts', 'value', 'voff', 'vbase', 'vmul', 'vdiv', 'histogram'] as const;

/**
 * All samples of a file of the sample table, row group by row group, so that of a large file one row group is in memory.
 * Series stand in the order of the file, each in one piece.
 * @throws CorruptFileError, UnsupportedFileError
 */
export async function* readGroups(read: ReadRange, fileBytes: number): AsyncGenerator<SampleBatch> {
  const file = await openFile(read, fileBytes);
  for (const rowGroup of file.metadata.rowGroups) {
    const empty = new Set(rowGroup.chunks.filter(({ statistics }) => statistics.nulls === rowGroup.rows).map(({ name }) => name));
    const columns = await file.readColumns(rowGroup, COLUMNS.filter((name) => !empty.has(name)));
    yield batchOf(columns, rowGroup);
  }
}

const batchOf = (columns: RowGroupColumns, { rows }: RowGroup): SampleBatch => {
  const metric = textsOf(columns.column('metric'), 'metric', rows);
  const labels = textsOf(columns.column('labels'), 'labels', rows);
  const times = columns.column('ts');
  if (times?.kind !== 'numbers' || times.present !== undefined || times.values.length !== rows) {
    throw new CorruptFileError(`found no column "ts" with ${rows} times`);
  }
  const [value, voff, vbase, vmul, vdiv] = ['value', 'voff', 'vbase', 'vmul', 'vdiv'].map((name) => columns.column(name));
  const values = valuesOf({ value, voff, vbase, vmul, vdiv }, 0, rows);
  return { ...seriesOf(metric, labels, rows), tMs: times.values, values, histograms: histogramsOf(columns.column('histogram'), 0, rows), metadata: [] };
};

/** A series ends where the run of its metric or of its labels ends. */
const seriesOf = (metric: TextRuns, labels: TextRuns, rows: number): Pick<SampleBatch, 'metrics' | 'labels' | 'offsets'> => {
  const metrics: string[] = [];
  const jsons: string[] = [];
  const starts: number[] = [];
  forEachRun(metric.runs, 0, rows, (metricId, from, to) => {
    const name = textAt(metric, metricId);
    forEachRun(labels.runs, from, to, (labelsId, start) => {
      metrics.push(name);
      jsons.push(textAt(labels, labelsId));
      starts.push(start);
    });
  });
  starts.push(rows);
  return { metrics, labels: jsons, offsets: Uint32Array.from(starts) };
};

const textAt = ({ dictionary }: TextRuns, id: number): string => {
  const text = dictionary[id];
  if (text === undefined) throw new CorruptFileError('found a row without metric or labels');
  return text;
};

const textsOf = (column: ColumnValues | undefined, name: string, rows: number): TextRuns => {
  if (column?.kind !== 'text-runs' || rowsOf(column.runs) !== rows) throw new CorruptFileError(`found no column "${name}" of texts in each of ${rows} rows`);
  return column;
};
