import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';

const FOLDER = 'infra/grafana/dashboards';

const DataSource = v.strictObject({ type: v.literal('prometheus'), uid: v.literal('${datasource}') });
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const title = v.pipe(v.string(), v.nonEmpty());

const Target = v.strictObject({
  datasource: DataSource,
  editorMode: v.literal('code'),
  expr: v.pipe(v.string(), v.nonEmpty()),
  legendFormat: v.string(),
  refId: v.pipe(v.string(), v.regex(/^[A-Z]$/)),
  range: v.boolean(),
  instant: v.boolean(),
});

const FieldConfig = v.strictObject({
  defaults: v.strictObject({
    unit: v.picklist(['none', 'short', 'percentunit', 's', 'bytes', 'Bps', 'pps', 'currencyUSD']),
    color: v.strictObject({ mode: v.picklist(['thresholds', 'palette-classic']) }),
    thresholds: v.strictObject({ mode: v.literal('absolute'), steps: v.pipe(v.array(v.strictObject({ color: title, value: v.nullable(v.number()) })), v.minLength(1)) }),
    min: v.optional(v.number()),
    max: v.optional(v.number()),
    decimals: v.optional(count),
    custom: v.optional(
      v.strictObject({
        drawStyle: v.picklist(['line', 'bars', 'points']),
        lineWidth: count,
        fillOpacity: v.pipe(count, v.maxValue(100)),
        showPoints: v.picklist(['auto', 'never', 'always']),
        spanNulls: v.boolean(),
        stacking: v.strictObject({ mode: v.picklist(['none', 'normal', 'percent']), group: v.string() }),
      }),
    ),
  }),
  overrides: v.tuple([]),
});

const panelFields = {
  id: v.pipe(count, v.minValue(1)),
  title,
  description: title,
  datasource: DataSource,
  gridPos: v.strictObject({ x: v.pipe(count, v.maxValue(23)), y: count, w: v.pipe(count, v.minValue(1), v.maxValue(24)), h: v.pipe(count, v.minValue(1)) }),
};
const queried = { ...panelFields, fieldConfig: FieldConfig, targets: v.pipe(v.array(Target), v.minLength(1)) };

/** Of the plugin grafana-athena-datasource (its types.ts): format 1 is a table, `__default` is what the data source says. */
const Athena = v.strictObject({ type: v.literal('grafana-athena-datasource'), uid: v.literal('tidemark-athena') });
const SqlTarget = v.strictObject({
  datasource: Athena,
  connectionArgs: v.strictObject({ region: v.literal('__default'), catalog: v.literal('__default'), database: v.literal('__default') }),
  format: v.literal(1),
  rawSQL: v.pipe(v.string(), v.nonEmpty()),
  refId: v.pipe(v.string(), v.regex(/^[A-Z]$/)),
});
const { unit, color, thresholds } = FieldConfig.entries.defaults.entries;

/** A statement costs: such a panel stands in a row that is asked nothing until somebody opens it, over a time of its own. */
const SqlPanel = v.strictObject({
  ...panelFields,
  datasource: Athena,
  type: v.literal('table'),
  timeFrom: v.pipe(v.string(), v.regex(/^\d+[hd]$/)),
  fieldConfig: v.strictObject({
    defaults: v.strictObject({ unit, color, thresholds, custom: v.strictObject({ align: v.literal('auto'), cellOptions: v.strictObject({ type: v.literal('auto') }), inspect: v.boolean() }) }),
    overrides: v.tuple([]),
  }),
  targets: v.pipe(v.array(SqlTarget), v.minLength(1)),
  options: v.strictObject({
    showHeader: v.boolean(),
    cellHeight: v.picklist(['sm', 'md', 'lg']),
    footer: v.strictObject({ show: v.boolean(), reducer: v.array(v.literal('sum')), countRows: v.boolean(), fields: v.string() }),
  }),
});

/** The kinds of panel we use, each with the options that Grafana's own JSON of it has. */
const Panel = v.variant('type', [
  v.strictObject({ id: panelFields.id, title, gridPos: panelFields.gridPos, type: v.literal('row'), collapsed: v.literal(true), panels: v.pipe(v.array(SqlPanel), v.minLength(1)) }),
  v.strictObject({
    ...queried,
    type: v.literal('timeseries'),
    options: v.strictObject({
      legend: v.strictObject({ displayMode: v.picklist(['list', 'table']), placement: v.picklist(['bottom', 'right']), showLegend: v.boolean(), calcs: v.array(v.string()) }),
      tooltip: v.strictObject({ mode: v.picklist(['single', 'multi', 'none']), sort: v.picklist(['asc', 'desc', 'none']) }),
    }),
  }),
  v.strictObject({
    ...queried,
    type: v.literal('stat'),
    options: v.strictObject({
      reduceOptions: v.strictObject({ calcs: v.array(v.literal('lastNotNull')), fields: v.string(), values: v.boolean() }),
      colorMode: v.picklist(['none', 'value', 'background']),
      graphMode: v.picklist(['none', 'line', 'area']),
      justifyMode: v.picklist(['auto', 'center']),
      orientation: v.picklist(['auto', 'vertical', 'horizontal']),
      textMode: v.picklist(['auto', 'value', 'value_and_name', 'name', 'none']),
    }),
  }),
  v.strictObject({
    ...panelFields,
    type: v.literal('alertlist'),
    options: v.strictObject({
      viewMode: v.picklist(['list', 'stat']),
      groupMode: v.picklist(['default', 'custom']),
      groupBy: v.array(v.string()),
      sortOrder: count,
      maxItems: count,
      alertName: v.string(),
      alertInstanceLabelFilter: v.string(),
      dashboardAlerts: v.boolean(),
      datasource: v.string(),
      folder: v.null(),
      stateFilter: v.record(v.picklist(['firing', 'pending', 'noData', 'normal', 'error', 'recovering']), v.boolean()),
    }),
  }),
]);

