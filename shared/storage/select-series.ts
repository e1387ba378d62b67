import type { PartitionFile } from '../catalog/partitions.ts';
import { allLakes } from '../lakes/lakes.ts';
import { tooManySamples } from '../promql/errors.ts';
import type { SelectRequest, SelectSeries, SeriesBlock } from '../promql/series-source.ts';
import { compareLabels } from '../promql/step-vector.ts';
import { HistogramList } from '../model/histogram-column.ts';
import { decodedHistograms, heldSamples } from './block-histograms.ts';
import { makeSeriesMatcher, type SeriesMatcher } from './label-matching.ts';
import { overCurrentFiles } from './sample-files.ts';
import { SamplePages } from './sample-pages.ts';
import type { Piece } from './piece-cache.ts';
import { type FoundPiece, type PiecePorts, samplePieces, type SelectCounts } from './sample-pieces.ts';
import { loadSeriesIndex, mayHoldSeries } from './series-index-load.ts';
import { mergeSegments, type Segment, segmentOf } from './series-merge.ts';
import { matchingSeries, type SeriesRange, seriesRanges } from './series-ranges.ts';
import { type FoundSeries, SeriesSearch, type TimeRange } from './series-search.ts';

export interface SelectPorts extends PiecePorts {
  readonly limits: {
    /** Samples one selector may bring into memory: 16 bytes each. */
    readonly maxSamples: number;
  };
}

/** Prometheus' default for a whole query (`--query.max-samples`): 800 MB at 16 bytes. */
export const DEFAULT_MAX_SAMPLES = 50_000_000;

/**
 * Series out of the hot and compacted files, read strongly consistent. Who shows a watermark reads it *before* this: then what it
 * promises is here, before, during and after a compaction. What was read is added to `counts`. Rejects with
 * PromqlLimitError past the sample limit.
 */
export const makeSelectSeries =
  (ports: SelectPorts, counts?: SelectCounts): SelectSeries =>
  (request) =>
    overCurrentFiles(() => selectOnce(ports, allLakes(ports), request, counts));

/** Out of one lake alone: of the default class, or of the one whose ports these are. */
export const makeSelectFromLake =
  (ports: SelectPorts, counts?: SelectCounts): SelectSeries =>
  (request) =>
    overCurrentFiles(() => selectOnce(ports, [ports], request, counts));

type Lakes = AsyncIterable<SelectPorts> | Iterable<SelectPorts>;

const selectOnce = async (ports: SelectPorts, lakes: Lakes, { matchers, fromMs, toMs }: SelectRequest, counts: SelectCounts | undefined): Promise<SeriesBlock> => {
  const matcher = makeSeriesMatcher(matchers, ports.check);
  const search = new SeriesSearch(matcher, { fromMs, toMs });
  const taker = new SegmentTaker(search, ports.limits.maxSamples);
  for await (const { piece } of matchingPieces(lakes, matcher, search, counts)) taker.take(piece);
  const block = blockOf(search.found());
  if (counts !== undefined) counts.samples += block.tMs.length;
  return block;
};

/** Gives the series that are found what pieces hold of them. */
class SegmentTaker {
  private readonly pages = new SamplePages();
  private readonly search: SeriesSearch;
  private readonly maxSamples: number;
  private samples = 0;

  constructor(search: SeriesSearch, maxSamples: number) {
    this.search = search;
    this.maxSamples = maxSamples;
  }

  /** @throws PromqlLimitError */
  take(piece: Piece): void {
    const taken: { readonly segments: Segment[]; readonly start: number; readonly end: number }[] = [];
    const before = this.samples;
    this.search.visit(piece, ({ segments }, start, end) => {
      this.hold(end - start);
      taken.push({ segments, start, end });
    });
    // A piece of which most is wanted stays; of another the wanted is copied, so that it can be let go.
    const isKept = (this.samples - before) * 2 >= piece.tMs.length;
    for (const { segments, start, end } of taken) {
      const segment = isKept ? segmentOf(piece, start, end) : this.pages.copy(piece, start, end);
      this.hold(heldSamples(segment.histograms));
      segments.push(segment);
    }
  }

  private hold(samples: number): void {
    this.samples += samples;
    if (this.samples > this.maxSamples) throw tooManySamples(this.maxSamples);
  }
}

async function* matchingPieces(lakes: Lakes, matcher: SeriesMatcher, search: SeriesSearch, counts: SelectCounts | undefined): AsyncGenerator<FoundPiece> {
  const wanted = search.wanted(false);
  for await (const lake of lakes) {
    const compacted = (file: PartitionFile): Promise<boolean> => holdsMatch(lake, file, matcher, wanted, counts);
    const rowsOf = (file: PartitionFile): Promise<readonly SeriesRange[] | undefined> => matchingRows(lake, file, matcher, counts);
    yield* samplePieces({ ...lake, compacted }, { ...wanted, rowsOf }, counts);
  }
}

/** A file that is not this much larger than its index is as soon read as that. */
const INDEX_PAYS_FROM = 8;

const EVER: TimeRange = { fromMs: -Infinity, toMs: Infinity };

/** Whether the index spares more than it costs. Where a metric lies the file's own page index tells as well. */
const paysIndex = ({ bytes, seriesIndex }: PartitionFile, { metric, onLabels }: SeriesMatcher): boolean =>
  (metric === undefined || onLabels.length > 0) && bytes >= seriesIndex.bytes * INDEX_PAYS_FROM;

/** Whether a compacted file may have a series that matches. What is in memory already is taken as it is. */
const holdsMatch = async (ports: PiecePorts, file: PartitionFile, matcher: SeriesMatcher, range: TimeRange, counts: SelectCounts | undefined): Promise<boolean> => {
  if (!mayHoldSeries(file, matcher, range)) return false;
  if (ports.cache.held(file.key) !== undefined || !paysIndex(file, matcher)) return true;
  ports.check?.();
  return matchingSeries(await loadSeriesIndex(ports, file, counts), matcher, range).length > 0;
};

/** The rows of the series that match, whenever they have samples: what is read is kept for queries over other times. */
export const matchingRows = async (ports: PiecePorts, file: PartitionFile, matcher: SeriesMatcher, counts: SelectCounts | undefined): Promise<readonly SeriesRange[] | undefined> =>
  paysIndex(file, matcher) ? seriesRanges(await loadSeriesIndex(ports, file, counts), matcher, EVER) : undefined;

/** The series in order of their labels, each with its samples in order. */
export const blockOf = (found: FoundSeries[]): SeriesBlock => {
  found.sort((a, b) => compareLabels(a.labels, b.labels));
  const most = found.reduce((sum, { segments }) => sum + segments.reduce((inner, { start, end }) => inner + end - start, 0), 0);
  const tMs = new Float64Array(most);
  const values = new Float64Array(most);
  const offsets = new Uint32Array(found.length + 1);
  const list = new HistogramList();
  let at = 0;
  found.forEach(({ segments }, k) => {
    at = mergeSegments(segments, tMs, values, at, list);
    offsets[k + 1] = at;
  });
  const column = list.build();
  const block = { labels: found.map(({ labels }) => labels), offsets, tMs: tMs.subarray(0, at), values: values.subarray(0, at) };
  return column === undefined ? block : { ...block, histograms: decodedHistograms(column, values) };
};
