import type { Context } from 'hono';
import { installationWatermark } from '../../shared/catalog/watermarks.ts';
import { type Labels, labelValue, METRIC_NAME } from '../../shared/model/labels.ts';
import { bitsOf, isStaleAt } from '../../shared/model/stale.ts';
import { compareUtf8 } from '../../shared/model/utf8.ts';
import { DEFAULT_LOOKBACK_MS } from '../../shared/promql/engine.ts';
import type { SeriesBlock } from '../../shared/promql/series-source.ts';
import { compareLabels, labelsKey } from '../../shared/promql/step-vector.ts';
import { makeSelectSeries } from '../../shared/storage/select-series.ts';
import { sendPieces, watermarkHeader } from './answers.ts';
import { deadlineOf } from './deadline.ts';
import { escapingFrom, type NameEscaping, sampleLine, typeLine } from './exposition-text.ts';
import { matchParameters } from './match-parameter.ts';
import type { QueryPorts } from './query-ports.ts';

interface LatestSample {
  readonly metric: string;
  readonly labels: Labels;
  readonly tMs: number;
  readonly value: number;
}

/**
 * `/federate`: the newest sample of each series that a selector names, at its own time, as another Prometheus scrapes it.
 * Series that ended are left out, and so are those without a name and those whose newest sample is a histogram, which the text
 * format cannot hold.
 */
export const federateRoute = async (ports: QueryPorts, c: Context): Promise<Response> => {
  const params = new URL(c.req.url).searchParams;
  const selectors = matchParameters(params);
  const check = deadlineOf(ports, params, c.req.raw.signal);
  const watermarkMs = await installationWatermark(ports.catalog);
  const toMs = ports.nowMs();
  const fromMs = toMs - DEFAULT_LOOKBACK_MS;
  const select = makeSelectSeries({ ...ports, check });
  const latest = new Map<string, LatestSample>();
  for (const matchers of selectors) addLatest(latest, await select({ matchers, fromMs, toMs }), fromMs, toMs);
  const escaping = escapingFrom(c.req.header('accept'));
  const headers = { 'Content-Type': `text/plain; version=0.0.4; charset=utf-8; escaping=${escaping}`, Vary: 'Accept, Accept-Encoding', ...watermarkHeader(watermarkMs) };
  const samples = sorted(latest);
  return sendPieces(c, () => expositionPieces(samples, escaping), headers, ports.limits.maxAnswerBytes);
};

const addLatest = (latest: Map<string, LatestSample>, { labels, offsets, tMs, values, histograms }: SeriesBlock, fromMs: number, toMs: number): void => {
  const bits = bitsOf(values);
  labels.forEach((own, k) => {
    let last = (offsets[k + 1] as number) - 1;
    while (last >= (offsets[k] as number) && (tMs[last] as number) > toMs) last--;
    if (last < (offsets[k] as number) || (tMs[last] as number) < fromMs || isStaleAt(bits, last) || histograms?.has(last) === true) return;
    const metric = labelValue(own, METRIC_NAME);
    if (metric !== '') latest.set(labelsKey(own), { metric, labels: own, tMs: tMs[last] as number, value: values[last] as number });
  });
};

const sorted = (latest: ReadonlyMap<string, LatestSample>): readonly LatestSample[] =>
  [...latest.values()].sort((a, b) => compareUtf8(a.metric, b.metric) || compareLabels(a.labels, b.labels));

function* expositionPieces(samples: readonly LatestSample[], escaping: NameEscaping): Generator<string> {
  let metric = '';
  for (const sample of samples) {
    if (sample.metric !== metric) yield typeLine(sample.metric, escaping);
    ({ metric } = sample);
    yield sampleLine(metric, withInstance(sample.labels), sample.value, sample.tMs, escaping);
  }
}

/** An empty `instance` keeps a scraper with honor_labels from writing its own address there (web/federate.go). */
const withInstance = (labels: Labels): Labels => (labelValue(labels, 'instance') === '' ? [...labels, ['instance', '']] : labels);
