import { setImmediate as otherTurns } from 'node:timers/promises';
import type { Context } from 'hono';
import { type Labels, labelValue, METRIC_NAME } from '../../shared/model/labels.ts';
import { compareUtf8 } from '../../shared/model/utf8.ts';
import { listSeries } from '../../shared/storage/series-lists.ts';
import { success } from './answers.ts';
import { deadlineOf } from './deadline.ts';
import { invalidParameter } from './params.ts';
import type { QueryPorts } from './query-ports.ts';

/** What stands for Prometheus' head block: it holds two to three hours, of which an hour here is enough to see every sender. */
const HEAD_MS = 3_600_000;
/** Prometheus' own (web/api/v1, serveTSDBStatus). */
const DEFAULT_TOP = 10;
const MAX_TOP = 10_000;

/** `/api/v1/status/tsdb`: where the series of the last hour come from. Bytes are those of the label texts. */
export const cardinalityRoute = async (ports: QueryPorts, c: Context): Promise<Response> => {
  const params = new URL(c.req.url).searchParams;
  const top = topParameter(params);
  const toMs = ports.nowMs();
  const fromMs = toMs - HEAD_MS;
  const check = deadlineOf(ports, params, c.req.raw.signal);
  const { found } = await listSeries({ ...ports, check }, { selectors: [], fromMs, toMs });
  const counts = await countLabels(found, check);
  return success(
    c,
    JSON.stringify({
      headStats: { numSeries: found.length, numLabelPairs: counts.seriesOfPair.size, chunkCount: 0, minTime: fromMs, maxTime: toMs },
      seriesCountByMetricName: greatest(counts.seriesOfMetric, top),
      labelValueCountByLabelName: greatest(counts.valuesOfLabel, top),
      memoryInBytesByLabelName: greatest(counts.bytesOfLabel, top),
      seriesCountByLabelValuePair: greatest(counts.seriesOfPair, top),
    }),
  );
};

const topParameter = (params: URLSearchParams): number => {
  const text = params.get('limit') ?? '';
  if (text === '') return DEFAULT_TOP;
  if (!/^\d{1,9}$/.test(text) || Number(text) < 1) throw invalidParameter('limit', 'limit must be a positive number');
  if (Number(text) > MAX_TOP) throw invalidParameter('limit', `limit must not exceed ${MAX_TOP}`);
  return Number(text);
};

interface LabelCounts {
  readonly seriesOfMetric: Map<string, number>;
  readonly valuesOfLabel: Map<string, number>;
  readonly bytesOfLabel: Map<string, number>;
  /** By `name=value`. */
  readonly seriesOfPair: Map<string, number>;
}

/** About 20 ms of counting. */
const SERIES_A_TURN = 5000;

const countLabels = async (found: readonly Labels[], check: () => void): Promise<LabelCounts> => {
  const counts: LabelCounts = { seriesOfMetric: new Map(), valuesOfLabel: new Map(), bytesOfLabel: new Map(), seriesOfPair: new Map() };
  for (const [i, labels] of found.entries()) {
    if (i % SERIES_A_TURN === 0) {
      check();
      await otherTurns();
    }
    const metric = labelValue(labels, METRIC_NAME);
    if (metric !== '') add(counts.seriesOfMetric, metric, 1);
    for (const [name, value] of labels) {
      const pair = `${name}=${value}`;
      if (!counts.seriesOfPair.has(pair)) add(counts.valuesOfLabel, name, 1);
      add(counts.seriesOfPair, pair, 1);
      add(counts.bytesOfLabel, name, Buffer.byteLength(value));
    }
  }
  return counts;
};

const add = (counts: Map<string, number>, name: string, amount: number): void => void counts.set(name, (counts.get(name) ?? 0) + amount);

const greatest = (counts: ReadonlyMap<string, number>, top: number): readonly { readonly name: string; readonly value: number }[] =>
  Array.from(counts, ([name, value]) => ({ name, value }))
    .sort((a, b) => b.value - a.value || compareUtf8(a.name, b.name))
    .slice(0, top);
