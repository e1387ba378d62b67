import { evaluateInstant, evaluateRange, type RangeBounds } from '../../shared/promql/engine.ts';
import type { SelectBatches } from '../../shared/promql/batch-source.ts';
import { resultJson } from '../../shared/promql/result-json.ts';
import type { SelectSeries, SeriesBlock } from '../../shared/promql/series-source.ts';
import { Random } from '../../test/simulation/random.ts';
import { type Answer, type AnswerData, answerOf, differenceOf } from './answers.ts';
import { drawTimeMs } from './generate-matrix.ts';
import { QueryGenerator } from './generate-query.ts';
import { type QueryNode, smaller, textOf } from './query-node.ts';

/** A query, and when it is asked: at one time, or at several. */
export interface Question {
  readonly node: QueryNode;
  readonly at: { readonly tMs: number } | RangeBounds;
}

export interface Difference {
  readonly question: Question;
  readonly what: string;
}

/** Asks an engine. A failure of the query is an answer; only a failure to ask rejects. */
export type AskEngine = (query: string, at: Question['at']) => Promise<Answer>;

/** Multiples of 5 s, so that every step keeps clear of the samples. */
const STEPS_MS = [5000, 15_000, 20_000, 60_000, 300_000];

/** The questions of one seed: a query at one time, and over a range where it can be. */
export const drawQuestions = (seed: number): readonly Question[] => {
  const random = new Random(seed);
  const { node, isInstantOnly } = new QueryGenerator(random).query();
  const tMs = drawTimeMs(random);
  const stepMs = random.pick(STEPS_MS);
  const range = { startMs: tMs, endMs: tMs + stepMs * random.int(0, 12), stepMs };
  return isInstantOnly ? [{ node, at: { tMs } }] : [{ node, at: { tMs } }, { node, at: range }];
};

const SERIES_PER_BATCH = 2;

async function* inBatches(block: SeriesBlock): AsyncGenerator<SeriesBlock> {
  for (let first = 0; first < block.labels.length; first += SERIES_PER_BATCH) {
    const labels = block.labels.slice(first, first + SERIES_PER_BATCH);
    const from = block.offsets[first] as number;
    const offsets = block.offsets.slice(first, first + labels.length + 1).map((offset) => offset - from);
    const to = from + (offsets[labels.length] as number);
    yield { labels, offsets, tMs: block.tMs.slice(from, to), values: block.values.slice(from, to) };
  }
}

/** Our engine; aggregations over a range take their series in batches. */
export const askOurs =
  (select: SelectSeries): AskEngine =>
  async (query, at) => {
    const batches: SelectBatches = async (request) => {
      const block = await select(request);
      return { [Symbol.asyncIterator]: () => inBatches(block) };
    };
    try {
      const result = 'tMs' in at ? await evaluateInstant(select, query, at.tMs) : await evaluateRange(select, query, at, { sources: { batches } });
      return answerOf(JSON.parse([...resultJson(result)].join('')) as AnswerData);
    } catch (error) {
      return { error: String(error) };
    }
  };

const seconds = (ms: number): string => String(ms / 1000);

/** Prometheus 2.42 at `url`. */
export const askPrometheus =
  (url: string): AskEngine =>
  async (query, at) => {
    const theirs = query.replaceAll('double_exponential_smoothing', 'holt_winters');
    const form = 'tMs' in at ? { query: theirs, time: seconds(at.tMs) } : { query: theirs, start: seconds(at.startMs), end: seconds(at.endMs), step: seconds(at.stepMs) };
    const response = await fetch(`${url}/api/v1/${'tMs' in at ? 'query' : 'query_range'}`, { method: 'POST', body: new URLSearchParams(form) });
    const body = (await response.json()) as { readonly data?: AnswerData; readonly error?: string };
    return body.data === undefined ? { error: body.error ?? `status ${response.status}` } : answerOf(body.data);
  };

/** Compares two engines on one question. */
export const compare = async (ours: AskEngine, theirs: AskEngine, question: Question): Promise<Difference | undefined> => {
  const query = textOf(question.node);
  const answers = await Promise.all([ours(query, question.at), theirs(query, question.at)]);
  const what = differenceOf(...answers, question.node.likeness);
  return what === undefined ? undefined : { question, what };
};

/** The smallest question found that still differs: parts of the query fall away one by one, then the times but the first. */
export const shrink = async (ours: AskEngine, theirs: AskEngine, difference: Difference): Promise<Difference> => {
  const { node, at } = difference.question;
  const earlier: readonly Question[] = 'tMs' in at || at.startMs === at.endMs ? [] : [{ node, at: { ...at, endMs: at.startMs } }];
  for (const question of [...smaller(node).map((less): Question => ({ node: less, at })), ...earlier]) {
    const found = await compare(ours, theirs, question);
    if (found !== undefined) return shrink(ours, theirs, found);
  }
  return difference;
};
