import { allLakes } from '../lakes/lakes.ts';
import { labelsFromJson, type Labels, labelsToJson, labelValue, METRIC_NAME } from '../model/labels.ts';
import { compareUtf8 } from '../model/utf8.ts';
import { PromqlLimitError } from '../promql/errors.ts';
import type { Matcher } from '../promql/matcher.ts';
import { compareLabels } from '../promql/step-vector.ts';
import { makeSeriesMatcher, type SeriesMatcher } from './label-matching.ts';
import { mapBounded } from './map-bounded.ts';
import { overCurrentFiles } from './sample-files.ts';
import { type PiecePorts, samplePieces, type SelectCounts } from './sample-pieces.ts';
import { loadSeriesIndex, mayHoldSeries } from './series-index-load.ts';
import type { SeriesIndex } from './series-index.ts';
import { type IndexedFile, indexedFiles } from './series-partitions.ts';
import { matchingSeries } from './series-ranges.ts';
import { SeriesSearch, type TimeRange } from './series-search.ts';

/** What is asked for: series that match any of the selectors, or all of them without one, and may have a sample in the range. */
export interface ListRequest extends TimeRange {
  readonly selectors: readonly (readonly Matcher[])[];
  /** Entries of series indexes that may be read; the default is that of `series-partitions.ts`. */
  readonly maxEntries?: number;
  /** Label sets that may be found; default {@link MAX_SERIES}. */
  readonly maxSeries?: number;
}

/** `sinceMs` says that what was there before this time alone may be missing: the indexes hold too much to read all of them. */
export interface SeriesList<T> {
  readonly found: readonly T[];
  readonly sinceMs: number | undefined;
}

/** Takes in the series that match, file by file. */
interface Gather<T> {
  readonly hot: (labels: Labels) => void;
  readonly indexed: (index: SeriesIndex, series: Uint32Array) => void;
  readonly list: () => readonly T[];
}

/** Label sets one request may bring into memory, each with some hundred bytes of text. */
export const MAX_SERIES = 1_000_000;
/** Each holds a decoded index, of a full bucket up to 40 MB. */
const PARALLEL_INDEXES = 8;

/**
 * The label sets, sorted, out of hot files and series indexes: of compacted files nothing is read. Rejects with
 * {@link PromqlLimitError} past the limit of them.
 */
export const listSeries = (ports: PiecePorts, request: ListRequest, counts?: SelectCounts): Promise<SeriesList<Labels>> =>
  gatherAll(ports, request, () => gatherSeries(request.maxSeries ?? MAX_SERIES), counts);

/** The names of the labels of these series, in UTF-8 byte order. */
export const listLabelNames = (ports: PiecePorts, request: ListRequest, counts?: SelectCounts): Promise<SeriesList<string>> => gatherAll(ports, request, gatherNames, counts);

/** The values of one label of these series, in UTF-8 byte order. */
export const listLabelValues = (ports: PiecePorts, name: string, request: ListRequest, counts?: SelectCounts): Promise<SeriesList<string>> =>
  gatherAll(ports, request, () => gatherValues(name), counts);

const gatherAll = <T>(ports: PiecePorts, request: ListRequest, begin: () => Gather<T>, counts: SelectCounts | undefined): Promise<SeriesList<T>> =>
  overCurrentFiles(async () => {
    const { selectors, fromMs, toMs } = request;
    const matchers = (selectors.length === 0 ? [[]] : selectors).map((selector) => makeSeriesMatcher(selector, ports.check));
    const gather = begin();
    let sinceMs: number | undefined;
    for await (const lake of allLakes(ports)) {
      for (const matcher of matchers) {
        const search = new SeriesSearch(matcher, { fromMs, toMs });
        for await (const found of samplePieces({ ...lake, compacted: 'none' }, search.wanted(true), counts)) search.visitNames(found);
        for (const { labels } of search.found()) gather.hot(labels);
      }
      const indexed = await indexedFiles(lake, request, request.maxEntries);
      await mapBounded(indexed.files, PARALLEL_INDEXES, (file) => visitIndex(lake, file, matchers, request, gather, counts));
      if (indexed.sinceMs !== undefined) sinceMs = Math.max(sinceMs ?? -Infinity, indexed.sinceMs);
    }
    return { found: gather.list(), sinceMs };
  });

