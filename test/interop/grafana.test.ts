import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, queryVector, startTidemark, type TidemarkProcess } from '../support/tidemark-process.ts';
import { interpolate, panelQueries, readDashboards } from './grafana-dashboards.ts';

const dashboards = readDashboards();

/** What a fresh installation on a quiet machine has nothing to show for; the queries themselves must still be taken. */
const MAY_BE_EMPTY = /Disk full in|^tidemark-system \/ Refused$|Notifications$|Disk (?:busy|traffic)|Network/;

interface Answer {
  readonly status: string;
  readonly data: unknown;
  readonly errorType?: string;
  readonly error?: string;
}

describe('Grafana', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-grafana-'));
  let tidemark: TidemarkProcess;

  beforeAll(async () => {
    tidemark = await startTidemark({ data: folder });
    const push = '{"samples":[{"metric":"grafana_test","labels":{"my.label":"ünicode","host":"a"},"value":1}]}';
    const answer = await fetch(`${tidemark.url}/api/v1/push`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: push });
    expect(answer.status).toBeLessThan(300);
    // Two flushes of everything, so that every rate has two samples.
    await eventually('rates', 60_000, async () => {
      const found = await queryVector(tidemark.url, 'count(rate(tidemark_store_objects_total[1m])) and count(rate(node_cpu_seconds_total[1m])) and count(tidemark_sender_lateness_seconds) and count(tidemark_detection_latency_seconds)');
      return found.length > 0 ? true : undefined;
    });
  });

  afterAll(async () => {
    await tidemark?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const get = async (path: string): Promise<Answer> => {
    const response = await fetch(`${tidemark.url}${path}`);
    expect(response.status, path).toBe(200);
    return (await response.json()) as Answer;
  };
  const post = (path: string, form: Record<string, string>): Promise<Response> => fetch(`${tidemark.url}${path}`, { method: 'POST', body: new URLSearchParams(form) });

  /** As the data source asks for a panel: on a grid of the step. */
  const run = async (expr: string, isInstant: boolean, stepS: number): Promise<readonly unknown[]> => {
    const endS = Math.ceil(Date.now() / 1000 / stepS) * stepS;
    const response = await (isInstant
      ? post('/api/v1/query', { query: expr, time: (Date.now() / 1000).toFixed(3) })
      : post('/api/v1/query_range', { query: expr, start: String(endS - 3600), end: String(endS), step: String(stepS) }));
    const answer = (await response.json()) as Answer;
    expect(answer.error, expr).toBeUndefined();
    return (answer.data as { result: readonly unknown[] }).result;
  };

  it.each(dashboards)('fills every panel of %s', async (_, dashboard) => {
    for (const { panel, expr, isInstant } of panelQueries(dashboard, 15, 10)) {
      const result = await run(expr, isInstant, 15);
      if (!MAY_BE_EMPTY.test(panel)) expect(result.length, `${panel}: ${expr}`).toBeGreaterThan(0);
    }
  });

  it.each(dashboards)('asks the history for every panel of %s', async (_, dashboard) => {
    for (const { expr, isInstant } of panelQueries(dashboard, 60, 60)) {
      const form = { query: expr, time: String(Math.floor(Date.now() / 60_000) * 60), start: '0', end: '60', step: '60', resolution: 'auto' };
      const response = await post(isInstant ? '/api/v1/query' : '/api/v1/query_range', form);
      expect([response.status, await response.json()], expr).toMatchObject([200, { status: 'success' }]);
    }
  });

  it('finds the values of every variable', async () => {
    for (const [, dashboard] of dashboards) {
      for (const variable of dashboard.templating.list) {
        if (variable.type !== 'query') continue;
        const [, selector = '', label = ''] = /^label_values\((.+), (\w+)\)$/.exec(interpolate(dashboard, variable.query.query, 15, 10)) ?? [];
        const nowS = Math.floor(Date.now() / 1000);
        const { data } = await get(`/api/v1/label/${label}/values?match[]=${encodeURIComponent(selector)}&start=${nowS - 3600}&end=${nowS}`);
        expect(data).toHaveLength(1);
      }
    }
  });

  it('takes the health check of "Save & test" for a Prometheus', async () => {
    const response = await post('/api/v1/query', { query: '1+1', time: '4' });
    expect([response.status, await response.json()]).toEqual([200, { status: 'success', data: { resultType: 'scalar', result: [4, '2'] } }]);
    const { data } = await get('/api/v1/status/buildinfo');
    expect(data).toMatchObject({ version: expect.stringMatching(/^3\.\d+\.\d+$/) });
    // Grafana reads a map of texts there, and takes one that is not empty for Mimir.
    expect(data).not.toHaveProperty('features');
  });

  it('finds metrics, labels and values for its query builder, UTF-8 names among them', async () => {
    const nowS = Math.floor(Date.now() / 1000);
    const times = { start: String(nowS - 3600), end: String(nowS), limit: '40000' };
    const labels = await post('/api/v1/labels', { ...times, 'match[]': '{__name__="grafana_test"}' });
    expect(await labels.json()).toEqual({ status: 'success', data: ['__name__', 'host', 'my.label'] });
    const query = new URLSearchParams(times).toString();
    expect((await get(`/api/v1/label/__name__/values?${query}`)).data).toEqual(expect.arrayContaining(['grafana_test', 'node_uname_info']));
    expect((await get(`/api/v1/label/U__my_2e_label/values?${query}`)).data).toEqual(['ünicode']);
    const series = await post('/api/v1/series', { ...times, 'match[]': '{__name__!=""}' });
    expect(((await series.json()) as { data: unknown[] }).data).toContainEqual({ __name__: 'grafana_test', host: 'a', 'my.label': 'ünicode' });
    expect((await get('/api/v1/metadata?limit=40000')).data).toMatchObject({ tidemark_store_samples_total: [{ type: 'counter', help: expect.any(String), unit: '' }] });
  });

  it('may ask for resources by GET where it tries POST first, and is told which methods a path has', async () => {
    const refused = await post('/api/v1/label/host/values', {});
    expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'GET, OPTIONS']);
    expect((await get('/api/v1/labels?match[]=grafana_test')).data).toEqual(['__name__', 'host', 'my.label']);
    const preflight = await fetch(`${tidemark.url}/api/v1/query`, { method: 'OPTIONS' });
    expect([preflight.status, preflight.headers.get('allow')]).toEqual([204, 'GET, POST, OPTIONS']);
  });

  it('gets exemplars, rules and alerts in the shapes it decodes', async () => {
    expect((await get('/api/v1/query_exemplars?query=grafana_test&start=1&end=2')).data).toEqual([]);
    expect((await get('/api/v1/rules?type=alert&exclude_alerts=true')).data).toEqual({ groups: expect.any(Array) });
    expect((await get('/api/v1/alerts')).data).toEqual({ alerts: expect.any(Array) });
  });

  it('sees the type of a result before the result, under gzip too', async () => {
    const response = await fetch(`${tidemark.url}/api/v1/query?query=${encodeURIComponent('{__name__=~".+"}')}`, { headers: { 'accept-encoding': 'gzip' } });
    expect(response.headers.get('content-encoding')).toBe('gzip');
    expect((await response.text()).slice(0, 70)).toMatch(/^\{"status":"success","data":\{"resultType":"vector","result":\[/);
  });

  it('is told what is wrong with a query in the words it shows', async () => {
    const response = await post('/api/v1/query_range', { query: 'sum(', start: '0', end: '60', step: '15' });
    expect([response.status, await response.json()]).toMatchObject([400, { status: 'error', errorType: 'bad_data', error: expect.stringContaining('parse error') }]);
  });
});
