import { describe, expect, it } from 'vitest';
import { evaluateInstant, evaluateRange } from '../../../shared/promql/engine.ts';
import { PromqlExecutionError } from '../../../shared/promql/errors.ts';
import { lines, load } from './load.ts';

const memory = load(
  '1m',
  `
  c_total{i="1"} 0 10 20 5 15
  g{i="1"} 4 2 NaN 8 8
  line 0+3x10
  flat 7x10
  odd{i="1"} -2.5
  odd{i="2"} 2.5
  lat_bucket{le="0.1"} 0 10
  lat_bucket{le="0.5"} 0 30
  lat_bucket{le="+Inf"} 0 40
  bad_bucket{le="0.1"} 12
  bad_bucket{le="0.5"} 10
  bad_bucket{le="+Inf"} 20
  bad_bucket{le="oops"} 20
  l{src="abc-12"} 1
  day 1709210096
  `,
);

const at = async (query: string, tMs = 240_000): Promise<string[]> => lines(await evaluateInstant(memory.select, query, tMs));

describe('functions of range vectors', () => {
  it.each([
    ['increase(c_total[4m1s])', ['{i="1"} 35']],
    ['resets(c_total[5m])', ['{i="1"} 1']],
    ['changes(g[5m])', ['{i="1"} 3']],
    ['irate(c_total[5m])', ['{i="1"} 0.16666666666666666']],
    ['irate(c_total[5m] offset 1m)', ['{i="1"} 0.08333333333333333']],
    ['idelta(c_total[5m] offset 1m)', ['{i="1"} -15']],
    ['delta(line[4m])', ['{} 12']],
    ['deriv(line[5m])', ['{} 0.05']],
    ['deriv(flat[5m])', ['{} 0']],
    ['predict_linear(line[5m], 60)', ['{} 15']],
    ['min_over_time(g[5m])', ['{i="1"} 2']],
    ['max_over_time(g[5m])', ['{i="1"} 8']],
    ['count_over_time(g[2m])', ['{i="1"} 2']],
    ['first_over_time(g[4m])', ['g{i="1"} 2']],
    ['present_over_time(g[1m])', ['{i="1"} 1']],
    ['stddev_over_time(line[3m])', ['{} 2.449489742783178']],
    ['quantile_over_time(0.5, line[4m])', ['{} 7.5']],
    ['absent_over_time(g{i="1"}[5m])', []],
    ['absent_over_time(none{i="1",j=~"x",k="a",k="b"}[5m])', ['{i="1"} 1']],
  ])('%s', async (query, wanted) => {
    expect((await at(query)).map((line) => line.replace(/15\.0000+\d+$/, '15'))).toEqual(wanted);
  });
});

