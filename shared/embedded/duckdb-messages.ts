import type { SqlCell, SqlFault, SqlParameter } from '../sql/run-sql.ts';

export interface DuckDbView {
  readonly name: string;
  readonly select: string;
  /** Does as well, and reads less, until a statement runs into what it lacks: an error with {@link NOT_COMPUTED} in it. */
  readonly cheapSelect?: string;
}

/** No text of a person's, nor of DuckDB's. */
export const NOT_COMPUTED = 'tidemark:not-computed';

/**
 * Stands for `increase` in a cheap view. DuckDB would read all partitions for the window of a column that nobody asks for, since
 * a filter on dt does not pass a window (1.5.4); this costs nothing until it is evaluated. Of a column, so that it is not
 * evaluated while planning.
 */
export const INCREASE_IS_ASKED_FOR = `CAST(error('${NOT_COMPUTED}' || left(metric, 0)) AS DOUBLE)`;

/** The one message the parent sends: everything the child needs for its one statement. */
export interface DuckDbTask {
  readonly query: string;
  readonly parameters: readonly SqlParameter[];
  /** Absolute paths: the only files that can be opened. */
  readonly paths: readonly string[];
  readonly views: readonly DuckDbView[];
  readonly memoryMb: number;
  readonly threads: number;
  readonly maxRows: number;
  readonly maxResultBytes: number;
}

/** The one message the child sends back. */
export type DuckDbOutcome =
  | {
      readonly columns: readonly { readonly name: string; readonly type: string }[];
      readonly rows: readonly (readonly SqlCell[])[];
      /** The views and tables that the statement names, in lower case. */
      readonly tables: readonly string[];
    }
  | { readonly fault: SqlFault; readonly message: string }
  /** The engine could not be set up over the plan: no fault of the statement. */
  | { readonly broken: string };
