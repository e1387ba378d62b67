import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { saveMetadata, MetadataCache } from '../../../shared/catalog/metric-metadata.ts';
import { SqlError } from '../../../shared/sql/run-sql.ts';
import { markStored, NOW_MS, openQuery, type OpenQuery } from './open-query.ts';

let query: OpenQuery;
beforeEach(async () => {
  query = await openQuery();
});
afterEach(() => query.close());

const S = NOW_MS / 1000;
const bodyOf = async (answer: Response | Promise<Response>): Promise<unknown> => (await answer).json();
const form = (path: string, params: Record<string, string>): Promise<Response> =>
  Promise.resolve(query.app.request(path, { method: 'POST', body: new URLSearchParams(params) }));

describe('/api/v1/query', () => {
  it("answers Grafana's health check with a scalar, before anything is stored", async () => {
    const answer = await form('/api/v1/query', { query: '1+1', time: '4' });
    expect([answer.status, await answer.json()]).toEqual([
      200,
      { status: 'success', data: { resultType: 'scalar', result: [4, '2'] } },
    ]);
  });

  it('gives the current value of each series, with the watermark in the header, and with stats when asked for', async () => {
    await query.store(['up', '{"host":"a"}', [-60_000, 0], [-10_000, 1]], ['up', '{"host":"b"}', [-10_000, 1], [-5000, 'stale']], ['down', '{}', [0, 5]]);
    await markStored(query.catalog, NOW_MS);
    const answer = await query.get('/api/v1/query?query=up&stats=all');
    expect(answer.headers.get('tidemark-watermark-ms')).toBe(String(NOW_MS));
    const text = await answer.text();
    expect(text).toMatch(/^\{"status":"success","data":\{"resultType":"vector","result":\[/);
    const { data } = JSON.parse(text) as { data: { result: unknown; stats: { bytes: number } } };
    expect(data.result).toEqual([{ metric: { __name__: 'up', host: 'a' }, value: [S, '1'] }]);
    const timings = { evalTotalTime: 0, resultSortTime: 0, queryPreparationTime: 0, innerEvalTime: 0, execQueueTime: 0, execTotalTime: 0 };
    expect(data.stats).toMatchObject({ timings, samples: { totalQueryableSamples: 4, peakSamples: 5 }, watermarkMs: NOW_MS, files: 1, requests: 1, dollars: 0 });
    expect(data.stats.bytes).toBeGreaterThan(100);
  });

  it('counts no request for a file that is in memory', async () => {
    await query.store(['up', '{}', [0, 1]]);
    const stats = async (): Promise<object> => ((await bodyOf(query.get('/api/v1/query?query=up&stats=all'))) as { data: { stats: object } }).data.stats;
    expect(await stats()).toMatchObject({ files: 1, requests: 1 });
    expect(await stats()).toMatchObject({ files: 1, requests: 0, bytes: 0 });
  });

  it("says errors in Prometheus' shapes and status codes", async () => {
    await query.store(['up', '{"host":"a"}', [0, 1]], ['up', '{"host":"b"}', [0, 1]]);
    const outcome = async (path: string): Promise<unknown[]> => {
      const answer = await query.get(path);
      const { status, errorType, error } = (await answer.json()) as Record<string, string>;
      return [answer.status, status, errorType, error];
    };
    expect(await outcome('/api/v1/query?query=up%7B')).toEqual([400, 'error', 'bad_data', expect.stringMatching(/^invalid parameter "query": 1:\d+: parse error: /)]);
    expect(await outcome('/api/v1/query')).toEqual([400, 'error', 'bad_data', expect.stringContaining('no expression found in input')]);
    expect(await outcome('/api/v1/query?query=1&time=x')).toEqual([400, 'error', 'bad_data', 'invalid parameter "time": Invalid time value for \'time\': cannot parse "x" to a valid timestamp']);
    expect(await outcome('/api/v1/query?query=up*on()up')).toEqual([422, 'error', 'execution', expect.stringContaining('many-to-many')]);
    expect(await outcome('/api/v1/nothing')).toEqual([404, 'error', 'not_found', expect.any(String)]);
    expect((await query.app.request('/api/v1/query', { method: 'DELETE' })).status).toBe(405);
  });

  it('ends with 503 after its time, and 422 past the sample limit', async () => {
    let nowMs = NOW_MS;
    const slow = await openQuery({ nowMs: () => (nowMs += 600) });
    await slow.store(['up', '{}', [0, 1]]);
    const timedOut = await slow.get('/api/v1/query?query=up&timeout=1');
    expect([timedOut.status, await timedOut.json()]).toEqual([503, { status: 'error', errorType: 'timeout', error: 'query timed out in expression evaluation: found more than 1000 ms; "timeout" may be up to 30000 ms, or ask for fewer series or a shorter time, or for buckets by resolution=auto' }]);
    const slowSeries = await slow.get('/api/v1/series?match[]=up&timeout=1');
    expect([slowSeries.status, await slowSeries.json()]).toMatchObject([503, { errorType: 'timeout' }]);
    await slow.close();
    const small = await openQuery({ limits: { maxSamples: 1, timeoutMs: 30_000 } });
    await small.store(['up', '{}', [-1000, 1], [0, 1]]);
    const tooMany = await small.get('/api/v1/query?query=up');
    expect([tooMany.status, await tooMany.json()]).toEqual([422, expect.objectContaining({ error: expect.stringContaining('too many samples into memory in query execution: at most 1 are held at a time; ask for fewer series') })]);
    await small.close();
  });

  it('cuts to the limit with a warning', async () => {
    await query.store(['up', '{"host":"a"}', [0, 1]], ['up', '{"host":"b"}', [0, 1]]);
    const answer = (await bodyOf(query.get('/api/v1/query?query=up&limit=1'))) as { data: { result: unknown[] }; warnings: string[] };
    expect([answer.data.result.length, answer.warnings]).toEqual([1, ['results truncated due to limit']]);
  });
});

describe('/api/v1/query_range', () => {
  it('gives a matrix over files of several hours, as GET and as POST', async () => {
    await query.store(['up', '{}', [-3_600_000, 1], [-60_000, 2]]);
    await query.store(['up', '{}', [0, 3]]);
    const params = { query: 'up', start: String(S - 60), end: String(S), step: '30s' };
    const expected = { resultType: 'matrix', result: [{ metric: { __name__: 'up' }, values: [[S - 60, '2'], [S - 30, '2'], [S, '3']] }] };
    expect(await bodyOf(form('/api/v1/query_range', params))).toMatchObject({ data: expected });
    expect(await bodyOf(query.get(`/api/v1/query_range?${new URLSearchParams(params).toString()}`))).toMatchObject({ data: expected });
  });

  it('is limited to 11,000 points, and must name its bounds', async () => {
    const answer = await query.get('/api/v1/query_range?query=1&start=0&end=11001&step=1');
    expect([answer.status, await answer.json()]).toEqual([
      400,
      { status: 'error', errorType: 'bad_data', error: 'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)' },
    ]);
    expect((await query.get('/api/v1/query_range?query=1&end=1&step=1')).status).toBe(400);
  });

  it('streams a great answer, under gzip where that is accepted', async () => {
    const names = Array.from({ length: 300 }, (_, i) => `{"host":"host-${String(i).padStart(4, '0')}"}`);
    await query.store(...names.map((labels) => ['up', labels, [-1000, 1]] as const));
    const path = `/api/v1/query_range?query=up&start=${S}&end=${S + 200}&step=10`;
    const plain = await query.get(path);
    const text = await plain.text();
    expect(text.length).toBeGreaterThan(100_000);
    expect((JSON.parse(text) as { data: { result: unknown[] } }).data.result).toHaveLength(300);
    const packed = await query.get(path, { 'accept-encoding': 'deflate, gzip' });
    expect(packed.headers.get('content-encoding')).toBe('gzip');
    const unpacked = gunzipSync(new Uint8Array(await packed.arrayBuffer())).toString();
    expect((JSON.parse(unpacked) as { data: { result: unknown } }).data.result).toEqual((JSON.parse(text) as { data: { result: unknown } }).data.result);
    expect((await query.get(path, { 'accept-encoding': 'gzip;q=0' })).headers.get('content-encoding')).toBeNull();
  });
});

describe('series, labels and values', () => {
  beforeEach(async () => {
    await query.store(['up', '{"host":"b","my.label":"x"}', [0, 1]], ['up', '{"host":"a"}', [0, 1]], ['old', '{"rack":"1"}', [-7_200_000, 1]]);
    await markStored(query.catalog, NOW_MS);
  });

  it('come from the files of the time range', async () => {
    expect(await bodyOf(query.get('/api/v1/labels'))).toEqual({ status: 'success', data: ['__name__', 'host', 'my.label', 'rack'] });
    expect(await bodyOf(form('/api/v1/labels', { start: String(S - 60) }))).toMatchObject({ data: ['__name__', 'host', 'my.label'] });
    expect(await bodyOf(query.get('/api/v1/label/__name__/values'))).toMatchObject({ data: ['old', 'up'] });
    expect(await bodyOf(query.get(`/api/v1/label/__name__/values?start=${S - 60}`))).toMatchObject({ data: ['up'] });
    expect(await bodyOf(query.get('/api/v1/label/U__my_2e_label/values'))).toMatchObject({ data: ['x'] });
    expect(await bodyOf(query.get('/api/v1/label/host/values?match[]=up{host!="a"}'))).toMatchObject({ data: ['b'] });
  });

  it('are sets of labels, sorted, for the union of selectors', async () => {
    expect(await bodyOf(query.get('/api/v1/series?match[]=up&match[]=up{host="a"}&match[]=old'))).toEqual({
      status: 'success',
      data: [{ __name__: 'old', rack: '1' }, { __name__: 'up', host: 'a' }, { __name__: 'up', host: 'b', 'my.label': 'x' }],
    });
    expect(await bodyOf(query.get('/api/v1/series?match[]={__name__!=""}&limit=1'))).toEqual({
      status: 'success',
      data: [{ __name__: 'old', rack: '1' }],
      warnings: ['results truncated due to limit'],
    });
  });

  it('are none when the end is before the start', async () => {
    expect(await bodyOf(query.get('/api/v1/series?match[]=up&start=5&end=4'))).toEqual({ status: 'success', data: [] });
  });

  it('refuse what is no selector', async () => {
    const errors = await Promise.all(['', '?match[]=rate(up[1m])', '?match[]=up{', '?match[]=up offset 1m', '?match[]={}', '?match[]={a=~".*"}'].map(async (text) => {
      const answer = await query.get(`/api/v1/series${encodeURI(text)}`);
      return [answer.status, ((await answer.json()) as { error: string }).error];
    }));
    expect(errors).toEqual([
      [400, 'no match[] parameter provided'],
      [400, expect.stringContaining('invalid parameter "match[]"')],
      [400, expect.stringContaining('parse error')],
      [400, expect.stringContaining('without offset')],
      [400, 'invalid parameter "match[]": match[] must contain at least one non-empty matcher'],
      [400, 'invalid parameter "match[]": match[] must contain at least one non-empty matcher'],
    ]);
  });
});

describe('the rest of the API', () => {
  it('answers what Grafana asks of a server', async () => {
    expect(await bodyOf(query.get('/api/v1/query_exemplars?query=up'))).toEqual({ status: 'success', data: [] });
    const { data } = (await bodyOf(query.get('/api/v1/status/buildinfo'))) as { data: Record<string, unknown> };
    expect(data).toMatchObject({ application: 'tidemark', revision: '0.1.0' });
    expect(data).not.toHaveProperty('features');
    expect(await bodyOf(query.get('/api/v1/rules'))).toEqual({ status: 'success', data: { groups: [] } });
    expect(await bodyOf(query.get('/api/v1/alerts'))).toEqual({ status: 'success', data: { alerts: [] } });
    expect([(await query.get('/-/ready')).status, (await query.get('/-/healthy')).status]).toEqual([200, 200]);
  });

  it('formats a query as Prometheus prints it', async () => {
    expect(await bodyOf(query.get('/api/v1/format_query?query=sum(up{b=%22x%22})by(a)/2'))).toEqual({ status: 'success', data: 'sum by (a) (up{b="x"}) / 2' });
    expect(await bodyOf(form('/api/v1/format_query', { query: 'foo/bar' }))).toEqual({ status: 'success', data: 'foo / bar' });
    const long = `sum by (job) (rate(${'a'.repeat(60)}[5m])) / sum by (job) (rate(${'b'.repeat(60)}[5m]))`;
    expect(await bodyOf(form('/api/v1/format_query', { query: long }))).toEqual({ status: 'success', data: expect.stringContaining('\n/\n') as string });
    const bad = await query.get('/api/v1/format_query?query=up%7B');
    expect([bad.status, await bad.json()]).toEqual([400, { status: 'error', errorType: 'bad_data', error: 'invalid parameter "query": 1:4: parse error: unexpected end of input inside braces' }]);
  });

  it('gives the syntax tree of a query', async () => {
    const { data } = (await bodyOf(form('/api/v1/parse_query', { query: 'sum by (job) (up)' }))) as { data: Record<string, unknown> };
    expect(data).toMatchObject({ type: 'aggregation', op: 'sum', grouping: ['job'], without: false, expr: { type: 'vectorSelector', name: 'up' } });
    expect((await query.get('/api/v1/parse_query?query=up%7B')).status).toBe(400);
  });

  it('says that it knows no other Alertmanager, and which limits queries have', async () => {
    expect(await bodyOf(query.get('/api/v1/alertmanagers'))).toMatchObject({ data: { activeAlertmanagers: [] } });
    expect(await bodyOf(query.get('/api/v1/status/flags'))).toMatchObject({ data: { 'query.lookback-delta': '5m', 'query.max-samples': '50000000', 'query.timeout': '30s' } });
    expect((await query.app.request('/-/ready', { method: 'HEAD' })).status).toBe(200);
  });

  it('gives type, help and unit of each metric', async () => {
    const metadata = ['a', 'b'].map((metric) => ({ metric, type: 'counter', help: `of ${metric}`, unit: 's' }));
    await saveMetadata(query.catalog, new MetadataCache(), metadata, NOW_MS);
    const a = [{ type: 'counter', help: 'of a', unit: 's' }];
    expect(await bodyOf(query.get('/api/v1/metadata'))).toMatchObject({ data: { a, b: [{ help: 'of b' }] } });
    expect(await bodyOf(query.get('/api/v1/metadata?limit=-1'))).toMatchObject({ data: { a, b: [{ help: 'of b' }] } });
    expect(await bodyOf(query.get('/api/v1/metadata?limit=1'))).toEqual({ status: 'success', data: { a } });
    expect(await bodyOf(query.get('/api/v1/metadata?metric=a'))).toEqual({ status: 'success', data: { a } });
    expect(await bodyOf(query.get('/api/v1/metadata?metric=c'))).toEqual({ status: 'success', data: {} });
  });
});

describe('/api/v1/sql', () => {
  const post = (app: OpenQuery, body: string): Promise<Response> => Promise.resolve(app.app.request('/api/v1/sql', { method: 'POST', body }));

  it('gives columns, rows and what they cost', async () => {
    const sql = await openQuery({
      runSql: async ({ query: text, parameters }) => ({ columns: [{ name: 'n', type: 'BIGINT' }], rows: [[`${text} ${parameters.join()}`]], bytesScanned: 1e12 }),
      sqlDollars: (bytes) => (bytes * 5) / 1e12,
    });
    await markStored(sql.catalog, NOW_MS);
    const answer = await post(sql, JSON.stringify({ query: 'SELECT ?', parameters: [1] }));
    expect([answer.status, answer.headers.get('tidemark-watermark-ms'), await answer.json()]).toEqual([
      200,
      String(NOW_MS),
      { columns: [{ name: 'n', type: 'BIGINT' }], rows: [['SELECT ? 1']], stats: { bytesScanned: 1e12, dollars: 5, watermarkMs: NOW_MS } },
    ]);
    await sql.close();
  });

  it('says what is wrong with a body or a statement', async () => {
    const faults = [new SqlError('bad_query', 'no'), new SqlError('limit', 'too much'), new SqlError('timeout', 'too long'), new Error('boom')];
    const sql = await openQuery({ runSql: () => Promise.reject(faults.shift() ?? new Error('none left')) });
    const bodies = ['{', '{"query":1}', '{"query":""}', '{"query":"x","extra":1}', '{"query":"x","parameters":[[]]}'];
    expect(await Promise.all(bodies.map(async (body) => (await post(sql, body)).status))).toEqual(bodies.map(() => 400));
    const outcomes = [];
    for (let i = 0; i < 4; i++) {
      const answer = await post(sql, '{"query":"SELECT 1"}');
      outcomes.push([answer.status, ((await answer.json()) as { errorType: string }).errorType]);
    }
    expect(outcomes).toEqual([[400, 'bad_data'], [422, 'execution'], [503, 'timeout'], [500, 'internal']]);
    await sql.close();
    expect((await post(query, '{"query":"SELECT 1"}')).status).toBe(404);
  });
});
