import { expect, it } from 'vitest';
import { detectReset } from '../../../shared/histograms/counter-reset.ts';
import { parseHistogram } from '../promql/histogram-notation.ts';

const h = (text: string) => parseHistogram(`{{${text}}}`).histogram;

it.each([
  ['equal histograms', 'count:3 buckets:[1 2]', 'count:3 buckets:[1 2]', false],
  ['every bucket grows', 'count:3 buckets:[1 2]', 'count:5 buckets:[1 3] n_buckets:[1]', false],
  ['the count falls', 'count:3 buckets:[3]', 'count:2 buckets:[3]', true],
  ['a bucket falls', 'count:3 buckets:[1 2]', 'count:4 buckets:[3 1]', true],
  ['a negative bucket falls', 'count:3 n_buckets:[1 2]', 'count:4 n_buckets:[3 1]', true],
  ['a populated bucket vanishes', 'count:3 buckets:[1 2]', 'count:4 buckets:[4]', true],
  ['an empty bucket vanishes', 'count:3 buckets:[3 0]', 'count:4 buckets:[4]', false],
  ['the zero bucket falls', 'count:3 z_bucket:3 z_bucket_w:1', 'count:4 z_bucket:2 z_bucket_w:1', true],
  ['the zero threshold falls', 'count:3 z_bucket:3 z_bucket_w:1', 'count:4 z_bucket:4 z_bucket_w:0.5', true],
  ['the zero threshold rises over whole buckets', 'count:3 buckets:[3]', 'count:4 z_bucket:4 z_bucket_w:1', false],
  ['the zero threshold rises into a populated bucket', 'count:3 buckets:[3]', 'count:4 z_bucket:4 z_bucket_w:0.75', true],
  ['the resolution rises', 'count:3 buckets:[3]', 'schema:1 count:4 buckets:[4]', true],
  ['the resolution falls', 'schema:1 count:3 buckets:[1 1 1]', 'count:4 buckets:[2 2]', false],
  ['the resolution falls with a reset', 'schema:1 count:3 buckets:[1 1 1]', 'count:4 buckets:[3]', true],
  ['custom buckets grow', 'schema:-53 count:2 custom_values:[5] buckets:[1 1]', 'schema:-53 count:3 custom_values:[5] buckets:[1 2]', false],
  ['a custom bucket falls', 'schema:-53 count:2 custom_values:[5] buckets:[1 1]', 'schema:-53 count:3 custom_values:[5] buckets:[0 3]', true],
  ['custom bounds change, nothing falls', 'schema:-53 count:2 custom_values:[5] buckets:[2]', 'schema:-53 count:2 custom_values:[3 5] buckets:[1 1]', false],
  ['custom bounds change and a count falls', 'schema:-53 count:2 custom_values:[5] buckets:[2]', 'schema:-53 count:2 custom_values:[3 5] buckets:[1 0 1]', true],
  ['exponential buckets become custom ones', 'count:1 buckets:[1]', 'schema:-53 count:1 custom_values:[5] buckets:[1]', true],
  ['custom buckets become exponential ones', 'schema:-53 count:1 custom_values:[5] buckets:[1]', 'count:1 buckets:[1]', true],
  ['the hint says so', 'count:1 buckets:[1]', 'count:2 buckets:[2] counter_reset_hint:reset', true],
  ['the hint denies it', 'count:2 buckets:[2]', 'count:1 buckets:[1] counter_reset_hint:not_reset', false],
  ['a gauge is looked at like a counter', 'count:2 buckets:[2]', 'count:1 buckets:[1] counter_reset_hint:gauge', true],
])('%s', (_, before, after, wanted) => expect(detectReset(h(after), h(before))).toBe(wanted));
