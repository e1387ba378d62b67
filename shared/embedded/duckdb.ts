import { type ChildProcess, fork } from 'node:child_process';
import { resolve as absolute } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ThrottledError, UnavailableError } from '../errors.ts';
import { type RunSql, type SqlAnswer, SqlError, type SqlRequest } from '../sql/run-sql.ts';
import { literal } from '../sql/dialect.ts';
import { HISTORY_KINDS, type HistoryKind } from '../sql/history-tables.ts';
import { historyView } from '../sql/history-views.ts';
import { seriesView } from '../sql/series-view.ts';
import { tierView } from '../sql/tier-views.ts';
import { samplesView } from '../sql/views.ts';
import { ConcurrencyLimit } from './concurrency-limit.ts';
import { type DuckDbOutcome, type DuckDbTask, type DuckDbView, INCREASE_IS_ASKED_FOR } from './duckdb-messages.ts';

/** A Parquet file of the plan, in a folder `dt=YYYY-MM-DD-HH`, of tier 1h and of history `dt=YYYY-MM-DD`. */
export interface SqlFile {
  readonly path: string;
  readonly bytes: number;
}

/** Every file a statement may see. No partition is in both. */
export interface SqlPlan {
  /** Files of partitions in which a sample stands once. */
  readonly sealed: readonly SqlFile[];
  /** Files of partitions in which a sample may stand several times. */
  readonly open: readonly SqlFile[];
  /** Series indexes of hours that are not open. */
  readonly indexes: readonly SqlFile[];
  readonly '1m': readonly SqlFile[];
  readonly '1h': readonly SqlFile[];
  /** By view. Asked for when a statement names it: a year has some thousand small files. */
  readonly history?: (kind: HistoryKind) => Promise<readonly SqlFile[]>;
}

export interface DuckDbOptions {
  /** Asked for anew for each statement. */
  readonly plan: () => Promise<SqlPlan>;
  readonly promotedLabels: readonly string[];
  /** DuckDB's own limit; the process around it takes about 100 MB more. */
  readonly memoryMb: number;
  /** From the start of the child to the last row. Past it the child is killed. */
  readonly timeoutMs: number;
  readonly threads?: number;
  readonly maxRows?: number;
  readonly maxResultBytes?: number;
}

const CHILD = fileURLToPath(new URL('duckdb-child.ts', import.meta.url));
/** What a person or a panel can look at; more is an export, which is not what this is for. */
const DEFAULT_MAX_ROWS = 100_000;
const DEFAULT_MAX_RESULT_BYTES = 32 * 1024 * 1024;
/** Statements at once: each has its memory limit for itself. */
const MAX_CHILDREN = 2;
/** Statements that run or wait: a caller far behind in the line is better told than kept. */
const MAX_STATEMENTS = 16;

/**
 * SQL over the files of the plan. Each statement runs in a child process of its own, which can open those files for reading
 * and nothing else; a statement that takes too long or kills its process does not touch ours.
 *
 * `bytesScanned` is the size of all files of the views that the statement names: an upper bound, since DuckDB skips hours by `dt`
 * and row groups by their statistics, and does not tell how much it read.
 */
export const openDuckDb = (options: DuckDbOptions): RunSql => {
  const children = new ConcurrencyLimit(MAX_CHILDREN);
  let statements = 0;
  return async (request) => {
    if (statements >= MAX_STATEMENTS) throw new ThrottledError(`run statement: ${statements} statements run or wait, ${MAX_STATEMENTS} allowed`, 5);
    statements++;
    try {
      return await children.run(() => runStatement(options, request));
    } finally {
      statements--;
    }
  };
};

