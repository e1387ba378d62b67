import { describe, expect, it } from 'vitest';
import { readOnce } from '../../../shared/catalog/read-once.ts';
import type { ItemTable } from '../../../shared/catalog/item-table.ts';
import { makeLabels } from '../../../shared/model/labels.ts';
import { PromqlLimitError } from '../../../shared/promql/errors.ts';
import type { Matcher } from '../../../shared/promql/matcher.ts';
import type { SelectRequest, SelectSeries } from '../../../shared/promql/series-source.ts';
import { shareMetrics } from '../../../shared/rules/share-metrics.ts';
import { TestSeries } from '../../../shared/rules/unit-tests/test-series.ts';

const NAME: Matcher = { name: '__name__', op: '=', value: 'up' };

const series = new TestSeries();
for (const host of ['a', 'b', 'c']) {
  for (const job of ['x', 'y']) {
    series.add(makeLabels([['__name__', 'up'], ['host', host], ['job', job]]), [0, 10, 20].map((tMs) => ({ tMs, value: tMs === 20 && host === 'c' ? ('stale' as const) : tMs })));
  }
}

const counted = (select: SelectSeries = series.select): { readonly requests: SelectRequest[]; readonly select: SelectSeries } => {
  const requests: SelectRequest[] = [];
  return { requests, select: (request) => (requests.push(request), select(request)) };
};

const of = (...matchers: readonly Matcher[]): SelectRequest => ({ matchers: [NAME, ...matchers], fromMs: 0, toMs: 20 });

describe('shareMetrics', () => {
  it.each<readonly Matcher[]>([
    [],
    [{ name: 'host', op: '=', value: 'b' }],
    [{ name: 'host', op: '=', value: 'none' }],
    [{ name: 'host', op: '=~', value: 'a|c' }, { name: 'job', op: '=', value: 'y' }],
    [{ name: 'job', op: '!=', value: 'x' }, { name: 'host', op: '!~', value: 'b' }],
    [{ name: 'missing', op: '=', value: '' }],
  ])('gives what the store gives %#', async (...matchers) => {
    const share = shareMetrics(series.select);
    for (let i = 0; i < 4; i++) {
      const [own, plain] = [await share(of(...matchers)), await series.select(of(...matchers))];
      expect(own.labels).toEqual(plain.labels);
      expect([own.offsets, own.tMs, Buffer.from(own.values.slice().buffer)]).toEqual([plain.offsets, plain.tMs, Buffer.from(plain.values.slice().buffer)]);
    }
  });

  it('reads a metric once from the third request on, and again for earlier times', async () => {
    const { requests, select } = counted();
    const share = shareMetrics(select);
    await Promise.all(Array.from({ length: 20 }, (_, i) => share(of({ name: 'host', op: '=', value: 'abc'[i % 3] as string }))));
    expect(requests.map(({ matchers }) => matchers.length)).toEqual([2, 2, 1]);
    await share({ ...of(), fromMs: -5 });
    expect(requests.at(-1)).toEqual({ matchers: [NAME], fromMs: -5, toMs: 20 });
  });

  it('leaves to each rule what is too much as a whole, or has no name', async () => {
    const { requests, select } = counted(async (request) => {
      if (request.matchers.length === 1 && request.matchers[0] === NAME) throw new PromqlLimitError('too many samples');
      return series.select(request);
    });
    const share = shareMetrics(select);
    const one: Matcher = { name: 'host', op: '=', value: 'a' };
    for (let i = 0; i < 5; i++) expect((await share(of(one))).labels).toHaveLength(2);
    expect(requests).toHaveLength(6);
    await share({ matchers: [one], fromMs: 0, toMs: 20 });
    expect(requests.at(-1)?.matchers).toEqual([one]);
  });
});

describe('readOnce', () => {
  it('asks once for each key and range, and again after a failure', async () => {
    let reads = 0;
    const table: ItemTable = {
      get: async () => {
        if (++reads === 1) throw new Error('throttled');
        return undefined;
      },
      query: async () => (reads++, []),
      transact: async () => ({ done: true }),
    };
    const once = readOnce(table);
    await expect(once.get({ pk: 'a', sk: 'b' })).rejects.toThrow('throttled');
    await Promise.all([once.get({ pk: 'a', sk: 'b' }), once.get({ pk: 'a', sk: 'b' }), once.query('a'), once.query('a'), once.query('a', { from: 'x' })]);
    expect(reads).toBe(4);
  });
});
