import { createHmac, timingSafeEqual } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LedgerEntry, readLedger } from '../../shared/alerting/ledger.ts';
import { openItemTables } from '../../shared/embedded/item-sqlite.ts';
import { type TidemarkProcess, eventually, startTidemark } from '../support/tidemark-process.ts';
import { type Attempt, type DeliveryReceiver, startHttpReceiver, startSmtpReceiver } from './delivery-receivers.ts';

/** The one that is going and the one that comes, as during a rotation. */
const SECRET_KEYS = ['an older secret of 24 bytes', 'a newer secret, also 24 bytes'].map((text) => Buffer.from(text));
const ROUTING_KEY = 'R0123456789ABCDEF0123456789ABCDE';

const alertmanagerYaml = (ports: { webhook: number; smtp: number; pagerduty: number }): string => `global:
  smtp_smarthost: 127.0.0.1:${ports.smtp}
  smtp_from: tidemark@example.com
  smtp_require_tls: false
route: { receiver: ops, group_wait: 0s, group_interval: 1s }
receivers:
  - name: ops
    webhook_configs:
      - url: http://127.0.0.1:${ports.webhook}/hook
        signing_secrets: [${SECRET_KEYS.map((key) => `whsec_${key.toString('base64')}`).join(', ')}]
    email_configs: [{ to: ops@example.com, send_resolved: true }]
    pagerduty_configs: [{ routing_key: ${ROUTING_KEY}, url: 'http://127.0.0.1:${ports.pagerduty}/v2/enqueue' }]
`;

interface PagerdutyEvent {
  readonly routing_key: string;
  readonly event_action: string;
  readonly dedup_key: string;
  readonly payload?: { readonly summary: string; readonly severity: string; readonly source: string };
}

const header = ({ headers }: Attempt, name: string): string => String(headers[name]);

/** As a receiver does it that has one of the keys and the specification of Standard Webhooks 1.0 ("Verifying webhook authenticity"). */
const isSigned = (attempt: Attempt, key: Buffer): boolean => {
  const timestamp = header(attempt, 'webhook-timestamp');
  if (Math.abs(Date.now() / 1000 - Number(timestamp)) > 300) return false;
  const expected = createHmac('sha256', key).update(`${header(attempt, 'webhook-id')}.${timestamp}.${attempt.body}`).digest();
  return header(attempt, 'webhook-signature')
    .split(' ')
    .filter((signature) => signature.startsWith('v1,'))
    .map((signature) => Buffer.from(signature.slice(3), 'base64'))
    .some((given) => given.length === expected.length && timingSafeEqual(given, expected));
};

const accepted = ({ attempts }: DeliveryReceiver): readonly Attempt[] => attempts.filter(({ isAccepted }) => isAccepted);

const eventOf = ({ body }: Attempt): PagerdutyEvent => JSON.parse(body) as PagerdutyEvent;

