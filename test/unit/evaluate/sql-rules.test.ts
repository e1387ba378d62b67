import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RuleSql } from '../../../functions/evaluate/evaluate-ports.ts';
import { createEvaluateMemory } from '../../../functions/evaluate/evaluate.ts';
import { makeRulePages } from '../../../shared/alerting/rule-pages.ts';
import { parseRuleFile } from '../../../shared/rules/rule-file.ts';
import type { SqlAnswer, SqlCell, SqlRequest } from '../../../shared/sql/run-sql.ts';
import { World } from './world.ts';

const MINUTE = 60_000;
const START = 1_700_000_040_000;
const SQL = 'SELECT host, v AS value FROM x WHERE ts = :slot';

interface Asked {
  readonly request: SqlRequest;
  readonly answer: (...rows: (readonly SqlCell[])[]) => void;
  readonly fail: (error: Error) => void;
}

let world: World;
let asked: Asked[];
let sql: RuleSql;
beforeEach(async () => {
  world = await World.open();
  world.rulesText = `- {name: g, rules: [{alert: A, sql: "${SQL}", for: 1m, annotations: {is: "{{ $labels.host }} {{ $value }}"}}]}`;
  asked = [];
  sql = {
    run: (request) =>
      new Promise<SqlAnswer>((resolve, fail) => {
        const columns = [{ name: 'host', type: 'VARCHAR' }, { name: 'value', type: 'DOUBLE' }];
        asked.push({ request, answer: (...rows) => resolve({ columns, rows, bytesScanned: 20_000_000 }), fail });
      }),
    dollars: (bytes) => bytes / 2e11,
    behindMs: 0,
  };
});
afterEach(() => world.close());

const tick = (atMs: number, watermarkMs: number = START + atMs, ports: Partial<RuleSql> = {}) => world.tick(START + atMs, watermarkMs, world.ports({ sql: { ...sql, ...ports } }));
const alerts = (): string[] => [...(world.memory.alerts?.alerts.values() ?? [])].flatMap((byLabels) => [...byLabels.values()].filter(({ labels }) => labels.some(([name]) => name === 'host')).map(({ phase, annotations }) => `${phase} ${annotations[0]?.[1]}`));

/** A slot of the minute, whose statement gives these rows. */
const slot = async (minute: number, ...rows: (readonly SqlCell[])[]): Promise<void> => {
  await tick(minute * MINUTE + 16_000);
  asked.shift()?.answer(...rows);
  await tick(minute * MINUTE + 18_000);
};

