import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NOW_MS, openQuery, type OpenQuery } from './open-query.ts';

let query: OpenQuery;
beforeEach(async () => {
  query = await openQuery();
});
afterEach(() => query.close());

const read = async (path: string): Promise<unknown> => ((await (await query.get(`/api/v1/${path}`)).json()) as { data: unknown }).data;
const errorOf = async (path: string): Promise<unknown> => {
  const answer = await query.get(`/api/v1/${path}`);
  return [answer.status, ((await answer.json()) as { error: string }).error];
};

describe('status', () => {
  it('tells when it started and what time it is', async () => {
    const startTime = new Date(NOW_MS).toISOString();
    expect(await read('status/runtimeinfo')).toMatchObject({ startTime, serverTime: startTime, lastConfigTime: startTime, reloadConfigSuccess: true, corruptionCount: 0, storageRetention: '1y' });
    expect(await read('status/config')).toEqual({ yaml: 'global: {}\nscrape_configs: []\n' });
    expect(await read('status/walreplay')).toEqual({ min: 0, max: 0, current: 0 });
  });

  it('says that nothing is scraped and nobody else is alerted', async () => {
    expect(await read('targets/metadata')).toEqual([]);
    expect(await read('alertmanagers')).toEqual({ activeAlertmanagers: [], droppedAlertmanagers: [] });
    expect(await read('notifications')).toEqual([]);
  });
});

describe('/api/v1/status/tsdb', () => {
  it('counts series by metric, label and pair, the greatest first', async () => {
    await query.store(['up', '{"host":"a"}', [0, 1]], ['up', '{"host":"bb"}', [0, 1]], ['cpu', '{"host":"a","mode":"idle"}', [0, 1]], ['old', '{}', [-7_200_000, 1]]);
    expect(await read('status/tsdb')).toEqual({
      headStats: { numSeries: 3, numLabelPairs: 5, chunkCount: 0, minTime: NOW_MS - 3_600_000, maxTime: NOW_MS },
      seriesCountByMetricName: [{ name: 'up', value: 2 }, { name: 'cpu', value: 1 }],
      labelValueCountByLabelName: [{ name: '__name__', value: 2 }, { name: 'host', value: 2 }, { name: 'mode', value: 1 }],
      memoryInBytesByLabelName: [{ name: '__name__', value: 7 }, { name: 'host', value: 4 }, { name: 'mode', value: 4 }],
      seriesCountByLabelValuePair: [
        { name: '__name__=up', value: 2 },
        { name: 'host=a', value: 2 },
        { name: '__name__=cpu', value: 1 },
        { name: 'host=bb', value: 1 },
        { name: 'mode=idle', value: 1 },
      ],
    });
    expect(await read('status/tsdb?limit=1')).toMatchObject({ seriesCountByMetricName: [{ name: 'up', value: 2 }], labelValueCountByLabelName: [{ name: '__name__' }] });
  });

  it('is bounded', async () => {
    expect(await errorOf('status/tsdb?limit=0')).toEqual([400, 'invalid parameter "limit": limit must be a positive number']);
    expect(await errorOf('status/tsdb?limit=x')).toEqual([400, 'invalid parameter "limit": limit must be a positive number']);
    expect(await errorOf('status/tsdb?limit=10001')).toEqual([400, 'invalid parameter "limit": limit must not exceed 10000']);
  });
});

describe('/api/v1/query_exemplars', () => {
  it('is empty for every query that Prometheus takes, and refuses the others in its words', async () => {
    expect(await read('query_exemplars?query=sum(up)&start=1&end=2')).toEqual([]);
    expect(await errorOf('query_exemplars?query=up&start=2&end=1')).toEqual([400, 'end timestamp must not be before start timestamp']);
    expect(await errorOf('query_exemplars?query=up{')).toEqual([400, expect.stringMatching(/^1:\d+: parse error: /)]);
    expect(await errorOf('query_exemplars?query=up&start=x')).toEqual([400, 'invalid parameter "start": Invalid time value for \'start\': cannot parse "x" to a valid timestamp']);
  });
});

describe('/api/v1/metadata', () => {
  it('takes whole numbers as limits alone', async () => {
    expect(await errorOf('metadata?limit=x')).toEqual([400, 'limit must be a number']);
    expect(await errorOf('metadata?limit_per_metric=1.5')).toEqual([400, 'limit_per_metric must be a number']);
    expect(await read('metadata?limit=0')).toEqual({});
  });
});

describe('every path', () => {
  it('answers OPTIONS and HEAD, and names its methods', async () => {
    const ask = async (method: string, path: string): Promise<unknown> => {
      const answer = await query.app.request(path, { method });
      return [answer.status, answer.headers.get('allow'), answer.headers.get('access-control-allow-origin'), (await answer.text()).length > 0];
    };
    expect(await ask('OPTIONS', '/api/v1/query')).toEqual([204, 'GET, POST, OPTIONS', null, false]);
    expect(await ask('OPTIONS', '/api/v1/label/host/values')).toEqual([204, 'GET, OPTIONS', null, false]);
    expect(await ask('DELETE', '/api/v1/query')).toEqual([405, 'GET, POST, OPTIONS', null, true]);
    expect(await ask('POST', '/api/v1/rules')).toEqual([405, 'GET, OPTIONS', null, true]);
    for (const path of ['/-/healthy', '/-/ready', '/api/v1/query?query=1']) expect(await ask('HEAD', path)).toEqual([200, null, null, false]);
  });
});
