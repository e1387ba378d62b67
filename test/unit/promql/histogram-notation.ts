import { add, subtract } from '../../../shared/histograms/addition.ts';
import {
  type BucketSide,
  compact,
  type CounterResetHint,
  CUSTOM_SCHEMA,
  EMPTY_HISTOGRAM,
  type Histogram,
  NO_BUCKETS,
} from '../../../shared/histograms/histogram.ts';
import { parseFloatText } from '../../../shared/promql/number-text.ts';

const FIELD = /(\w+):(?:\[([^\]]*)\]|([^\s\]]+))/g;

const number = (text: string): number => {
  const value = parseFloatText(text);
  if (value === undefined) throw new Error(`parse histogram: found number ${JSON.stringify(text)}`);
  return value;
};

const numbers = (text: string | undefined): number[] => (text ?? '').split(/\s+/).filter((item) => item !== '').map(number);

const side = (counts: readonly number[], offset: number): BucketSide =>
  counts.length === 0 ? NO_BUCKETS : { indices: Int32Array.from(counts, (_, i) => offset + i), counts: Float64Array.from(counts) };

/** The histogram of `{{schema:1 sum:3 count:22 buckets:[5 10 7] …}}`; `hinted` when a counter_reset_hint was written. */
export const parseHistogram = (text: string): { readonly histogram: Histogram; readonly hinted: boolean } => {
  const body = text.replace(/^\{\{/, '').replace(/\}\}$/, '');
  const fields = new Map([...body.matchAll(FIELD)].map(([, name, list, value]) => [name as string, list ?? (value as string)]));
  const value = (name: string): number => number(fields.get(name) ?? '0');
  const schema = value('schema');
  const hint = fields.get('counter_reset_hint');
  const histogram: Histogram = {
    ...EMPTY_HISTOGRAM,
    schema,
    counterResetHint: (hint ?? 'unknown') as CounterResetHint,
    count: value('count'),
    sum: value('sum'),
    zeroThreshold: value('z_bucket_w'),
    zeroCount: value('z_bucket'),
    positive: side(numbers(fields.get('buckets')), value('offset')),
    negative: side(numbers(fields.get('n_buckets')), value('n_offset')),
    customBounds: schema === CUSTOM_SCHEMA ? Float64Array.from(numbers(fields.get('custom_values'))) : undefined,
  };
  return { histogram, hinted: hint !== undefined };
};

const ITEM = /^(\{\{[^}]*\}\})(?:([+-])(\{\{[^}]*\}\}))?(?:x(\d+))?$/;

export interface NotedHistogram {
  readonly histogram: Histogram;
  readonly hinted: boolean;
}

/** `{{…}}`, `{{…}}x3` (four of them), `{{…}}+{{…}}x3`. */
export const parseHistogramItem = (item: string): NotedHistogram[] => {
  const parts = ITEM.exec(item);
  if (parts === null) throw new Error(`parse histogram: found ${JSON.stringify(item)}`);
  const { histogram: first, hinted } = parseHistogram(parts[1] as string);
  const step = parts[3] === undefined ? undefined : parseHistogram(parts[3]).histogram;
  const combine = parts[2] === '-' ? subtract : add;
  const values = [{ histogram: first, hinted }];
  for (let i = 0; i < Number(parts[4] ?? '0'); i++) {
    const before = (values.at(-1) as NotedHistogram).histogram;
    const next = step === undefined ? before : combine(before, step)?.histogram;
    if (next === undefined) throw new Error(`parse histogram: found buckets that do not mix in ${JSON.stringify(item)}`);
    values.push({ histogram: next, hinted });
  }
  return values;
};

const sideText = (key: string, offsetKey: string, { indices, counts }: BucketSide): string[] => {
  if (counts.length === 0) return [];
  const [first, last] = [indices[0] as number, indices.at(-1) as number];
  const dense = Array.from({ length: last - first + 1 }, (_, i) => counts[indices.indexOf(first + i)] ?? 0);
  return [...(first === 0 ? [] : [`${offsetKey}:${first}`]), `${key}:[${dense.join(' ')}]`];
};

/** The notation of a histogram. */
export const formatNotation = (given: Histogram): string => {
  const histogram = compact(given);
  const parts = [
    ...(histogram.schema === 0 ? [] : [`schema:${histogram.schema}`]),
    `count:${histogram.count}`,
    `sum:${histogram.sum}`,
    ...(histogram.zeroCount === 0 ? [] : [`z_bucket:${histogram.zeroCount}`]),
    ...(histogram.zeroThreshold === 0 ? [] : [`z_bucket_w:${histogram.zeroThreshold}`]),
    ...(histogram.customBounds === undefined ? [] : [`custom_values:[${histogram.customBounds.join(' ')}]`]),
    ...(histogram.counterResetHint === 'unknown' ? [] : [`counter_reset_hint:${histogram.counterResetHint}`]),
    ...sideText('buckets', 'offset', histogram.positive),
    ...sideText('n_buckets', 'n_offset', histogram.negative),
  ];
  return `{{${parts.join(' ')}}}`;
};
