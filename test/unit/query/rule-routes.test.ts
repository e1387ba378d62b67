import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openQuery, type OpenQuery } from './open-query.ts';

const GROUPS = ['a', 'b', 'c'].map((name) => ({ name, file: 'r.yml', rules: [] }));

let query: OpenQuery;
let asked: URLSearchParams[];
beforeEach(async () => {
  asked = [];
  const rules = async (params: URLSearchParams): Promise<{ groups: typeof GROUPS }> => {
    asked.push(params);
    return { groups: GROUPS };
  };
  query = await openQuery({ rulePages: { rules, alerts: async () => ({ alerts: [{ state: 'firing' }] }) } });
});
afterEach(() => query.close());

interface Page {
  readonly data?: { readonly groups: readonly { readonly name: string }[]; readonly groupNextToken?: string };
  readonly error?: string;
}
const ask = async (params: string): Promise<Page> => (await (await query.get(`/api/v1/rules${params}`)).json()) as Page;
const names = ({ data }: Page): readonly string[] | undefined => data?.groups.map(({ name }) => name);

describe('/api/v1/rules', () => {
  it('comes page by page, until there is no token', async () => {
    expect((await ask('')).data).toEqual({ groups: GROUPS });
    const first = await ask('?group_limit=2');
    expect([names(first), first.data?.groupNextToken]).toEqual([['a', 'b'], expect.stringMatching(/^[0-9a-f]{40}$/)]);
    const second = await ask(`?group_limit=2&group_next_token=${first.data?.groupNextToken}`);
    expect(second.data).toEqual({ groups: [GROUPS[2]] });
    expect((await ask('?group_limit=3')).data).toEqual({ groups: GROUPS });
  });

  it('refuses pages that cannot be', async () => {
    const errors = await Promise.all(['?group_limit=0', '?group_limit=x', '?group_next_token=x', '?group_limit=1&group_next_token=x'].map(ask));
    expect(errors.map(({ error }) => error)).toEqual([
      'invalid parameter "group_limit": group_limit needs to be greater than 0',
      'invalid parameter "group_limit": group_limit needs to be a valid number: "x" found',
      'invalid parameter "group_next_token": group_limit needs to be present in order to paginate over the groups',
      "invalid group_next_token 'x'. were rule groups changed?",
    ]);
  });

  it("takes filters in every spelling of Prometheus' and refuses others", async () => {
    await ask('?type=ALERT&exclude_alerts=T&rule_name[]=x&rule_name[]=y');
    expect(Object.fromEntries(asked[0] ?? [])).toMatchObject({ type: 'alert', exclude_alerts: 'true' });
    expect(asked[0]?.getAll('rule_name[]')).toEqual(['x', 'y']);
    const errors = await Promise.all(['?type=x', '?exclude_alerts=yes', '?match[]=up{', '?match[]={}'].map(ask));
    expect(errors.map(({ error }) => error)).toEqual([
      'invalid parameter "type": not supported value "x"',
      'invalid parameter "exclude_alerts": error converting exclude_alerts: strconv.ParseBool: parsing "yes": invalid syntax',
      expect.stringContaining('parse error'),
      'invalid parameter "match[]": match[] must contain at least one non-empty matcher',
    ]);
    expect(asked).toHaveLength(1);
  });
});

describe('/api/v1/alerts', () => {
  it('is what the evaluator has', async () => {
    expect(await (await query.get('/api/v1/alerts')).json()).toEqual({ status: 'success', data: { alerts: [{ state: 'firing' }] } });
  });
});
