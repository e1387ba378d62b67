import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import { openDuckDb } from '../../shared/embedded/duckdb.ts';
import { parseQuery } from '../../shared/promql/parser.ts';
import { allPanels, panelQueries, panelStatements, readDashboards } from './grafana-dashboards.ts';

const PROVISIONING = 'infra/grafana/provisioning';
const dashboards = readDashboards();

interface DataSourceFile {
  readonly apiVersion: number;
  readonly datasources: readonly { readonly name: string; readonly uid: string; readonly type: string; readonly jsonData: Readonly<Record<string, unknown>> }[];
}

const dataSources = readdirSync(join(PROVISIONING, 'datasources')).flatMap((file) => {
  const { apiVersion, datasources } = parse(readFileSync(join(PROVISIONING, 'datasources', file), 'utf8')) as DataSourceFile;
  expect(apiVersion).toBe(1);
  return datasources;
});

describe('dashboards', () => {
  it('have names of their own, and no field that Grafana does not know', () => {
    expect(dashboards.map(([file]) => file)).toEqual(['alerts.json', 'cost.json', 'hosts.json', 'system.json']);
    expect(new Set(dashboards.map(([, { uid }]) => uid)).size).toBe(dashboards.length);
  });

  it.each(dashboards)('%s: panels have ids of their own and do not cover each other', (_, dashboard) => {
    const panels = allPanels(dashboard);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) => {
      expect(x + w).toBeLessThanOrEqual(24);
      return Array.from({ length: w * h }, (__, i) => `${x + (i % w)},${y + Math.floor(i / w)}`);
    });
    expect(new Set(cells).size).toBe(cells.length);
  });

  it.each(dashboards)('%s: every query is PromQL once variables are put in', (_, dashboard) => {
    const queries = panelQueries(dashboard, 15, 10);
    expect(queries.length).toBeGreaterThan(5);
    for (const { expr } of queries) expect(() => parseQuery(expr), expr).not.toThrow();
  });

  it('have statements that SQL over history answers, about a time of their own', async () => {
    const statements = dashboards.flatMap(([, dashboard]) => panelStatements(dashboard, '2026-03-01 10:00:00', '2026-03-08 10:00:00'));
    expect(statements).toHaveLength(1);
    expect(statements[0]).not.toContain('$');
    const nothing = { sealed: [], open: [], indexes: [], '1m': [], '1h': [] };
    const runSql = openDuckDb({ plan: async () => nothing, promotedLabels: [], memoryMb: 128, timeoutMs: 20_000 });
    for (const query of statements) expect((await runSql({ query, parameters: [] })).columns.map(({ name }) => name).slice(0, 4)).toEqual(['time', 'alertname', 'from_state', 'to_state']);
    for (const [, { panels }] of dashboards) for (const panel of panels) if (panel.type === 'row') expect(panel.panels.map(({ datasource }) => datasource.uid)).toEqual(dataSources.filter(({ type }) => type === 'grafana-athena-datasource').map(({ uid }) => uid));
  });

  it.each(dashboards)('%s: an alert list reads a data source that is provisioned and shows its alerts', (_, { panels }) => {
    for (const panel of panels) {
      if (panel.type !== 'alertlist') continue;
      expect(dataSources.find(({ name }) => name === panel.options.datasource)?.jsonData['manageAlerts']).toBe(true);
    }
  });
});

describe('data sources', () => {
  it('are live and history, which asks for tiers at steps of a minute, and Athena', () => {
    const of = (uid: string): Readonly<Record<string, unknown>> | undefined => dataSources.find((each) => each.uid === uid)?.jsonData;
    expect(dataSources).toHaveLength(3);
    expect(of('tidemark-live')).toMatchObject({ httpMethod: 'POST', prometheusType: 'Prometheus', timeInterval: '10s', manageAlerts: true });
    expect(of('tidemark-history')).toMatchObject({ httpMethod: 'POST', timeInterval: '60s', customQueryParameters: 'resolution=auto' });
    expect(of('tidemark-athena')).toMatchObject({ authType: 'default', catalog: 'AwsDataCatalog' });
  });

  it('are chosen from by every dashboard', () => {
    for (const [, { templating }] of dashboards) {
      const variable = templating.list.find(({ type }) => type === 'datasource');
      expect(dataSources.map(({ uid }) => uid)).toContain(variable?.current.value);
    }
  });
});