const visitIndex = async <T>(
  ports: PiecePorts,
  { file, rowMs }: IndexedFile,
  matchers: readonly SeriesMatcher[],
  { fromMs, toMs }: TimeRange,
  gather: Gather<T>,
  counts: SelectCounts | undefined,
): Promise<void> => {
  const range = { fromMs: fromMs - rowMs + 1, toMs };
  const possible = matchers.filter((matcher) => mayHoldSeries(file, matcher, range));
  if (possible.length === 0) return;
  ports.check?.();
  const index = await loadSeriesIndex(ports, file, counts);
  for (const matcher of possible) {
    ports.check?.();
    gather.indexed(index, matchingSeries(index, matcher, range));
  }
};

const gatherSeries = (maxSeries: number): Gather<Labels> => {
  const byMetric = new Map<string, Set<string>>();
  let count = 0;
  const add = (metric: string, json: string): void => {
    let ofMetric = byMetric.get(metric);
    if (ofMetric === undefined) byMetric.set(metric, (ofMetric = new Set()));
    if (ofMetric.has(json)) return;
    if (++count > maxSeries) throw new PromqlLimitError(`list series: found more than ${maxSeries} label sets, ask for fewer by matchers or a shorter time`);
    ofMetric.add(json);
  };
  return {
    hot: (labels) => add(labelValue(labels, METRIC_NAME), labelsToJson(labels)),
    indexed({ metrics, metricOf, sets, setOf }, series) {
      for (const k of series) add(metrics[metricOf[k] as number] as string, sets.jsons[setOf[k] as number] as string);
    },
    list: () => [...byMetric].flatMap(([metric, jsons]) => [...jsons].map((json) => labelsFromJson(metric, json))).sort(compareLabels),
  };
};

const gatherNames = (): Gather<string> => {
  const names = new Set<string>();
  return {
    hot(labels) {
      for (const [name] of labels) names.add(name);
    },
    indexed(index, series) {
      const { metrics, metricOf, sets } = index;
      if (series.some((k) => metrics[metricOf[k] as number] !== '')) names.add(METRIC_NAME);
      const isSeen = new Uint8Array(sets.names.length);
      forEachPair(index, series, (pair) => {
        isSeen[sets.nameOf[pair] as number] = 1;
      });
      sets.names.forEach((name, id) => {
        if (isSeen[id] === 1) names.add(name);
      });
    },
    list: () => [...names].sort(compareUtf8),
  };
};

const gatherValues = (name: string): Gather<string> => {
  const values = new Set<string>();
  const add = (value: string): void => {
    if (value !== '') values.add(value);
  };
  return {
    hot: (labels) => add(labelValue(labels, name)),
    indexed(index, series) {
      const { metrics, metricOf, sets } = index;
      if (name === METRIC_NAME) {
        for (const id of new Set(Array.from(series, (k) => metricOf[k] as number))) add(metrics[id] as string);
        return;
      }
      const nameId = sets.names.indexOf(name);
      if (nameId === -1) return;
      forEachPair(index, series, (pair) => {
        if (sets.nameOf[pair] === nameId) add(sets.values[pair] as string);
      });
    },
    list: () => [...values].sort(compareUtf8),
  };
};

/** The pairs of the label sets of some series, those of each set once. */
const forEachPair = ({ sets, setOf }: SeriesIndex, series: Uint32Array, visit: (pair: number) => void): void => {
  const isSet = new Uint8Array(sets.jsons.length);
  for (const k of series) isSet[setOf[k] as number] = 1;
  for (let s = 0; s < isSet.length; s++) {
    if (isSet[s] === 0) continue;
    for (let at = sets.offsets[s] as number; at < (sets.offsets[s + 1] as number); at++) visit(sets.pairs[at] as number);
  }
};
