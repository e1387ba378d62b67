import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type Server, createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../scripts/free-port.ts';
import { type TidemarkProcess, eventually, queryVector, spawnTidemark, startTidemark } from '../support/tidemark-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'tidemark-start-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Starts a process that is to refuse, and gives what it printed. */
const refusal = async (args: readonly string[]): Promise<{ code: number | null; lines: readonly string[] }> => {
  const { child, output } = spawnTidemark(args);
  await once(child, 'exit');
  return { code: child.exitCode, lines: output().trim().split('\n') };
};

describe('npm start from nothing', () => {
  const data = join(folder, 'new/data');
  let tidemark: TidemarkProcess;

  beforeAll(async () => {
    tidemark = await startTidemark({ data });
  });
  afterAll(() => tidemark?.stop());

  it('is ready, and within 30 s has a rate of its own processor time per mode', async () => {
    expect((await fetch(`${tidemark.url}/-/ready`)).status).toBe(200);
    const series = await eventually('processor rates', 30_000, async () => {
      const found = await queryVector(tidemark.url, 'sum by (mode) (rate(node_cpu_seconds_total[20s]))');
      return found.length > 0 ? found : undefined;
    });
    expect(series.map((each) => each.metric['mode'])).toContain('idle');
  });

  it('says where to look', () => {
    expect(tidemark.output()).toContain(tidemark.url);
  });

  it('shows memory, disk, network and the event loop too', async () => {
    for (const metric of ['node_memory_MemAvailable_bytes', 'node_filesystem_avail_bytes', 'node_network_receive_bytes_total', 'nodejs_eventloop_lag_mean_seconds']) {
      if (process.platform === 'linux') expect(await queryVector(tidemark.url, metric), metric).not.toEqual([]);
    }
  });

  it('answers SQL over the same samples, and says what it cost', async () => {
    const body = JSON.stringify({ query: 'SELECT metric, count(*) AS n FROM samples WHERE metric = ? GROUP BY metric', parameters: ['node_load1'] });
    const answer = await fetch(`${tidemark.url}/api/v1/sql`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    const { columns, rows, stats } = (await answer.json()) as { columns: unknown; rows: [string, string][]; stats: Record<string, number> };
    expect(columns).toEqual([{ name: 'metric', type: 'VARCHAR' }, { name: 'n', type: 'BIGINT' }]);
    expect(rows[0]?.[0]).toBe('node_load1');
    expect(Number(rows[0]?.[1])).toBeGreaterThan(0);
    expect(stats).toMatchObject({ bytesScanned: expect.any(Number), dollars: expect.any(Number), watermarkMs: expect.any(Number) });
  });

  it('counts what it does on /metrics', async () => {
    await eventually('stored samples', 20_000, async () => {
      const text = await (await fetch(`${tidemark.url}/metrics`)).text();
      return /^tidemark_store_samples_total [1-9]/m.test(text) && /^tidemark_ingest_samples_total\{.*\} [1-9]/m.test(text) ? true : undefined;
    });
  });

  it('refuses a second start on the same folder in one line', async () => {
    const { code, lines } = await refusal(['--port', String(await freePort()), '--data', data]);
    expect(code).toBe(1);
    expect(lines).toEqual([expect.stringContaining(data)]);
  });

  it('refuses a page of another site', async () => {
    const foreign = { method: 'POST', headers: { origin: 'https://evil.example', 'content-type': 'text/plain' }, body: 'a 1\n' };
    expect((await fetch(`${tidemark.url}/api/v1/push`, foreign)).status).toBe(403);
    expect(await statusWithHost(tidemark.url, 'evil.example')).toBe(403);
  });
});

describe('npm start where it cannot', () => {
  it('names a taken port in one line', async () => {
    const taken: Server = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const { code, lines } = await refusal(['--port', String(port), '--data', join(folder, 'taken')]);
    taken.close();
    expect(code).toBe(1);
    expect(lines).toEqual([expect.stringContaining(String(port))]);
  });

  it('names a folder that is not one in one line', async () => {
    writeFileSync(join(folder, 'file'), '');
    const { code, lines } = await refusal(['--port', String(await freePort()), '--data', join(folder, 'file')]);
    expect(code).toBe(1);
    expect(lines).toEqual([expect.stringContaining(join(folder, 'file'))]);
  });

  it('names a bad rule file with its place, and runs all the same', async () => {
    const data = join(folder, 'bad-rules');
    mkdirSync(join(data, 'rules'), { recursive: true });
    writeFileSync(join(data, 'rules/bad.yml'), 'groups:\n  - name: g\n    rules:\n      - alert: A\n        expr: sum(\n');
    const tidemark = await startTidemark({ data });
    await eventually('the error', 10_000, async () => (/bad\.yml:5:\d+: group "g", rule 1 "A"/.test(tidemark.output()) ? true : undefined));
    await tidemark.stop();
  });
});

describe('an end and a new start', () => {
  it('keeps what it had, over Ctrl-C and over kill -9', async () => {
    const data = join(folder, 'again');
    const pushed = async (tidemark: TidemarkProcess, value: number): Promise<void> => {
      const answer = await fetch(`${tidemark.url}/api/v1/push`, { method: 'POST', headers: { 'content-type': 'text/plain' }, body: `kept n=${value} ${value}\n` });
      expect(answer.ok).toBe(true);
    };
    const first = await startTidemark({ data });
    await pushed(first, 1);
    expect(await first.stop()).toBe(0);
    const second = await startTidemark({ data });
    await pushed(second, 2);
    await second.kill();
    const third = await startTidemark({ data });
    const series = await eventually('both samples', 20_000, async () => {
      const found = await queryVector(third.url, 'kept');
      return found.length === 2 ? found : undefined;
    });
    expect(series.map((each) => each.value[1]).toSorted()).toEqual(['1', '2']);
    await third.stop();
  });
});

const statusWithHost = (url: string, host: string): Promise<number> =>
  new Promise((resolve, reject) => {
    request(`${url}/api/v1/query?query=1`, { headers: { host } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });
