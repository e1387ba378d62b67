import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { debianPrograms } from '../../scripts/debian.ts';
import { freePort } from '../../scripts/free-port.ts';
import { type TidemarkProcess, eventually, queryVector, startTidemark } from '../support/tidemark-process.ts';
import { type Received, type WebhookBody, startSmtp, startWebhook } from './receivers.ts';
import { type RecordingProxy, seriesKey, startRecordingProxy } from './recording-proxy.ts';

const programs = debianPrograms(['prometheus', 'prometheus-node-exporter']);

const RULES = `groups:
  - name: instances
    interval: 5s
    rules:
      - alert: instance_down
        expr: up == 0
        for: 20s
        labels: { severity: page }
        annotations: { summary: 'instance {{ $labels.instance }} is down' }
`;

const alertmanagerYaml = (webhookPort: number, smtpPort: number): string => `global:
  smtp_smarthost: 127.0.0.1:${smtpPort}
  smtp_from: tidemark@example.com
  smtp_require_tls: false
route: { receiver: ops, group_wait: 0s, group_interval: 1s }
receivers:
  - name: ops
    webhook_configs: [{ url: 'http://127.0.0.1:${webhookPort}/hook', send_resolved: true }]
    email_configs: [{ to: ops@example.com, send_resolved: true }]
`;

const agentYaml = (exporterPort: number, remoteWriteUrl: string): string => `global: { scrape_interval: 5s }
scrape_configs:
  - job_name: node
    static_configs: [{ targets: ['127.0.0.1:${exporterPort}'] }]
remote_write:
  - url: ${remoteWriteUrl}/api/v1/write
`;

describe.skipIf('missing' in programs)(`a Prometheus agent and a node exporter${'missing' in programs ? ` (${programs.missing})` : ''}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-agent-'));
  const children: ChildProcess[] = [];
  let tidemark: TidemarkProcess;
  let proxy: RecordingProxy;
  let webhook: Received<WebhookBody>;
  let smtp: Received<string>;
  let exporter: ChildProcess;
  let exporterPort: number;

  const program = (name: string): string => join('folder' in programs ? programs.folder : '', name);
  const run = (name: string, args: readonly string[]): ChildProcess => {
    const child = spawn(program(name), args, { stdio: 'ignore' });
    children.push(child);
    return child;
  };
  const startExporter = (): ChildProcess => run('prometheus-node-exporter', [`--web.listen-address=127.0.0.1:${exporterPort}`]);

  beforeAll(async () => {
    [webhook, smtp, exporterPort] = await Promise.all([startWebhook(), startSmtp(), freePort()]);
    const data = join(folder, 'data');
    mkdirSync(join(data, 'rules'), { recursive: true });
    writeFileSync(join(data, 'rules/instances.yml'), RULES);
    writeFileSync(join(data, 'alertmanager.yml'), alertmanagerYaml(webhook.port, smtp.port));
    tidemark = await startTidemark({ data });
    proxy = await startRecordingProxy(tidemark.url);
    exporter = startExporter();
    const config = join(folder, 'agent.yml');
    writeFileSync(config, agentYaml(exporterPort, proxy.url));
    run('prometheus', [
      '--enable-feature=agent',
      `--config.file=${config}`,
      `--storage.agent.path=${join(folder, 'agent')}`,
      `--web.listen-address=127.0.0.1:${await freePort()}`,
    ]);
  });

  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    await tidemark?.stop();
    for (const each of [proxy, webhook, smtp]) each?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('pushes for a minute, and every series with every sample it sent is queryable', async () => {
    await new Promise((resolve) => setTimeout(resolve, 60_000));
    const sent = new Map([...proxy.accepted].map(([key, samples]) => [key, [...samples]]));
    expect(sent.size).toBeGreaterThan(300);
    expect(new Set(proxy.statuses)).toEqual(new Set([204]));
    const atS = Math.ceil(Math.max(...[...sent.values()].flat().map((sample) => sample.tMs)) / 1000) + 1;
    await eventually('all samples stored', 20_000, async () => {
      const found = await rawSamples(tidemark.url, atS);
      for (const [key, samples] of sent) expect(found.get(key) ?? []).toEqual(expect.arrayContaining(samples.map(asPoint)));
      return true;
    });
  });

  it('pages once when the exporter stops and says resolved once when it is back', async () => {
    exporter.kill('SIGKILL');
    await once(exporter, 'exit');
    await eventually('firing at both receivers', 90_000, async () => (webhook.items.length >= 1 && smtp.items.length >= 1 ? true : undefined));
    exporter = startExporter();
    await eventually('resolved at both receivers', 90_000, async () => (webhook.items.length >= 2 && smtp.items.length >= 2 ? true : undefined));
    // A duplicate would come with one of the next ticks.
    await new Promise((resolve) => setTimeout(resolve, 12_000));
    expect(webhook.items.map((item) => [item.version, item.status, item.alerts.length])).toEqual([['4', 'firing', 1], ['4', 'resolved', 1]]);
    expect(webhook.items[0]?.alerts[0]?.labels).toEqual({ alertname: 'instance_down', instance: `127.0.0.1:${exporterPort}`, job: 'node', severity: 'page' });
    expect(smtp.items.map((text) => /^Subject: (.*)$/m.exec(text)?.[1]?.slice(0, 9))).toEqual(['[FIRING:1', '[RESOLVED']);
    expect(await queryVector(tidemark.url, 'up')).toHaveLength(1);
  });
});

const asPoint = (sample: { tMs: number; value: number }): string => `${sample.tMs} ${sample.value}`;

/** Every stored float sample of the last minutes by series, read as range vectors, so that each is seen as it is. */
const rawSamples = async (url: string, atS: number): Promise<Map<string, string[]>> => {
  const body = new URLSearchParams({ query: '{job="node"}[3m]', time: String(atS) });
  const answer = (await (await fetch(`${url}/api/v1/query`, { method: 'POST', body })).json()) as {
    data: { result: { metric: Record<string, string>; values: [number, string][] }[] };
  };
  return new Map(
    answer.data.result.map((series) => [seriesKey(series.metric), series.values.map(([t, v]) => `${Math.round(t * 1000)} ${Number(v.replace('Inf', 'Infinity'))}`)]),
  );
};
