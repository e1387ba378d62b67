import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEvaluateMemory } from '../../../functions/evaluate/evaluate.ts';
import { clearFailedDelivery, noteFailedDelivery } from '../../../shared/alerting/failed-deliveries.ts';
import type { WebhookMessage } from '../../../shared/alerting/message.ts';
import { NO_MATCHERS } from '../../../shared/alerting/routing/matcher-text.ts';
import { OWN_RULE_ID } from '../../../shared/alerting/own-alerts.ts';
import { MAX_LATE_SENDERS } from '../../../shared/alerting/own-findings.ts';
import { readAlerts } from '../../../shared/alerting/state-items.ts';
import { SenderLog } from '../../../shared/catalog/senders.ts';
import { RULES_SENDER } from '../../../shared/rules/slot-frames.ts';
import { WEBHOOK, World } from './world.ts';

const MINUTE = 60_000;
const START = 1_700_000_040_000;

let world: World;
beforeEach(async () => {
  world = await World.open();
  world.rulesText = '- {name: g, interval: 1m, rules: [{alert: Down, expr: up == 0}, {alert: Twice, expr: up == 0}]}';
  world.alertmanager = { ...WEBHOOK, route: { ...WEBHOOK.route, matchers: NO_MATCHERS, routes: [] } };
});
afterEach(() => world.close());

/** `status name labels…` of everything told so far. */
const told = (): string[] =>
  world.published.map(({ body }) => {
    const { message } = JSON.parse(body) as { message: WebhookMessage };
    return message.alerts.map(({ status, labels: { alertname, severity, tidemark, ...labels } }) => `${status} ${alertname} ${severity} ${tidemark} ${Object.values(labels).join(' ')}`.trim()).join(', ');
  });

const stored = async (): Promise<string[]> =>
  [...((await readAlerts(world.alerts, [OWN_RULE_ID])).get(OWN_RULE_ID)?.values() ?? [])].map(({ phase, labels }) => `${phase} ${labels.map(([, value]) => value).join(' ')}`);

describe('TidemarkBehind', () => {
  it('fires once for all rules while the watermark stands, and resolves once it moves, also behind a new holder', async () => {
    await world.tick(START);
    for (let at = 10_000; at <= 5 * MINUTE; at += 10_000) {
      if (at === 2 * MINUTE) world.memory = createEvaluateMemory('00000000000000bb');
      await world.tick(START + at, START);
    }
    expect(told()).toEqual(['firing TidemarkBehind critical true']);
    expect(world.reports.at(-1)).toMatchObject({ behind: true, firing: 0 });
    world.memory = createEvaluateMemory('00000000000000cc');
    for (let at = 5 * MINUTE + 10_000; at <= 8 * MINUTE; at += 10_000) await world.tick(START + at);
    expect(told()).toEqual(['firing TidemarkBehind critical true', 'resolved TidemarkBehind critical true']);
    expect(world.reports.at(-1)).toMatchObject({ behind: false });
  });

  it('does not come and go between two incomplete slots', async () => {
    await world.tick(START);
    // The watermark follows 70 s behind: slots are incomplete, and it is not older than 75 s.
    for (let at = 10_000; at <= 10 * MINUTE; at += 5000) await world.tick(START + at, START + at - 70_000);
    expect(world.reports.reduce((sum, { incompleteSlots }) => sum + incompleteSlots, 0)).toBeGreaterThan(5);
    expect(told()).toEqual(['firing TidemarkBehind critical true']);
  });

  it('is told of when it has been so for two minutes, and not of a restart that catches up before', async () => {
    await world.tick(START);
    for (let at = 60 * MINUTE; at < 62 * MINUTE; at += 10_000) await world.tick(START + at, START);
    expect(world.reports.at(-1)).toMatchObject({ behind: true });
    await world.tick(START + 62 * MINUTE);
    expect(world.reports.at(-1)).toMatchObject({ behind: false });
    for (let at = 63 * MINUTE; at < 65 * MINUTE; at += 10_000) await world.tick(START + at, START + 62 * MINUTE);
    expect(told()).toEqual([]);
    for (let at = 65 * MINUTE; at < 67 * MINUTE; at += 10_000) await world.tick(START + at, START + 62 * MINUTE);
    expect(told()).toEqual(['firing TidemarkBehind critical true']);
  });

  it('says nothing before anything was stored', async () => {
    await world.tick(START, 'as it is');
    await world.tick(START + 10 * MINUTE, 'as it is');
    expect(told()).toEqual([]);
  });
});