describe('functions of values', () => {
  it.each([
    ['abs(odd)', ['{i="1"} 2.5', '{i="2"} 2.5']],
    ['ceil(odd)', ['{i="1"} -2', '{i="2"} 3']],
    ['round(odd)', ['{i="1"} -2', '{i="2"} 3']],
    ['round(odd, 0.2)', ['{i="1"} -2.4', '{i="2"} 2.6']],
    ['sgn(odd)', ['{i="1"} -1', '{i="2"} 1']],
    ['clamp(odd, -1, 1)', ['{i="1"} -1', '{i="2"} 1']],
    ['clamp(odd, 1, -1)', []],
    ['clamp_min(odd, 0)', ['{i="1"} 0', '{i="2"} 2.5']],
    ['clamp_max(odd, 0)', ['{i="1"} -2.5', '{i="2"} 0']],
    ['scalar(odd)', ['NaN']],
    ['scalar(odd{i="1"})', ['-2.5']],
    ['vector(1)', ['{} 1']],
    ['sort_desc(odd)', ['odd{i="2"} 2.5', 'odd{i="1"} -2.5']],
    ['time()', ['240']],
    ['timestamp(g)', ['{i="1"} 240']],
    ['timestamp(odd)', ['{i="1"} 0', '{i="2"} 0']],
    ['timestamp(odd + 0)', ['{i="1"} 240', '{i="2"} 240']],
    ['absent(odd)', []],
    ['absent(sum(none{a="b"}))', ['{} 1']],
    ['absent(none{a="b",c!="d"})', ['{a="b"} 1']],
    ['absent(none{a="b",a="c",d="e"})', ['{d="e"} 1']],
    ['absent(none{a!="b",a="c"})', ['{a="c"} 1']],
    ['absent(none{a="c",a!="b"})', ['{} 1']],
  ])('%s', async (query, wanted) => {
    expect(await at(query)).toEqual(wanted);
  });

  it.each([
    ['year', 2024], ['month', 2], ['day_of_month', 29], ['day_of_week', 4], ['day_of_year', 60], ['days_in_month', 29], ['hour', 12], ['minute', 34],
  ])('%s of 2024-02-29 12:34:56 UTC, a leap day', async (name, wanted) => {
    expect(await at(`${name}(day)`)).toEqual([`{} ${wanted}`]);
  });

  it('dates without an argument follow the steps', async () => {
    const result = await evaluateRange(memory.select, 'minute()', { startMs: 0, endMs: 120_000, stepMs: 60_000 });
    expect(lines(result)).toEqual(['{} 0@0 1@60000 2@120000']);
  });
});

describe('label functions', () => {
  it.each([
    ['label_replace(l, "dst", "$1/${2}/$$", "src", "(\\\\w+)-(\\\\d+)")', ['l{dst="abc/12/$", src="abc-12"} 1']],
    ['label_replace(l, "dst", "${word}-$1x", "src", "(?P<word>[a-z]+).*")', ['l{dst="abc-", src="abc-12"} 1']],
    ['label_replace(l, "dst", "x", "src", "abc")', ['l{src="abc-12"} 1']],
    ['label_replace(l, "src", "", "src", ".*")', ['l 1']],
    ['label_join(l, "dst", ":", "src", "none", "src")', ['l{dst="abc-12::abc-12", src="abc-12"} 1']],
  ])('%s', async (query, wanted) => {
    expect(await at(query)).toEqual(wanted);
  });

  it.each([
    ['label_replace(l, "dst", "", "src", "(")', 'invalid regular expression in label_replace(): ('],
    ['label_replace(l, "", "", "src", "")', 'invalid destination label name in label_replace(): '],
    ['label_replace(odd, "i", "same", "i", ".*")', 'vector cannot contain metrics with the same labelset'],
  ])('%s: %s', async (query, message) => {
    await expect(at(query)).rejects.toThrow(new PromqlExecutionError(message));
  });
});

describe('histogram_quantile of classic buckets', () => {
  it.each([
    ['histogram_quantile(0.5, rate(lat_bucket[5m]))', ['{} 0.30000000000000004']],
    ['histogram_quantile(0.1, lat_bucket)', ['{} 0.04000000000000001']],
    ['histogram_quantile(0.99, lat_bucket)', ['{} 0.5']],
    ['histogram_quantile(2, lat_bucket)', ['{} +Inf']],
    ['histogram_quantile(0.5, lat_bucket{le!="+Inf"})', ['{} NaN']],
    ['histogram_quantile(0.5, lat_bucket offset 4m)', ['{} NaN']],
  ])('%s', async (query, wanted) => {
    expect(await at(query)).toEqual(wanted);
  });

  it('tells buckets that decrease and bounds that are none', async () => {
    const result = await evaluateInstant(memory.select, 'histogram_quantile(0.6, bad_bucket)', 0);
    expect(lines(result)).toEqual(['{} 0.1']);
    expect(result.infos).toEqual([
      'PromQL info: input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile) for metric name "bad_bucket" (1:25)',
    ]);
    expect(result.warnings).toEqual(['PromQL warning: bucket label "le" is missing or has a malformed value of "oops" for metric name "bad_bucket" (1:25)']);
  });
});
