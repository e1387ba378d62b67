import { type Api, callApi } from './api.ts';
import { toTable } from './table.ts';

const PATH = '/api/v1/retirements';

interface RetirementJson {
  readonly id: string;
  readonly match: string;
  readonly endsAt: string;
  readonly state: string;
  readonly createdBy: string;
  readonly comment: string;
}

export interface RetireOptions {
  /** Matchers of the series that go away. */
  readonly match: string;
  readonly comment: string;
  /** How long their going is planned; the installation's own time if absent. */
  readonly for?: string;
  readonly createdBy: string;
  readonly json: boolean;
}

/** Says of series that they go away on purpose. */
export const retire = async (api: Api, { json, ...wanted }: RetireOptions): Promise<string> => {
  const text = await callApi(api, PATH, { method: 'POST', body: JSON.stringify(wanted), contentType: 'application/json' });
  if (json) return text;
  const { id, match, endsAt } = JSON.parse(text) as RetirementJson;
  return `${match} may stop to report until ${endsAt} (${id})`;
};

/** What was said so. */
export const listRetirements = async (api: Api, json: boolean): Promise<string> => {
  const text = await callApi(api, PATH);
  if (json) return text;
  const { retirements } = JSON.parse(text) as { readonly retirements: readonly RetirementJson[] };
  return toTable(
    ['id', 'match', 'state', 'until', 'by', 'comment'],
    retirements.map(({ id, match, state, endsAt, createdBy, comment }) => [id, match, state, endsAt, createdBy, comment]),
  );
};

/** Takes one back. */
export const unretire = async (api: Api, id: string): Promise<string> => {
  await callApi(api, `${PATH}/${encodeURIComponent(id)}`, { method: 'DELETE' });
  return `${id} is taken back`;
};