describe('TidemarkRuleErrors', () => {
  /** Slots of one minute in which nothing can be read, from one to another, both included. */
  const failFor = async (first: number, last: number): Promise<void> => {
    world.failSelect = (metric) => metric === 'up';
    for (let minute = first; minute <= last; minute++) await world.tick(START + minute * MINUTE + 16_000);
  };

  it('is not told of for less than five minutes of slots, nor for one slot however long it stays the last', async () => {
    await failFor(0, 4);
    world.failSelect = undefined;
    await world.tick(START + 5 * MINUTE + 16_000);
    world.rulesText = '- {name: g, interval: 30m, rules: [{alert: Down, expr: up == 0}]}';
    const slot = Math.ceil(START / (30 * MINUTE)) * 30 * MINUTE + 30 * MINUTE;
    world.failSelect = (metric) => metric === 'up';
    for (let at = 16_000; at < 30 * MINUTE; at += MINUTE) await world.tick(slot + at);
    expect(await stored()).toEqual(['pending TidemarkRuleErrors Down rules.yml;g warning true']);
    expect(told()).toEqual([]);
    await world.tick(slot + 30 * MINUTE + 16_000);
    expect(told()).toEqual(['firing TidemarkRuleErrors warning true Down rules.yml;g']);
  });

  it('names each rule whose last evaluation ended in an error, with the error, and ends with the next that does not', async () => {
    await failFor(0, 5);
    expect(told().sort()).toEqual(['firing TidemarkRuleErrors warning true Down rules.yml;g', 'firing TidemarkRuleErrors warning true Twice rules.yml;g']);
    expect(world.published[0]?.body).toContain('the store does not answer');
    world.memory = createEvaluateMemory('00000000000000bb');
    await world.tick(START + 5 * MINUTE + 20_000);
    expect(world.published).toHaveLength(2);
    world.failSelect = undefined;
    await world.tick(START + 6 * MINUTE + 16_000);
    expect(told().slice(2).sort()).toEqual(['resolved TidemarkRuleErrors warning true Down rules.yml;g', 'resolved TidemarkRuleErrors warning true Twice rules.yml;g']);
  });

  it('stays over an incomplete slot, in which nobody may have asked the rule', async () => {
    world.rulesText = '- {name: g, interval: 1m, rules: [{alert: Gone, expr: absent(up)}]}';
    await failFor(0, 5);
    await world.tick(START + 8 * MINUTE, START + 5 * MINUTE + 16_000);
    expect(world.reports.at(-1)).toMatchObject({ ruleErrors: 0 });
    expect(world.reports.at(-1)?.incompleteSlots).toBeGreaterThan(0);
    expect((await stored()).filter((alert) => alert.includes('TidemarkRuleErrors'))).toEqual(['firing TidemarkRuleErrors Gone rules.yml;g warning true']);
  });
});

