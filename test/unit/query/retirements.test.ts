import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeAlertmanagerApp } from '../../../functions/query/alertmanager/alertmanager.ts';
import { readAudit } from '../../../shared/alerting/audit.ts';
import { NO_RECEIVERS } from '../../../shared/alerting/receivers.ts';
import { readRetirements } from '../../../shared/alerting/retirements.ts';
import { readRevisions } from '../../../shared/alerting/revisions.ts';
import { listRetirements, retire, unretire } from '../../../shared/commands/retirements.ts';
import { openItemTables } from '../../../shared/embedded/item-sqlite.ts';
import type { ItemTables } from '../../../shared/embedded/item-sqlite.ts';
import { createKey } from '../../../shared/keys/api-key.ts';
import type { KeyScope } from '../../../shared/keys/api-key.ts';
import { makeKeyCheck } from '../../../shared/keys/key-check.ts';

const NOW = 1_700_000_000_000;
const DAY = 86_400_000;

let tables: ItemTables;
let fresh = 0;
beforeEach(async () => {
  tables = await openItemTables(':memory:', ['alerts', 'keys'], { nowMs: () => NOW });
});
afterEach(() => tables.close());

const appOf = (isOpen: boolean) =>
  makeAlertmanagerApp({
    alerts: tables.table('alerts'),
    rules: async () => ({ version: '', groups: [] }),
    alertmanager: async () => NO_RECEIVERS,
    nowMs: () => NOW,
    startedAtMs: NOW,
    random: () => Uint8Array.of(fresh++, fresh >> 8),
    externalUrl: 'http://tidemark.example',
    version: '1.2.3',
    ...(isOpen ? {} : { keys: makeKeyCheck(tables.table('keys'), () => NOW) }),
  });

const api = (key?: string) => ({ url: 'http://tidemark.example', ...(key === undefined ? {} : { key }), fetch: (async (url, init) => appOf(key === undefined).request(String(url), init)) as typeof fetch });

const WANTED = { match: '{instance="web-3"}', comment: 'scaled in', createdBy: 'ann', json: false };

const keyOf = async (scope: KeyScope): Promise<string> => (await createKey(tables.table('keys'), { scope, name: scope, author: 'ann', nowMs: NOW, random: Uint8Array.from({ length: 32 }, () => fresh++) })).token;

describe('retirements', () => {
  it('are made for a week, listed, and taken back, each with an audit entry and a new revision', async () => {
    const said = await retire(api(), WANTED);
    const [stored] = await readRetirements(tables.table('alerts'));
    expect(said).toBe(`{instance="web-3"} may stop to report until ${new Date(NOW + 7 * DAY).toISOString()} (${stored?.id})`);
    expect(stored).toMatchObject({ startsAtMs: NOW, endsAtMs: NOW + 7 * DAY, createdBy: 'ann', comment: 'scaled in' });
    expect(stored?.matchers.matches([['instance', 'web-3']])).toBe(true);
    expect(await listRetirements(api(), false)).toContain('{instance="web-3"}');
    const revision = (await readRevisions(tables.table('alerts'))).get('retirements');
    expect(await unretire(api(), stored?.id ?? '')).toContain('taken back');
    expect(await readRetirements(tables.table('alerts'))).toEqual([]);
    expect((await readRevisions(tables.table('alerts'))).get('retirements')).not.toBe(revision);
    expect((await readAudit(tables.table('alerts'), 0, NOW, 10)).map(({ action, actor, author, detail }) => [action, actor, author, detail]).sort()).toEqual([
      ['retirement created', 'local', 'ann', `{instance="web-3"} until ${new Date(NOW + 7 * DAY).toISOString()}: scaled in`],
      ['retirement removed', 'local', 'ann', `{instance="web-3"} until ${new Date(NOW + 7 * DAY).toISOString()}: scaled in`],
    ]);
  });

  it('ask for the scope that silences ask for', async () => {
    const reader = api(await keyOf('read'));
    await expect(retire(reader, WANTED)).rejects.toThrow('HTTP 403');
    expect(await listRetirements(reader, true)).toBe('{"retirements":[]}');
    await retire(api(await keyOf('alerts')), { ...WANTED, for: '12h' });
    expect((await readRetirements(tables.table('alerts')))[0]?.endsAtMs).toBe(NOW + DAY / 2);
    await expect(unretire(reader, 'x')).rejects.toThrow('HTTP 403');
  });

  it.each([
    [{ match: '{instance=~".*"}' }, 'matchers that match every series'],
    [{ match: '' }, '0 matchers'],
    [{ match: 'instance' }, 'no name, operator and value'],
    [{ match: 'a=~"("' }, 'error parsing regexp'],
    [{ comment: ' ' }, 'no comment'],
    [{ comment: 'x'.repeat(5000) }, 'a text of 5000 bytes'],
    [{ for: '32d' }, 'at most 31d'],
    [{ for: '0s' }, 'found 0s'],
    [{ for: 'soon' }, 'a duration such as 7d'],
  ])('refuse %j', async (changes, found) => {
    const refusal = await retire(api(), { ...WANTED, ...changes }).catch((error: unknown) => String(error));
    expect(refusal).toContain('HTTP 400');
    expect(refusal).toContain(found);
    expect(await readRetirements(tables.table('alerts'))).toEqual([]);
  });

  it('say that there is none to take back', async () => {
    await expect(unretire(api(), 'nothing')).rejects.toThrow('found none with this id');
    await expect(unretire(api(), 'x'.repeat(3000))).rejects.toThrow('HTTP 404');
  });
});
