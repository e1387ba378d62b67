import { createHash } from 'node:crypto';
import type { Context } from 'hono';
import { HttpFault } from '../../shared/http/http-fault.ts';
import { success } from './answers.ts';
import { matchParameters } from './match-parameter.ts';
import { invalidParameter } from './params.ts';
import type { QueryPorts, RuleGroupPage } from './query-ports.ts';

/** `/api/v1/rules`, page by page where `group_limit` is given. */
export const rulesRoute = async (ports: QueryPorts, c: Context): Promise<Response> => {
  const params = withPlainFilters(new URL(c.req.url).searchParams);
  const page = pageParameters(params);
  const data = (await ports.rulePages?.rules(params)) ?? { groups: [] };
  return success(c, JSON.stringify(page === undefined ? data : pageOf(data.groups, page)));
};

export const alertsRoute = async (ports: QueryPorts, c: Context): Promise<Response> =>
  success(c, JSON.stringify((await ports.rulePages?.alerts()) ?? { alerts: [] }));

/** What Go's strconv.ParseBool takes. */
const BOOLEAN = /^(?:(1|t|true)|0|f|false)$/i;

/** The same parameters in the one form that stands for each of Prometheus' spellings. */
const withPlainFilters = (params: URLSearchParams): URLSearchParams => {
  const plain = new URLSearchParams(params);
  const type = (params.get('type') ?? '').toLowerCase();
  if (!['', 'alert', 'record'].includes(type)) throw invalidParameter('type', `not supported value ${JSON.stringify(type.slice(0, 100))}`);
  plain.set('type', type);
  const exclude = params.get('exclude_alerts') ?? '';
  const match = BOOLEAN.exec(exclude);
  if (exclude !== '' && match === null) {
    throw invalidParameter('exclude_alerts', `error converting exclude_alerts: strconv.ParseBool: parsing ${JSON.stringify(exclude.slice(0, 100))}: invalid syntax`);
  }
  plain.set('exclude_alerts', String(match?.[1] !== undefined));
  matchParameters(params);
  return plain;
};

interface Page {
  readonly limit: number;
  /** Of the first group; '' for the first page. */
  readonly token: string;
}

const pageParameters = (params: URLSearchParams): Page | undefined => {
  const token = params.get('group_next_token') ?? '';
  const text = params.get('group_limit') ?? '';
  if (text === '') {
    if (token !== '') throw invalidParameter('group_next_token', 'group_limit needs to be present in order to paginate over the groups');
    return undefined;
  }
  if (!/^[+-]?\d{1,9}$/.test(text)) throw invalidParameter('group_limit', `group_limit needs to be a valid number: ${JSON.stringify(text.slice(0, 100))} found`);
  const limit = Number(text);
  if (limit <= 0) throw invalidParameter('group_limit', 'group_limit needs to be greater than 0');
  return { limit, token };
};

const pageOf = (groups: readonly RuleGroupPage[], { limit, token }: Page): object => {
  const from = token === '' ? 0 : groups.findIndex((group) => tokenOf(group) === token);
  if (from === -1) throw new HttpFault(400, `invalid group_next_token '${token.slice(0, 100)}'. were rule groups changed?`);
  const next = groups[from + limit];
  return { groups: groups.slice(from, from + limit), ...(next === undefined ? {} : { groupNextToken: tokenOf(next) }) };
};

/** Tells a group by what it is named, so that a page that is asked for after others were added begins where it should. */
const tokenOf = ({ file, name }: RuleGroupPage): string => createHash('sha1').update(`${file};${name}`).digest('hex');
