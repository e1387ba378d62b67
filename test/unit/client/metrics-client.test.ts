import { describe, expect, it } from 'vitest';
import { MetricRegistry } from '../../../shared/client/metric-registry.ts';
import { MetricsClient, type MetricsClientOptions } from '../../../shared/client/metrics-client.ts';
import { toTextFormat } from '../../../shared/client/text-format.ts';
import { decodeFrame } from '../../../shared/wire/frame.ts';

interface Sent {
  readonly id: string;
  readonly series: readonly string[];
}

const clientOver = (statuses: number[], options: Partial<MetricsClientOptions> = {}) => {
  const sent: Sent[] = [];
  const answer = async (_: unknown, init?: RequestInit): Promise<Response> => {
    const { header, batch } = decodeFrame(new Uint8Array(init?.body as Buffer));
    sent.push({
      id: Buffer.from(header.recordId).toString('hex'),
      series: batch.metrics.map((metric, k) => `${metric}${batch.labels[k]} ${batch.values[batch.offsets[k] as number]}`),
    });
    const status = statuses.shift() ?? 200;
    if (status === 0) throw new TypeError('fetch failed');
    return new Response(status === 200 ? null : 'no', { status });
  };
  const client = new MetricsClient({
    url: 'http://127.0.0.1:1',
    sender: 'game-7',
    labels: { host: 'i631' },
    flushIntervalMs: 10_000,
    bootId: new Uint8Array(8).fill(7),
    nowMs: () => 1_700_000_000_000,
    fetch: answer as typeof fetch,
    ...options,
  });
  return { client, sent };
};

describe('metrics client', () => {
  it('sends what counters and gauges read at the flush', async () => {
    const { client, sent } = clientOver([]);
    client.registry.counter('drops_total', { item: 'sword' }).add();
    client.registry.counter('drops_total', { item: 'sword' }).add(2);
    client.registry.gauge('players').set(41);
    expect(await client.flush()).toEqual({ sentSamples: 2, droppedSamples: 0, bufferedSamples: 0 });
    expect(sent[0]?.series).toEqual(['drops_total{"host":"i631","item":"sword"} 3', 'players{"host":"i631"} 41']);
  });

  it('keeps a flush that found nobody, and sends it later under the same record id and before newer ones', async () => {
    const { client, sent } = clientOver([0, 503, 200, 200, 200]);
    client.sample('a', {}, 1);
    expect(await client.flush()).toMatchObject({ sentSamples: 0, bufferedSamples: 1 });
    expect(await client.flush()).toMatchObject({ sentSamples: 0, bufferedSamples: 1 });
    client.sample('b', {}, 2);
    expect(await client.flush()).toMatchObject({ sentSamples: 2, bufferedSamples: 0 });
    expect(sent.map((each) => each.series[0])).toEqual(['a{"host":"i631"} 1', 'a{"host":"i631"} 1', 'a{"host":"i631"} 1', 'b{"host":"i631"} 2']);
    expect(new Set(sent.slice(0, 3).map((each) => each.id)).size).toBe(1);
    expect(sent[3]?.id).not.toBe(sent[0]?.id);
  });

  it('drops what the server refuses for good, and says so', async () => {
    const { client } = clientOver([400]);
    client.sample('a', {}, 1);
    const report = await client.flush();
    expect(report).toMatchObject({ sentSamples: 0, droppedSamples: 1, bufferedSamples: 0 });
    expect(report.problem).toContain('HTTP 400');
  });

  it('counts the samples of a push that was refused in part as what became of them', async () => {
    const { client } = clientOver([], { fetch: async () => Response.json({ error: 'push: 1 samples not stored, 2 stored', accepted: 2 }, { status: 400 }) });
    for (const metric of ['a', 'b', 'c']) client.sample(metric, {}, 1);
    expect(await client.flush()).toMatchObject({ sentSamples: 2, droppedSamples: 1, bufferedSamples: 0 });
  });

  it('refuses at the call what no frame can hold, and goes on', async () => {
    const { client } = clientOver([]);
    expect(() => client.sample('a', {}, 1, 1.5)).toThrow(/found time 1.5, whole Unix milliseconds/);
    expect(() => client.sample('', {}, 1)).toThrow(/0 characters, 1 to 1024/);
    expect(() => client.registry.gauge('\ud800')).toThrow(/well-formed/);
    client.sample('a', {}, 1);
    expect(await client.flush()).toMatchObject({ sentSamples: 1 });
  });

  it('never rejects, even when nothing can be encoded', async () => {
    const { client } = clientOver([], { sender: 'x'.repeat(2000) });
    client.sample('a', {}, 1);
    const report = await client.flush();
    expect(report).toMatchObject({ sentSamples: 0, droppedSamples: 1, bufferedSamples: 0 });
    expect(report.problem).toContain('sender of 2000 bytes');
  });

  it('keeps single samples within the buffer while a flush waits for its answer', async () => {
    let answer = (): void => undefined;
    const waiting = new Promise<Response>((resolve) => {
      answer = () => resolve(new Response(null));
    });
    const { client } = clientOver([], { fetch: () => waiting, maxBufferedBytes: 100_000 });
    client.sample('first', {}, 1);
    const flushing = client.flush();
    for (let i = 0; i < 200_000; i++) client.sample('m', { i: String(i) }, Math.random());
    answer();
    const { sentSamples, droppedSamples, bufferedSamples } = await flushing;
    expect(sentSamples + droppedSamples + bufferedSamples).toBe(200_001);
    expect(droppedSamples).toBeGreaterThan(100_000);
  });

  it('counts no more label sets of a metric than it may', () => {
    const registry = new MetricRegistry({}, 3);
    for (let i = 0; i < 10; i++) registry.counter('c', { sender: String(i % 5) }).add();
    expect(registry.snapshot(0).values).toEqual(Float64Array.of(2, 2, 2));
  });

  it('lets the oldest go when the buffer is full', async () => {
    const { client } = clientOver([0, 0, 0, 0], { maxBufferedBytes: 250 });
    for (const metric of ['first', 'second', 'third']) {
      client.sample(metric, { text: 'x'.repeat(60) }, 1);
      await client.flush();
    }
    const { bufferedSamples } = await client.flush();
    expect(bufferedSamples).toBeLessThan(3);
    expect(bufferedSamples).toBeGreaterThan(0);
  });

  it('refuses a counter that goes down', () => {
    const { client } = clientOver([]);
    expect(() => client.registry.counter('c').add(-1)).toThrow(/0 or more/);
  });

  it('prints the text format', () => {
    const { client } = clientOver([]);
    client.registry.counter('c_total', { path: 'a"b\\c\n' }, 'counts').add(2);
    expect(toTextFormat(client.registry)).toBe('# HELP c_total counts\n# TYPE c_total counter\nc_total{host="i631",path="a\\"b\\\\c\\n"} 2\n');
  });
});