const runStatement = async (options: DuckDbOptions, { query, parameters }: SqlRequest): Promise<SqlAnswer> => {
  const plan = await options.plan();
  const views = [...viewsOver(plan, options.promotedLabels), ...(await historyViewsOver(plan, query))];
  const paths = new Set(views.flatMap(({ files }) => files.map(({ path }) => absolute(path))));
  const task: DuckDbTask = {
    query,
    parameters,
    paths: [...paths],
    views: views.map(({ files: _, ...view }) => view),
    memoryMb: options.memoryMb,
    threads: options.threads ?? 2,
    maxRows: options.maxRows ?? DEFAULT_MAX_ROWS,
    maxResultBytes: options.maxResultBytes ?? DEFAULT_MAX_RESULT_BYTES,
  };
  const outcome = await runInChild(task, options.timeoutMs);
  if ('broken' in outcome) throw new Error(`run statement: the engine did not open ${paths.size} files (${outcome.broken})`);
  if ('fault' in outcome) throw new SqlError(outcome.fault, outcome.message);
  const { tables, ...answer } = outcome;
  const scanned = new Map(views.filter(({ name }) => tables.includes(name)).flatMap(({ files }) => files.map(({ path, bytes }) => [path, bytes])));
  return { ...answer, bytesScanned: [...scanned.values()].reduce((sum, bytes) => sum + bytes, 0) };
};

interface ViewOverFiles extends DuckDbView {
  readonly files: readonly SqlFile[];
}

const viewsOver = (plan: SqlPlan, promotedLabels: readonly string[]): readonly ViewOverFiles[] => {
  const { sealed, open, indexes } = plan;
  const samples = { ...scanAs('sealed', sealed), ...scanAs('open', open), promotedLabels };
  const series = { ...scanAs('indexes', indexes), ...scanAs('samples', open), promotedLabels };
  return [
    { name: 'samples', select: samplesView('duckdb', samples), files: [...sealed, ...open] },
    { name: 'series', select: seriesView('duckdb', series), files: [...indexes, ...open] },
    ...(['1m', '1h'] as const).map((tier) => tierViewOver(`samples_${tier}`, plan[tier], promotedLabels)),
  ];
};

/** A statement that reads a view has its name in its text; of others the files are no matter. */
const historyViewsOver = ({ history }: SqlPlan, query: string): Promise<readonly ViewOverFiles[]> =>
  Promise.all(
    HISTORY_KINDS.map(async (kind) => {
      const files = query.toLowerCase().includes(kind) ? ((await history?.(kind)) ?? []) : [];
      return { name: kind, select: historyView('duckdb', kind, scanAs('from', files).from), files };
    }),
  );

const tierViewOver = (name: string, files: readonly SqlFile[], promotedLabels: readonly string[]): ViewOverFiles => {
  const source = { ...scanAs('from', files), promotedLabels };
  return { name, select: tierView('duckdb', source), cheapSelect: tierView('duckdb', { ...source, increase: INCREASE_IS_ASKED_FOR }), files };
};

/** Of no files nothing: an empty list is no table. */
const scanAs = <Name extends string>(name: Name, files: readonly SqlFile[]): { readonly [key in Name]?: string } =>
  files.length === 0 ? {} : ({ [name]: scanOf(files) } as { readonly [key in Name]: string });

const scanOf = (files: readonly SqlFile[]): string =>
  `read_parquet([${files.map((file) => literal(absolute(file.path))).join(', ')}], hive_partitioning = true, hive_types = {'dt': VARCHAR})`;

const runInChild = (task: DuckDbTask, timeoutMs: number): Promise<DuckDbOutcome> =>
  new Promise((resolve, reject) => {
    // No environment: it may hold secrets of ours. No output: DuckDB prints profiles there.
    const child = fork(CHILD, { env: {}, execArgv: ['--disable-warning=ExperimentalWarning'], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    const timer = setTimeout(() => {
      resolve({ fault: 'timeout', message: `run statement: no end after ${timeoutMs} ms, ${timeoutMs} ms allowed` });
      child.kill('SIGKILL');
    }, timeoutMs);
    child.once('message', (outcome: DuckDbOutcome) => resolve(outcome));
    child.once('error', (cause) => reject(new UnavailableError('run statement: its process does not start', 1, { cause })));
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      // After an outcome this changes nothing: a promise settles once.
      resolve({ fault: 'limit', message: `run statement: its process ended early (${signal ?? `code ${code}`}), probably over its memory limit` });
    });
    send(child, task, reject);
  });

const send = (child: ChildProcess, task: DuckDbTask, reject: (error: Error) => void): void => {
  child.send(task, (cause) => {
    // A child that died before it read its task is reported by `exit`.
    if (cause !== null && child.connected) reject(new UnavailableError('run statement: its process does not listen', 1, { cause }));
  });
};
