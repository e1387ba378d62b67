export type SqlParameter = string | number | boolean | null;

/** int64 and decimals arrive as text, so that no digit is lost. */
export type SqlCell = string | number | boolean | null;

export interface SqlRequest {
  /** One SELECT or WITH statement with `?` placeholders. */
  readonly query: string;
  readonly parameters: readonly SqlParameter[];
}

export interface SqlAnswer {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly SqlCell[])[];
  readonly bytesScanned: number;
}

/** Runs one statement over the views. Rejects with {@link SqlError} for the caller's own faults and limits. */
export type RunSql = (request: SqlRequest) => Promise<SqlAnswer>;

export type SqlFault = 'bad_query' | 'limit' | 'timeout';

export class SqlError extends Error {
  override readonly name = 'SqlError';
  readonly fault: SqlFault;

  constructor(fault: SqlFault, message: string) {
    super(message);
    this.fault = fault;
  }
}
