import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeRulePages } from '../../../shared/alerting/rule-pages.ts';
import { World } from '../evaluate/world.ts';

const MINUTE = 60_000;
const START = 1_700_000_040_000;

let world: World;
beforeEach(async () => {
  world = await World.open();
  world.rulesText = `- name: g
  interval: 30s
  rules:
    - {alert: Down, expr: up == 0, for: 5m, keep_firing_for: 1m, labels: {severity: page}, annotations: {s: "{{ $value }}"}}
    - {alert: Broken, expr: '{host="a"}'}
    - {alert: Now, expr: up == 0}
- {name: empty, rules: []}
`;
  world.put('up', { host: 'a' }, START - 1000, 0);
  world.put('other', { host: 'a' }, START - 1000, 1);
});
afterEach(() => world.close());

const pages = () => makeRulePages(world.ports());
const names = async (query: string) => {
  const { groups } = await pages().rules(new URLSearchParams(query));
  return (groups as readonly { name: string; rules: readonly { name: string }[] }[]).map((group) => [group.name, group.rules.map((rule) => rule.name)]);
};

describe('the rules page', () => {
  it("has Prometheus' shape, from the table alone", async () => {
    await world.tick(START + 16_000);
    const { groups } = await pages().rules(new URLSearchParams());
    expect(groups[0]).toMatchObject({ name: 'g', file: 'rules.yml', interval: 30, limit: 0, lastEvaluation: new Date(START).toISOString() });
    const [down, broken, now] = (groups[0] as { rules: readonly object[] }).rules;
    expect(down).toEqual({
      state: 'pending',
      name: 'Down',
      query: 'up == 0',
      duration: 300,
      keepFiringFor: 60,
      labels: { severity: 'page' },
      annotations: { s: '{{ $value }}' },
      alerts: [
        {
          labels: { alertname: 'Down', host: 'a', severity: 'page' },
          annotations: { s: '0' },
          state: 'pending',
          activeAt: new Date(START).toISOString(),
          value: '0e+00',
        },
      ],
      health: 'ok',
      evaluationTime: 0,
      lastEvaluation: new Date(START).toISOString(),
      type: 'alerting',
    });
    expect(broken).toMatchObject({ state: 'inactive', health: 'err', lastError: expect.stringContaining('same labelset') as string, alerts: [] });
    expect(now).toMatchObject({ state: 'firing', health: 'ok' });
    expect(groups[1]).toMatchObject({ name: 'empty', rules: [] });
    const { alerts } = (await pages().alerts()) as { alerts: readonly { labels: { alertname: string } }[] };
    expect(alerts.map(({ labels }) => labels.alertname)).toEqual(['Down', 'Now', 'TidemarkRuleErrors']);
  });

  it("shows Tidemark's own alerts as a group of rules behind those of files", async () => {
    await world.tick(START + 16_000);
    const { groups } = await pages().rules(new URLSearchParams('rule_group[]=tidemark'));
    expect(groups).toMatchObject([{ name: 'tidemark', file: 'tidemark', interval: 60, limit: 0, lastEvaluation: new Date(START).toISOString() }]);
    const [behind, errors] = (groups[0] as { rules: readonly object[] }).rules;
    expect(behind).toEqual({
      state: 'inactive',
      name: 'TidemarkBehind',
      query: 'tidemark_behind > 0',
      duration: 120,
      keepFiringFor: 0,
      labels: { severity: 'critical', tidemark: 'true' },
      annotations: { summary: 'Tidemark is behind' },
      alerts: [],
      health: 'ok',
      evaluationTime: 0,
      lastEvaluation: new Date(START).toISOString(),
      type: 'alerting',
    });
    expect(errors).toMatchObject({ state: 'pending', duration: 300, alerts: [{ state: 'pending', labels: { alertname: 'TidemarkRuleErrors', rule: 'Broken' }, activeAt: new Date(START).toISOString() }] });
  });

  it('says unknown before the first evaluation', async () => {
    const { groups } = await pages().rules(new URLSearchParams());
    expect((groups[0] as { rules: readonly object[] }).rules[0]).toMatchObject({ health: 'unknown', lastEvaluation: '0001-01-01T00:00:00Z' });
  });

  it('narrows by the parameters of Prometheus', async () => {
    expect(await names('rule_name[]=Down&rule_name[]=Now')).toEqual([
      ['g', ['Down', 'Now']],
      ['empty', []],
    ]);
    expect(await names('file[]=tidemark&type=alert')).toEqual([['tidemark', ['TidemarkBehind', 'TidemarkRuleErrors', 'TidemarkSenderLate', 'TidemarkDeliveryFailed']]]);
    expect(await names('rule_name[]=TidemarkBehind')).toEqual([['empty', []], ['tidemark', ['TidemarkBehind']]]);
    expect(await names('rule_group[]=nothing')).toEqual([]);
    expect(await names('rule_group[]=empty&file[]=rules.yml')).toEqual([['empty', []]]);
    expect(await names('type=record')).toEqual([['empty', []]]);
    expect(await names(`match[]=${encodeURIComponent('{severity=~"p.*"}')}`)).toEqual([
      ['g', ['Down']],
      ['empty', []],
    ]);
    await world.tick(START + MINUTE);
    const { groups } = await pages().rules(new URLSearchParams('exclude_alerts=true'));
    expect(JSON.stringify(groups)).not.toContain('"alerts"');
  });

  it.each(['type=x', 'exclude_alerts=perhaps', 'match[]=up[5m]', 'match[]={'])('refuses %s', async (query) => {
    await expect(pages().rules(new URLSearchParams(query))).rejects.toThrow();
  });
});
