import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NOW_MS, openQuery, type OpenQuery } from './open-query.ts';

let query: OpenQuery;
beforeEach(async () => {
  query = await openQuery();
  await query.store(['up', '{"host":"a"}', [0, 1]]);
});
afterEach(() => query.close());

const form = async (path: string, params: readonly (readonly [string, string])[]): Promise<{ status: number; error: string; errorType: string; tookMs: number }> => {
  const startedMs = performance.now();
  const answer = await query.app.request(path, { method: 'POST', body: new URLSearchParams(params.map(([name, value]): [string, string] => [name, value])) });
  const { error, errorType } = (await answer.json()) as { error: string; errorType: string };
  return { status: answer.status, error, errorType, tookMs: performance.now() - startedMs };
};

/** As a form a parenthesis takes three bytes, and a form has a megabyte at most. */
const UNITS = 300_000;

describe('a query of a megabyte', () => {
  it.each([
    ['parentheses', '('.repeat(UNITS)],
    ['terms', `1${'+1'.repeat(UNITS / 2)}`],
    ['a regex', `up{host=~"${'(a|b)'.repeat(UNITS / 5)}"}`],
    ['text without an end', `"${'a'.repeat(UNITS)}`],
    ['a comment', '#'.repeat(UNITS)],
    ['digits', '1'.repeat(UNITS)],
  ])('is refused at once: %s', async (_, text) => {
    for (const path of ['query', 'format_query', 'query_exemplars']) {
      const { status, errorType, error, tookMs } = await form(`/api/v1/${path}`, [['query', text]]);
      expect([status, errorType]).toEqual([400, 'bad_data']);
      expect(error.length).toBeLessThan(1000);
      expect(tookMs).toBeLessThan(1000);
    }
  });

  it('is not read to its end when it is longer', async () => {
    expect(await form('/api/v1/query', [['query', 'a'.repeat(1_100_000)]])).toMatchObject({ status: 413, errorType: 'bad_data' });
  });
});

describe('parameters', () => {
  it('are not repeated in an error longer than they help', async () => {
    const long = 'x'.repeat(500_000);
    for (const name of ['time', 'timeout', 'limit', 'lookback_delta']) {
      const { status, error } = await form('/api/v1/query', [['query', 'up'], [name, long]]);
      expect(status).toBe(400);
      expect(error.length).toBeLessThan(300);
    }
  });

  it('hold a bounded number of selectors', async () => {
    const selectors = Array.from({ length: 201 }, (_, i) => ['match[]', `m${i}`] as const);
    expect(await form('/api/v1/series', selectors)).toMatchObject({ status: 400, error: 'invalid parameter "match[]": 201 selectors found, 200 allowed' });
    expect((await form('/api/v1/series', selectors.slice(1))).status).toBe(200);
  });

  it('take a lookback of their own, and the default instead of one that is not positive', async () => {
    const at = async (lookback: string): Promise<number> => {
      const answer = await query.get(`/api/v1/query?query=up&time=${NOW_MS / 1000 + 60}&lookback_delta=${lookback}`);
      return ((await answer.json()) as { data: { result: unknown[] } }).data.result.length;
    };
    expect([await at('30s'), await at('61'), await at('0'), await at('-1')]).toEqual([0, 1, 1, 1]);
    expect(await form('/api/v1/query', [['query', 'up'], ['lookback_delta', 'x']])).toMatchObject({
      status: 400,
      error: 'error parsing lookback delta duration: cannot parse "x" to a valid duration',
    });
  });
});

describe('a caller who goes away', () => {
  it('ends the query as canceled', async () => {
    const gone = new AbortController();
    gone.abort();
    const answer = await query.app.request('/api/v1/query?query=up', { signal: gone.signal });
    expect([answer.status, await answer.json()]).toEqual([499, { status: 'error', errorType: 'canceled', error: 'query was canceled in expression evaluation' }]);
  });

  it('is told that no time was given', async () => {
    expect(await form('/api/v1/query', [['query', 'up'], ['timeout', '0']])).toMatchObject({ status: 503, errorType: 'timeout', error: 'query timed out in query queue' });
  });
});
