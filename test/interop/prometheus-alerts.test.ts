import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { debianPrograms } from '../../scripts/debian.ts';
import { eventually } from '../support/tidemark-process.ts';
import { type OpenServer, openServer } from './open-server.ts';
import { type PrometheusServer, startPrometheus } from './prometheus-server.ts';
import { OWN_RULE_ID } from '../../shared/alerting/own-alerts.ts';

const programs = debianPrograms(['prometheus']);

const RULES = `groups:
  - name: states
    interval: 1s
    limit: 10
    rules:
      - alert: fires
        expr: label_replace(vector(1e9), "host", "a\\"b", "", "") > 1
        labels: { severity: page, host_of: '{{ $labels.host }}' }
        annotations: { summary: '{{ $value }} at {{ $labels.host }}' }
      - alert: pends
        expr: vector(0.25)
        for: 1h
        keep_firing_for: 5m
      - alert: rests
        expr: vector(0) > 1
      - alert: fails
        expr: label_join(vector(1), "a", "", "b") * on (x) (vector(1) or label_replace(vector(1), "y", "z", "", ""))
`;

interface RulesPage {
  readonly groups: readonly { readonly name: string; readonly rules: readonly { readonly state: string }[] }[];
}

describe.skipIf('missing' in programs)(`alerts of Prometheus 2.42 and ours${'missing' in programs ? ` (${programs.missing})` : ''}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-alerts-'));
  let tidemark: OpenServer;
  let prometheus: PrometheusServer;

  beforeAll(async () => {
    const data = join(folder, 'data');
    mkdirSync(join(data, 'rules'), { recursive: true });
    writeFileSync(join(data, 'rules/rules.yml'), RULES);
    [tidemark, prometheus] = await Promise.all([openServer(data), startPrometheus('folder' in programs ? programs.folder : '', folder, RULES)]);
    for (const { url } of [tidemark, prometheus]) {
      await eventually('all states', 90_000, async () => {
        const states = (await rulesOf(url, 'rules')).groups.flatMap(({ rules }) => rules.map(({ state }) => state));
        return states.join() === 'firing,pending,inactive,inactive' ? true : undefined;
      });
    }
  });

  afterAll(async () => {
    await prometheus?.kill();
    await tidemark?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const read = async (url: string, path: string): Promise<unknown> => ((await (await fetch(`${url}/api/v1/${path}`)).json()) as { data: unknown }).data;

  /** Without the alerts about Tidemark itself, which are a group of their own. */
  const rulesOf = async (url: string, path: string): Promise<RulesPage> => ({ groups: ((await read(url, path)) as RulesPage).groups.filter(({ name }) => name !== OWN_RULE_ID) });

  /** Moments differ, and how long an evaluation took; that there are such, and in which form, must not. */
  const withoutMoments = (data: unknown): unknown =>
    JSON.parse(
      JSON.stringify(data, (name, value: unknown) => {
        if (name === 'evaluationTime') return typeof value;
        if (name === 'activeAt' || name === 'lastEvaluation') return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/.test(String(value));
        return name === 'file' ? String(value).replace(/^.*\//, '') : value;
      }),
    );

  it.each(['rules', 'rules?type=alert'])('are shown alike by %s', async (path) => {
    expect(withoutMoments(await rulesOf(tidemark.url, path))).toEqual(withoutMoments(await rulesOf(prometheus.url, path)));
  });

  it('are listed alike', async () => {
    const listed = async (url: string): Promise<unknown> => {
      const { alerts } = withoutMoments(await read(url, 'alerts')) as { alerts: { labels: { alertname: string; tidemark?: string } }[] };
      // That a rule cannot be evaluated is an alert of our own beside those of rules.
      return alerts.filter(({ labels }) => labels.tidemark === undefined).toSorted((a, b) => (a.labels.alertname < b.labels.alertname ? -1 : 1));
    };
    const theirs = await listed(prometheus.url);
    expect(theirs).toHaveLength(2);
    expect(await listed(tidemark.url)).toEqual(theirs);
  });
});
