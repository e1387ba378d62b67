import { PermanentError } from '../errors.ts';
import type { HistogramColumn } from '../model/histogram-column.ts';
import { bitsOf } from '../model/stale.ts';
import type { Blobs, ColumnValues, TextRuns } from '../parquet/column-values.ts';
import { NULL_ID, RunsBuilder } from '../parquet/runs.ts';
import { ScaledValuesBuilder } from '../parquet/scaled-values.ts';
import type { SortedSamples } from './hot-sort.ts';

/** The columns of `sampleTable(promotedLabels)` for sorted samples, as one row group. */
export const columnsOf = (samples: SortedSamples, promotedLabels: readonly string[]): readonly ColumnValues[] => {
  const { metricOf, offsets, tMs, values, histograms } = samples;
  const bits = bitsOf(values);
  const scaled = new ScaledValuesBuilder(tMs.length);
  for (let k = 0; k < metricOf.length; k++) scaled.series(values, bits, offsets[k] as number, offsets[k + 1] as number);
  const { value, voff, vbase, vmul, vdiv } = scaled.build();
  return [
    ...seriesColumns(samples, promotedLabels),
    { kind: 'numbers', values: tMs, present: undefined },
    value,
    voff,
    vbase,
    vmul,
    vdiv,
    blobsOf(histograms, tMs.length),
  ];
};

const blobsOf = (histograms: HistogramColumn | undefined, rows: number): Blobs => {
  const present = new RunsBuilder();
  for (const place of histograms?.places ?? []) {
    present.add(0, place - present.rows);
    present.add(1, 1);
  }
  present.add(0, rows - present.rows);
  return { kind: 'blobs', values: histograms?.bytes ?? [], present: present.build() };
};

/** Metric, labels and promoted labels: the columns with which the rows of every table begin. */
export const seriesColumns = (series: RowsOfSeries, promotedLabels: readonly string[]): readonly TextRuns[] => [
  textRuns(series.metrics, series.metricOf, series.offsets),
  textRuns(series.labels, series.labelsOf, series.offsets),
  ...promotedRuns(series, promotedLabels),
];

/** Series by the places of their texts, and the rows of each. */
export type RowsOfSeries = Pick<SortedSamples, 'metrics' | 'labels' | 'metricOf' | 'labelsOf' | 'offsets'>;

/** Texts by series as runs of rows, over a dictionary of those that occur, in the order in which they first do. */
const textRuns = (texts: readonly (string | undefined)[], textOf: Int32Array, offsets: Uint32Array): TextRuns => {
  const idOf = new Int32Array(texts.length).fill(NULL_ID);
  const dictionary: string[] = [];
  const runs = new RunsBuilder(1024);
  for (let k = 0; k < textOf.length; k++) {
    const text = textOf[k] as number;
    let id = idOf[text] as number;
    if (id === NULL_ID) {
      const entry = texts[text];
      if (entry !== undefined) {
        id = dictionary.length;
        idOf[text] = id;
        dictionary.push(entry);
      }
    }
    runs.add(id, (offsets[k + 1] as number) - (offsets[k] as number));
  }
  return { kind: 'text-runs', dictionary, runs: runs.build() };
};

/** One column for each promoted label, NULL where a series lacks it. The labels JSON is parsed once for all series that share it. */
const promotedRuns = ({ labels, labelsOf, offsets }: RowsOfSeries, promotedLabels: readonly string[]): TextRuns[] => {
  if (promotedLabels.length === 0) return [];
  const columns = promotedLabels.map(() => new DistinctTexts());
  for (const json of labels) {
    const pairs = parseLabels(json);
    promotedLabels.forEach((label, p) => {
      const text = Object.hasOwn(pairs, label) ? pairs[label] : undefined;
      (columns[p] as DistinctTexts).add(typeof text === 'string' ? text : undefined);
    });
  }
  return columns.map(({ texts, textOf }) => {
    const ids = new Int32Array(labelsOf.length);
    for (let k = 0; k < ids.length; k++) ids[k] = textOf[labelsOf[k] as number] as number;
    return textRuns(texts, ids, offsets);
  });
};

class DistinctTexts {
  readonly texts: (string | undefined)[] = [];
  /** By place in the labels. */
  readonly textOf: number[] = [];
  private readonly ids = new Map<string | undefined, number>();

  add(text: string | undefined): void {
    let id = this.ids.get(text);
    if (id === undefined) {
      id = this.texts.length;
      this.ids.set(text, id);
      this.texts.push(text);
    }
    this.textOf.push(id);
  }
}

const parseLabels = (json: string): Readonly<Record<string, unknown>> => {
  try {
    return JSON.parse(json) as Readonly<Record<string, unknown>>;
  } catch (cause) {
    throw new PermanentError(`store samples: found labels ${json.slice(0, 100)}, canonical JSON is allowed`, { cause });
  }
};