const variableFields = { name: v.pipe(v.string(), v.regex(/^\w+$/)), label: title, options: v.tuple([]), skipUrlSync: v.boolean(), hide: v.picklist([0, 1, 2]) };
const current = v.strictObject({ text: v.optional(v.string()), value: v.optional(v.string()) });

const Variable = v.variant('type', [
  v.strictObject({ ...variableFields, type: v.literal('datasource'), query: v.literal('prometheus'), regex: v.string(), refresh: v.literal(1), includeAll: v.literal(false), multi: v.literal(false), current }),
  v.strictObject({ ...variableFields, type: v.literal('constant'), query: title, current }),
  v.strictObject({
    ...variableFields,
    type: v.literal('query'),
    datasource: DataSource,
    query: v.strictObject({ qryType: v.literal(1), query: v.pipe(v.string(), v.regex(/^label_values\(.+, \w+\)$/)), refId: v.string() }),
    refresh: v.literal(2),
    regex: v.string(),
    sort: count,
    includeAll: v.literal(true),
    multi: v.literal(true),
    allValue: v.literal('.*'),
    current,
  }),
]);

/** Grafana's dashboard model (schema version 39) as far as we use it: every other field is a mistake. */
const Dashboard = v.strictObject({
  uid: v.pipe(v.string(), v.regex(/^[a-z0-9-]{1,40}$/)),
  title,
  description: title,
  tags: v.array(v.string()),
  schemaVersion: v.literal(39),
  version: count,
  editable: v.boolean(),
  graphTooltip: v.picklist([0, 1, 2]),
  fiscalYearStartMonth: count,
  liveNow: v.boolean(),
  timezone: v.literal('browser'),
  weekStart: v.string(),
  time: v.strictObject({ from: v.string(), to: v.string() }),
  timepicker: v.strictObject({}),
  refresh: v.pipe(v.string(), v.regex(/^\d+[smh]$/)),
  annotations: v.strictObject({ list: v.tuple([]) }),
  templating: v.strictObject({ list: v.array(Variable) }),
  links: v.array(
    v.strictObject({
      type: v.literal('dashboards'),
      title,
      tags: v.array(v.string()),
      asDropdown: v.boolean(),
      icon: title,
      includeVars: v.boolean(),
      keepTime: v.boolean(),
      targetBlank: v.boolean(),
      tooltip: v.string(),
      url: v.string(),
    }),
  ),
  panels: v.pipe(v.array(Panel), v.minLength(1)),
});

export type Dashboard = v.InferOutput<typeof Dashboard>;
export type Panel = Dashboard['panels'][number];

/** Those in rows too. */
export const allPanels = ({ panels }: Dashboard): readonly (Panel | v.InferOutput<typeof SqlPanel>)[] => [...panels, ...panels.flatMap((panel) => (panel.type === 'row' ? panel.panels : []))];

/** The statements of a dashboard, with a time for their macros (plugin grafana-athena-datasource, macros.ts). */
export const panelStatements = (dashboard: Dashboard, fromTime: string, toTime: string): readonly string[] =>
  allPanels(dashboard).flatMap((panel) =>
    panel.type === 'table'
      ? panel.targets.map(({ rawSQL }) => {
          const [from, to] = [`TIMESTAMP '${fromTime}'`, `TIMESTAMP '${toTime}'`];
          return rawSQL.replaceAll('$__timeFrom()', from).replaceAll('$__timeTo()', to).replace(/\$__timeFilter\((.*?)\)/g, `$1 BETWEEN ${from} AND ${to}`);
        })
      : [],
  );

/** Every dashboard by its file; throws with the path of what does not belong there. */
export const readDashboards = (): readonly (readonly [file: string, dashboard: Dashboard])[] =>
  readdirSync(FOLDER).map((file) => {
    const parsed = v.safeParse(Dashboard, JSON.parse(readFileSync(join(FOLDER, file), 'utf8')));
    if (parsed.success) return [file, parsed.output];
    const [issue] = parsed.issues;
    throw new Error(`${file}: ${v.getDotPath(issue) ?? ''}: ${issue.message}`);
  });

/** What Grafana puts for its variables, with All chosen everywhere: `$__rate_interval` is the greater of step + interval and four intervals. */
export const interpolate = (dashboard: Dashboard, text: string, stepS: number, scrapeS: number): string => {
  const values = new Map(dashboard.templating.list.map((each) => [each.name, each.type === 'query' ? each.allValue : each.type === 'constant' ? each.query : each.current.value ?? '']));
  values.set('__rate_interval', `${Math.max(stepS + scrapeS, 4 * scrapeS)}s`);
  values.set('__interval', `${stepS}s`);
  return text.replace(/\$\{?(\w+)\}?/g, (whole, name: string) => {
    const value = values.get(name);
    if (value === undefined) throw new Error(`${dashboard.uid}: ${whole} is no variable`);
    return value;
  });
};

export interface PanelQuery {
  readonly panel: string;
  readonly expr: string;
  readonly isInstant: boolean;
}

export const panelQueries = (dashboard: Dashboard, stepS: number, scrapeS: number): readonly PanelQuery[] =>
  dashboard.panels.flatMap((panel) =>
    panel.type === 'alertlist' || panel.type === 'row' ? [] : panel.targets.map(({ expr, instant }) => ({ panel: `${dashboard.uid} / ${panel.title}`, expr: interpolate(dashboard, expr, stepS, scrapeS), isInstant: instant })),
  );