describe('TidemarkSenderLate', () => {
  const log = () => new SenderLog();
  const see = (senders: SenderLog, atMs: number, ...late: (readonly [string, number])[]): Promise<void> =>
    senders.note(world.catalog, 'shard-0', late.map(([sender, latenessMs]) => ({ sender, arrivalMs: atMs, flushIntervalMs: 60_000, samples: 1, latenessMs })), atMs);

  it('names a sender that is late for five minutes, and not what rules make', async () => {
    const senders = log();
    for (let at = 0; at <= 10 * MINUTE; at += 30_000) {
      await see(senders, START + at, ['slow', 60_000], ['fine', 15_000], [RULES_SENDER, 75_000]);
      await world.tick(START + at);
      if (at === 5 * MINUTE - 30_000) expect(told()).toEqual([]);
    }
    expect(told()).toEqual(['firing TidemarkSenderLate warning true slow']);
    expect(world.published[0]?.body).toContain('They arrive up to 60 s after their time, and rules wait for 15 s. It flushes every 60 s: lower that to 10 s, give the groups of its rules a query_offset of 50s, or raise the lateness of the installation, for which all rules wait, to 65 s');
    expect(world.reports.at(-1)).toMatchObject({ senders: 3, lateSenders: 1 });
    for (let at = 10 * MINUTE; at <= 16 * MINUTE; at += 30_000) {
      await see(senders, START + at, ['slow', 9000]);
      await world.tick(START + at);
    }
    expect(told().slice(1)).toEqual(['resolved TidemarkSenderLate warning true slow']);
  });

  it('forgives one burst', async () => {
    const senders = log();
    for (let at = 0; at <= 12 * MINUTE; at += 30_000) {
      await see(senders, START + at, ['back', at === 30_000 ? 3_600_000 : 1000]);
      await world.tick(START + at);
    }
    expect(world.reports.some(({ lateSenders }) => lateSenders === 1)).toBe(true);
    expect(told()).toEqual([]);
  });

  it('names a hundred, and keeps to them when more are late', async () => {
    const senders = log();
    const late = Array.from({ length: MAX_LATE_SENDERS + 20 }, (_, i) => [`s${String(i).padStart(3, '0')}`, 60_000] as const);
    for (let at = 0; at <= 12 * MINUTE; at += 30_000) {
      await see(senders, START + at, ...late.slice(at < 4 * MINUTE ? 20 : 0));
      await world.tick(START + at);
    }
    const names = told().flatMap((text) => text.split(', '));
    expect(names).toHaveLength(MAX_LATE_SENDERS);
    expect(names.some((text) => text.endsWith(' s019'))).toBe(false);
  });
});

describe('TidemarkDeliveryFailed', () => {
  const failure = { integration: 'ops/webhook/0', receiver: 'ops', subject: 'a firing', sequence: START, failedAtMs: START, answer: '404 gone' };

  it('fires until a later notification is taken', async () => {
    await noteFailedDelivery(world.alerts, failure);
    await noteFailedDelivery(world.alerts, { ...failure, sequence: START - 1, answer: 'an older one' });
    await world.tick(START);
    expect(told()).toEqual(['firing TidemarkDeliveryFailed critical true ops/webhook/0 ops']);
    expect(world.published[0]?.body).toContain('404 gone');
    await clearFailedDelivery(world.alerts, failure.integration, START - 1);
    await world.tick(START + MINUTE);
    expect(told()).toHaveLength(1);
    await clearFailedDelivery(world.alerts, failure.integration, START + 1);
    await world.tick(START + 2 * MINUTE);
    expect(told().slice(1)).toEqual(['resolved TidemarkDeliveryFailed critical true ops/webhook/0 ops']);
  });

  it('is over after a day, and never about a receiver that is configured no more', async () => {
    await noteFailedDelivery(world.alerts, failure);
    await noteFailedDelivery(world.alerts, { ...failure, integration: 'gone/webhook/0', receiver: 'gone' });
    await world.tick(START);
    await world.tick(START + 24 * 60 * MINUTE);
    // Nobody has said what became of the first one: it may have arrived.
    expect(told()).toEqual(['firing TidemarkDeliveryFailed critical true ops/webhook/0 ops', 'resolved TidemarkDeliveryFailed critical true ops/webhook/0 ops']);
    expect(await stored()).toEqual(['inactive TidemarkDeliveryFailed ops/webhook/0 ops critical true']);
  });
});

describe('own alerts', () => {
  it('are written on transition alone', async () => {
    let writes = 0;
    const counted = { ...world.ports(), alerts: { ...bound(world), transact: (batch: Parameters<typeof world.alerts.transact>[0]) => (JSON.stringify(batch).includes('state#tidemark') && writes++, world.alerts.transact(batch)) } };
    await world.tick(START, START, counted);
    for (let at = MINUTE; at <= 10 * MINUTE; at += 10_000) await world.tick(START + at, START, counted);
    expect(writes).toBe(2); // pending, and firing
  });

  it('outlive files of rules that are gone', async () => {
    for (let at = 0; at <= 4 * MINUTE; at += MINUTE) await world.tick(START + at, START);
    world.rulesText = '[]';
    await world.tick(START + 5 * MINUTE, START);
    expect(await stored()).toEqual(['firing TidemarkBehind critical true']);
  });
});

const bound = ({ alerts }: World) => ({ get: alerts.get.bind(alerts), query: alerts.query.bind(alerts) });
