import { sampleTable } from '../parquet/schema.ts';
import { glueTableOf, samplesOfClass } from './class-tables.ts';
import { DIALECTS, literal, quoted, type SqlDialect } from './dialect.ts';
import { prestoView, textColumn, type ViewTable } from './presto-view.ts';

/** What stands after FROM: tables, or table functions, with the columns of our Parquet files, and `dt`. No partition is in both. */
export interface SamplesSource {
  /** Partitions in which a sample stands once: read as they are. */
  readonly sealed?: string;
  /** Partitions in which a sample may stand several times. */
  readonly open?: string;
  readonly promotedLabels: readonly string[];
}

/**
 * The SELECT of the view `samples`: metric, labels, the promoted labels, ts (ms), time, value, dt.
 *
 * One row per sample: in an open partition the same sample may lie in several files, and grouping by its identity with the
 * greatest number first is the order that every reader uses (a number before NaN before a stale marker, which is no sample at
 * all). Filters on dt, metric and labels pass through the grouping and the union down to the scans, in both engines.
 * @throws RangeError for a promoted label that can have no column.
 */
export const samplesView = (dialect: SqlDialect, source: SamplesSource): string => {
  // Checks the names: letters, digits and underscores alone, so that they can stand in SQL text and in a JSON path.
  sampleTable(source.promotedLabels);
  const { sealed, open, promotedLabels } = source;
  const branches = [
    ...(sealed === undefined ? [] : [sealedBranch(dialect, sealed, promotedLabels)]),
    ...(open === undefined ? [] : [openBranch(dialect, open, promotedLabels)]),
  ];
  return branches.length === 0 ? emptyBranch(promotedLabels) : branches.join('\nUNION ALL\n');
};

const sealedBranch = (dialect: SqlDialect, from: string, promotedLabels: readonly string[]): string => {
  const { ms, time, promoted } = DIALECTS[dialect];
  const labels = promotedLabels.map((label) => `${promoted(label)} AS ${quoted(label)}, `).join('');
  return `SELECT metric, labels, ${labels}${ms('ts')} AS ts, ${time} AS "time", ${VALUE} AS "value", dt\nFROM ${from} WHERE ${IS_NUMBER}`;
};

const openBranch = (dialect: SqlDialect, from: string, promotedLabels: readonly string[]): string => {
  const words = DIALECTS[dialect];
  const promoted = promotedLabels.map((label) => `${words.promoted(label)} AS ${quoted(label)}`);
  const names = promotedLabels.map(quoted);
  const keys = ['dt', 'metric', 'labels', ...names, 'ts'];
  return [
    `SELECT metric, labels, ${[...names, ''].join(', ')}${words.ms('ts')} AS ts, ${words.time} AS "time", ${words.greatest} AS "value", dt`,
    `FROM (SELECT ${['dt', 'metric', 'labels', ...promoted, 'ts', `${VALUE} AS v`].join(', ')} FROM ${from} WHERE ${IS_NUMBER})`,
    `GROUP BY ${keys.join(', ')}`,
  ].join('\n');
};

/** For an installation that holds no file yet. */
const emptyBranch = (promotedLabels: readonly string[]): string => {
  const texts = ['metric', 'labels', ...promotedLabels].map((name) => `CAST(NULL AS VARCHAR) AS ${quoted(name)}`);
  const rest = ['CAST(NULL AS BIGINT) AS ts', 'CAST(NULL AS TIMESTAMP) AS "time"', 'CAST(NULL AS DOUBLE) AS "value"', 'CAST(NULL AS VARCHAR) AS dt'];
  return `SELECT ${[...texts, ...rest].join(', ')} WHERE false`;
};

/** The lossless value of the schema: as it is, or scaled. */
const VALUE = 'coalesce("value", (vbase + vmul * voff) / vdiv)';
/** Neither a stale marker nor a histogram. */
const IS_NUMBER = '("value" IS NOT NULL OR voff IS NOT NULL)';

/** Which view, and of what. */
export interface SamplesViewOf {
  readonly database: string;
  readonly promotedLabels: readonly string[];
  /** The class whose samples alone it has; those of the default class, and of `classes`, where none is named. */
  readonly retentionClass?: string | undefined;
  /** The other classes, each with a view of its own. Default: none. */
  readonly classes?: readonly string[] | undefined;
}

/**
 * The view `samples` in Glue, over the SQL lists of the raw tier: hours before `openFrom` (`YYYY-MM-DD-HH`) are read as they are, the
 * others grouped. '' has every hour grouped, which is right whatever the lists hold. Retention classes are compacted each by itself, so
 * each has a boundary, and a view, of its own: a sample that was stored again after its series had changed the class counts twice.
 */
export const samplesViewTable = ({ database, promotedLabels, retentionClass, classes = [] }: SamplesViewOf, openFrom: string): ViewTable => {
  const table = `${quoted(database)}.${quoted(glueTableOf('raw', retentionClass))}`;
  const side = (comparison: string): string => `(SELECT * FROM ${table} WHERE dt ${comparison} ${literal(openFrom)})`;
  const source = openFrom === '' ? { open: table } : { sealed: side('<'), open: side('>=') };
  const numbers = [
    { name: 'ts', trino: 'bigint', hive: 'bigint' },
    { name: 'time', trino: 'timestamp(3)', hive: 'timestamp' },
    { name: 'value', trino: 'double', hive: 'double' },
  ];
  const columns = [...['metric', 'labels', ...promotedLabels].map(textColumn), ...numbers, textColumn('dt')];
  const others = retentionClass === undefined ? classes : [];
  const names = columns.map(({ name }) => quoted(name)).join(', ');
  const branches = others.map((name) => `SELECT ${names} FROM ${quoted(database)}.${quoted(samplesOfClass(name))}`);
  const name = retentionClass === undefined ? 'samples' : samplesOfClass(retentionClass);
  return prestoView(database, name, [samplesView('trino', { ...source, promotedLabels }), ...branches].join('\nUNION ALL\n'), columns);
};