describe('a rule with sql', () => {
  it('is pending, fires and ends as one with expr', async () => {
    await slot(0, ['a', 7], ['b', 1]);
    expect(alerts()).toEqual(['pending a 7', 'pending b 1']);
    await slot(1, ['a', 8]);
    expect(alerts()).toEqual(['firing a 8']);
    await slot(2);
    expect(alerts()).toEqual(['inactive a 8']);
    expect(world.told().map(([status]) => status)).toEqual(['firing', 'resolved']);
  });

  it('asks with the slot bound, once, and does not hold a tick back', async () => {
    const first = await tick(16_000);
    expect(first).toMatchObject({ slots: 0, waitingGroups: 1, statements: 0 });
    await tick(20_000);
    await tick(30_000);
    expect(asked.map(({ request }) => request)).toEqual([{ query: 'SELECT host, v AS value FROM x WHERE ts = ?', parameters: [START] }]);
    asked[0]?.answer();
    expect(await tick(32_000)).toMatchObject({ slots: 1, waitingGroups: 0, statements: 1, scannedBytes: 20_000_000, scanDollars: 0.0001 });
  });

  it('leaves other groups their slots while it waits', async () => {
    world.rulesText += '\n- {name: h, interval: 10s, rules: [{alert: Up, expr: up > 0}]}';
    for (let t = 0; t < 60_000; t += 10_000) world.put('up', { host: 'c' }, START + t, 1);
    for (let t = 16_000; t < 60_000; t += 10_000) await tick(t);
    expect(world.reports.map(({ slots }) => slots)).toEqual([1, 1, 1, 1, 1]);
  });

  it('waits as long as statements lag behind what is stored', async () => {
    await tick(16_000 + 119_000 - 60_000, undefined, { behindMs: 120_000 });
    const before = asked.length === 0 ? undefined : asked[0]?.request.parameters[0];
    expect(before).toBe(START - MINUTE - MINUTE);
  });

  it('ends in an error that changes no alert, in words, and is asked again at the next slot', async () => {
    await slot(0, ['a', 7]);
    await tick(MINUTE + 16_000);
    asked.shift()?.fail(new Error('run statement: found it still running after 60000 ms'));
    await tick(MINUTE + 18_000);
    expect(world.reports.at(-1)).toMatchObject({ ruleErrors: 1 });
    expect(alerts()).toEqual(['pending a 7']);
    const groups = parseRuleFile(world.rulesText, 'rules.yml').groups;
    const page = await makeRulePages({ alerts: world.alerts, rules: async () => ({ version: '', groups }) }).rules(new URLSearchParams());
    expect(page.groups[0]?.rules[0]).toMatchObject({ query: SQL, health: 'err', lastError: 'run statement: found it still running after 60000 ms' });
    await slot(2, ['a', 8], ['a', 9]);
    expect(alerts()).toEqual(['pending a 7']);
    await slot(3, ['a', 8]);
    expect(alerts()).toEqual(['firing a 8']);
  });

  it('shows its cost in the rule\'s state', async () => {
    await slot(0);
    const groups = parseRuleFile(world.rulesText, 'rules.yml').groups;
    const page = await makeRulePages({ alerts: world.alerts, rules: async () => ({ version: '', groups }) }).rules(new URLSearchParams());
    expect(page.groups[0]?.rules[0]).toMatchObject({ health: 'ok', scannedBytes: 20_000_000, scanDollars: 0.0001 });
  });

  it('says nothing in an incomplete slot, and asks nothing', async () => {
    await slot(0, ['a', 7]);
    for (let minute = 1; minute <= 4; minute++) await tick(minute * MINUTE + 50_000, START + 20_000);
    expect(world.reports.at(-1)?.incompleteSlots).toBe(1);
    expect(asked).toEqual([]);
    expect(alerts()).toEqual(['pending a 7']);
  });

  it('is given up when its engine never says anything, and the group goes on', async () => {
    await tick(16_000);
    await tick(16_000 + 95_000);
    expect(world.reports.at(-1)).toMatchObject({ slots: 1, ruleErrors: 1 });
  });

  it('runs four statements at once, whatever the number of rules', async () => {
    world.rulesText = `- {name: g, rules: [${Array.from({ length: 6 }, (_, i) => `{alert: A${i}, sql: "${SQL}"}`).join(', ')}]}`;
    await tick(16_000);
    expect(asked).toHaveLength(4);
    asked[0]?.answer();
    asked[1]?.fail(new Error('no'));
    await tick(18_000);
    expect(asked).toHaveLength(6);
    for (const { answer } of asked) answer();
    expect(await tick(20_000)).toMatchObject({ slots: 1, evaluations: 6, ruleErrors: 1 });
  });

  it('is not run any more once its slot has been given up while it waited for others', async () => {
    world.rulesText = `- {name: g, rules: [${Array.from({ length: 6 }, (_, i) => `{alert: A${i}, sql: "${SQL}"}`).join(', ')}]}`;
    await tick(16_000);
    expect(asked).toHaveLength(4);
    await tick(20 * MINUTE + 16_000);
    expect(world.reports.at(-1)?.skippedSlots).toBeGreaterThan(0);
    for (const { answer } of asked.splice(0)) answer();
    await tick(20 * MINUTE + 18_000);
    const slots = asked.map(({ request }) => ((request.parameters[0] as number) - START) / MINUTE);
    expect(new Set(slots)).not.toContain(0);
    expect(slots).toHaveLength(4);
  });

  it('is asked again by a new holder', async () => {
    await tick(16_000);
    world.memory = createEvaluateMemory('00000000000000bb');
    await tick(20_000);
    expect(asked).toHaveLength(2);
    asked[1]?.answer(['a', 7]);
    await tick(22_000);
    expect(alerts()).toEqual(['pending a 7']);
  });

  it('says so where there is no engine', async () => {
    await world.tick(START + 16_000);
    await world.tick(START + 18_000);
    const cursor = world.memory.alerts?.cursors.get('rules.yml;g');
    expect([...(cursor?.errors.values() ?? [])]).toEqual(['run statement: this installation has no SQL engine']);
  });

  it('records its rows under the name of a recording rule', async () => {
    world.rulesText = `- {name: g, rules: [{record: "x:of", sql: "${SQL}", labels: {from: sql}}]}`;
    await slot(0, ['a', 7]);
    expect(world.reports.at(-1)).toMatchObject({ recordedSamples: 1, ruleErrors: 0 });
  });
});
