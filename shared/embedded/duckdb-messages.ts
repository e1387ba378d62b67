import type { SqlCell, SqlFault, SqlParameter } from '../sql/run-sql.ts';

/** The one message the parent sends: everything the child needs for its one statement. */
export interface DuckDbTask {
  readonly query: string;
  readonly parameters: readonly SqlParameter[];
  /** Absolute paths: the only files that can be opened. */
  readonly paths: readonly string[];
  /** The statement that makes the view. */
  readonly view: string;
  readonly memoryMb: number;
  readonly threads: number;
  readonly maxRows: number;
  readonly maxResultBytes: number;
}

/** The one message the child sends back. */
export type DuckDbOutcome =
  | { readonly columns: readonly { readonly name: string; readonly type: string }[]; readonly rows: readonly (readonly SqlCell[])[] }
  | { readonly fault: SqlFault; readonly message: string }
  /** The engine could not be set up over the plan: no fault of the statement. */
  | { readonly broken: string };