describe('deliveries to receivers that fail first', () => {
  const data = mkdtempSync(join(tmpdir(), 'tidemark-deliveries-'));
  let tidemark: TidemarkProcess;
  let webhook: DeliveryReceiver;
  let smtp: DeliveryReceiver;
  let pagerduty: DeliveryReceiver;
  let ledger: readonly LedgerEntry[];

  const tell = async (endsAt?: string): Promise<void> => {
    const alert = { labels: { alertname: 'Hot', host: 'a' }, annotations: { summary: 'a is hot' }, ...(endsAt === undefined ? {} : { endsAt }) };
    const answer = await fetch(`${tidemark.url}/api/v2/alerts`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify([alert]) });
    expect(answer.status).toBe(200);
  };
  const allAccepted = async (count: number): Promise<true | undefined> => ([webhook, smtp, pagerduty].every((each) => accepted(each).length >= count) ? true : undefined);

  beforeAll(async () => {
    [webhook, smtp, pagerduty] = await Promise.all([
      startHttpReceiver([{ status: 503, body: 'starting' }, { status: 500 }], { status: 204 }),
      startSmtpReceiver([451]),
      startHttpReceiver([{ status: 429, headers: { 'retry-after': '1' }, body: 'slow down' }], { status: 202, body: '{"status":"success"}' }),
    ]);
    writeFileSync(join(data, 'alertmanager.yml'), alertmanagerYaml({ webhook: webhook.port, smtp: smtp.port, pagerduty: pagerduty.port }));
    tidemark = await startTidemark({ data });
    await tell();
    await eventually('firing at all receivers', 60_000, () => allAccepted(1));
    await tell(new Date().toISOString());
    await eventually('resolved at all receivers', 60_000, () => allAccepted(2));
    // What came a second time would come with one of the next ticks, or after the first back-off.
    await new Promise((resolve) => setTimeout(resolve, 8000));
    await tidemark.stop();
    const tables = await openItemTables(join(data, 'items.sqlite'), ['alerts']);
    ledger = await readLedger(tables.table('alerts'), 0, Date.now());
    await tables.close();
  });

  afterAll(async () => {
    await tidemark?.kill();
    for (const each of [webhook, smtp, pagerduty]) each?.close();
    rmSync(data, { recursive: true, force: true });
  });

  it('post to the webhook until it takes them, each id once, and repeat an id with the same body', () => {
    expect(webhook.attempts.map(({ isAccepted }) => isAccepted)).toEqual([false, false, true, true]);
    const [first, ...repeats] = webhook.attempts.slice(0, 3) as [Attempt, ...Attempt[]];
    for (const repeat of repeats) expect([header(repeat, 'webhook-id'), repeat.body]).toEqual([header(first, 'webhook-id'), first.body]);
    const ids = accepted(webhook).map((attempt) => header(attempt, 'webhook-id'));
    expect(new Set(ids).size).toBe(2);
    expect(accepted(webhook).map(({ body }) => (JSON.parse(body) as { status: string }).status)).toEqual(['firing', 'resolved']);
  });

  it('sign every attempt by both secrets, over id, time and body', () => {
    for (const attempt of webhook.attempts) {
      for (const key of SECRET_KEYS) {
        expect(isSigned(attempt, key)).toBe(true);
        expect(isSigned({ ...attempt, body: `${attempt.body} ` }, key)).toBe(false);
        expect(isSigned({ ...attempt, headers: { ...attempt.headers, 'webhook-id': 'another' } }, key)).toBe(false);
      }
      expect(isSigned(attempt, Buffer.from('the secret of somebody else'))).toBe(false);
    }
  });

  it('send the mail again under its Message-ID', () => {
    expect(smtp.attempts.map(({ isAccepted }) => isAccepted)).toEqual([false, true, true]);
    const ids = smtp.attempts.map((attempt) => header(attempt, 'message-id'));
    expect(ids[0]).toBe(ids[1]);
    expect(ids[2]).not.toBe(ids[1]);
    expect(accepted(smtp).map((attempt) => header(attempt, 'subject').slice(0, 9))).toEqual(['[FIRING:1', '[RESOLVED']);
  });

  it('trigger and resolve one incident of PagerDuty', () => {
    expect(pagerduty.attempts.map(({ isAccepted, path }) => [isAccepted, path])).toEqual([false, true, true].map((isAccepted) => [isAccepted, '/v2/enqueue']));
    const [trigger, resolve] = accepted(pagerduty).map(eventOf) as [PagerdutyEvent, PagerdutyEvent];
    expect(trigger).toMatchObject({ routing_key: ROUTING_KEY, event_action: 'trigger', payload: { severity: 'error', source: 'Tidemark' } });
    expect(trigger.payload?.summary).toMatch(/^\[FIRING:1\]/);
    expect(resolve).toEqual({ routing_key: ROUTING_KEY, event_action: 'resolve', dedup_key: trigger.dedup_key });
  });

  it('are in the ledger with their attempts, under the ids that the receivers saw', () => {
    const shown = ledger.map(({ integration, attempts, state }) => [integration, attempts, state]).sort();
    expect(shown).toEqual([
      ['ops/email/0', 1, 'sent'],
      ['ops/email/0', 2, 'sent'],
      ['ops/pagerduty/0', 1, 'sent'],
      ['ops/pagerduty/0', 2, 'sent'],
      ['ops/webhook/0', 1, 'sent'],
      ['ops/webhook/0', 3, 'sent'],
    ]);
    const idsOf = (integration: string): readonly string[] => ledger.filter((entry) => entry.integration === integration).map(({ id }) => id);
    expect(idsOf('ops/webhook/0')).toEqual(accepted(webhook).map((attempt) => header(attempt, 'webhook-id')));
    expect(idsOf('ops/email/0').map((id) => `<${id}@tidemark>`)).toEqual(accepted(smtp).map((attempt) => header(attempt, 'message-id')));
    for (const { firstAttemptMs, lastAttemptMs, attempts } of ledger) expect(lastAttemptMs > firstAttemptMs).toBe(attempts > 1);
  });
});
