import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { endDelivery } from '../../../shared/alerting/delivery-ends.ts';
import type { DeliveryEnd } from '../../../shared/alerting/delivery-ends.ts';
import { readLedgerEntry, writeLedgerEntry } from '../../../shared/alerting/ledger.ts';
import type { LedgerEntry } from '../../../shared/alerting/ledger.ts';
import type { NotificationBody } from '../../../shared/alerting/notification-body.ts';
import type { ItemTable } from '../../../shared/catalog/item-table.ts';
import { openItemTables } from '../../../shared/embedded/item-sqlite.ts';
import type { ItemTables } from '../../../shared/embedded/item-sqlite.ts';
import { closeShelf, shelfRows } from '../../../shared/history/shelf.ts';
import type { ShelfRow } from '../../../shared/history/shelf.ts';

const HOUR = 3_600_000;
const FLUSH_MS = 10 * HOUR;

let tables: ItemTables;
let items: ItemTable;
beforeEach(async () => {
  tables = await openItemTables(':memory:', ['alerts'], { nowMs: () => 0 });
  items = tables.table('alerts');
});
afterEach(() => tables.close());

const entryOf = (over: Partial<LedgerEntry> = {}): LedgerEntry => ({
  id: 'ab12',
  receiver: 'ops',
  integration: 'ops/webhook/0',
  subject: '[FIRING:1] Down',
  sequence: FLUSH_MS,
  attempts: 1,
  firstAttemptMs: FLUSH_MS + 1000,
  lastAttemptMs: FLUSH_MS + 1000,
  lastAnswer: 'HTTP 200',
  state: 'sent',
  ...over,
});

const endOf = (entry: LedgerEntry, before?: LedgerEntry): DeliveryEnd => ({
  entry,
  before,
  published: { id: entry.id, receiver: 'ops', integration: 'ops/webhook/0', channel: 'webhook', severity: 'page', subject: entry.subject, body: '' },
  body: { groupId: 'g', dedupKey: 'd', sequence: FLUSH_MS, message: { status: 'firing', groupKey: '{}:{alertname="Down"}' } as NotificationBody['message'] },
});

const rows = async (fromMs = 0, toMs = 1e13): Promise<readonly ShelfRow[]> => {
  const found: ShelfRow[] = [];
  for await (const row of shelfRows(items, 'notifications', fromMs, toMs)) found.push(row);
  return found;
};

describe('the end of a delivery', () => {
  it('stands in the ledger and in history, together', async () => {
    await endDelivery(items, endOf(entryOf()));
    expect(await readLedgerEntry(items, 'ab12', FLUSH_MS)).toEqual(entryOf());
    expect(await rows()).toEqual([
      {
        tMs: FLUSH_MS,
        name: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
        attributes: {
          id: 'ab12',
          receiver: 'ops',
          integration: 'ops/webhook/0',
          channel: 'webhook',
          severity: 'page',
          status: 'firing',
          subject: '[FIRING:1] Down',
          group_key: '{}:{alertname="Down"}',
          attempts: 1,
          first_attempt_ts: FLUSH_MS + 1000,
          last_attempt_ts: FLUSH_MS + 1000,
          last_answer: 'HTTP 200',
          state: 'sent',
        },
      },
    ]);
  });

  it('counts once where two attempts end at the same time, or a write is made again', async () => {
    const before = entryOf({ state: 'retrying', lastAnswer: 'HTTP 503' });
    await writeLedgerEntry(items, before);
    const first = entryOf({ attempts: 2, lastAttemptMs: FLUSH_MS + 5000 });
    expect(await endDelivery(items, endOf(first, before))).toBe(true);
    expect(await endDelivery(items, endOf(entryOf({ attempts: 2, lastAttemptMs: FLUSH_MS + 5001, state: 'failed' }), before))).toBe(false);
    expect(await endDelivery(items, endOf(first, before))).toBe(false);
    expect(await readLedgerEntry(items, 'ab12', FLUSH_MS)).toEqual(first);
    expect((await rows()).map(({ attributes }) => attributes['state'])).toEqual(['sent']);
  });

  it('comes again, with a row of its own, where it was delivered again by hand', async () => {
    const failed = entryOf({ state: 'failed' });
    await endDelivery(items, endOf(failed));
    await endDelivery(items, endOf(entryOf({ attempts: 2, lastAttemptMs: FLUSH_MS + 9000 }), failed));
    expect((await rows()).map(({ attributes }) => [attributes['state'], attributes['attempts']])).toEqual([
      ['failed', 1],
      ['sent', 2],
    ]);
  });

  it('counts once where two attempts that were asked for by hand end at the same time', async () => {
    const sent = entryOf();
    await endDelivery(items, endOf(sent));
    const again = entryOf({ attempts: 2, lastAttemptMs: FLUSH_MS + 9000 });
    expect(await endDelivery(items, endOf(again, sent))).toBe(true);
    expect(await endDelivery(items, endOf(entryOf({ attempts: 2, lastAttemptMs: FLUSH_MS + 9001 }), sent))).toBe(false);
    expect(await readLedgerEntry(items, 'ab12', FLUSH_MS)).toEqual(again);
    expect(await rows()).toHaveLength(2);
  });

  it('goes to the next hour when its own is closed, also meanwhile', async () => {
    await closeShelf(items, 'notifications', 11 * HOUR);
    let transactions = 0;
    const racing: ItemTable = {
      get: (key) => items.get(key),
      query: (pk, range) => items.query(pk, range),
      transact: async (writes) => {
        if (transactions++ === 0) await closeShelf(items, 'notifications', 12 * HOUR);
        return items.transact(writes);
      },
    };
    await endDelivery(racing, endOf(entryOf()));
    expect(transactions).toBe(2);
    expect([await rows(0, 12 * HOUR), (await rows(12 * HOUR)).map(({ tMs }) => tMs)]).toEqual([[], [FLUSH_MS]]);
  });

  it('keeps addresses in answers, and bodies that are none of ours, out of history', async () => {
    const end = endOf(entryOf({ lastAnswer: 'HTTP 404 no hook at HTTPS://hooks.example/services/T0/secret here' }));
    await endDelivery(items, { ...end, body: { ...end.body, message: null as unknown as NotificationBody['message'] } });
    expect((await rows())[0]?.attributes).toMatchObject({ last_answer: 'HTTP 404 no hook at <address> here', status: '', group_key: '' });
  });
});
