import type { SqlCell } from '../sql/run-sql.ts';
import { type Api, callApi } from './api.ts';
import { toTable } from './table.ts';

interface SqlJson {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly SqlCell[])[];
  readonly stats: { readonly bytesScanned: number; readonly dollars: number };
}

/** Runs one SELECT and gives a table with what it cost, or the answer's own JSON. */
export const sql = async (api: Api, statement: string, parameters: readonly string[], json: boolean): Promise<string> => {
  const body = JSON.stringify({ query: statement, parameters });
  const text = await callApi(api, '/api/v1/sql', { method: 'POST', body, contentType: 'application/json' });
  if (json) return text;
  const answer = JSON.parse(text) as SqlJson;
  const rows = answer.rows.map((row) => row.map((cell) => (cell === null ? 'NULL' : String(cell))));
  const { bytesScanned, dollars } = answer.stats;
  return `${toTable(answer.columns.map((column) => column.name), rows)}\n\n${rows.length} ${rows.length === 1 ? 'row' : 'rows'}, ${bytesScanned} bytes scanned, $${dollars.toFixed(6)}`;
};
