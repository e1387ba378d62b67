import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InfluxDB, Point } from '@influxdata/influxdb-client';
import { OTLPMetricExporter as JsonExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as ProtoExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { MeterProvider, PeriodicExportingMetricReader, type PushMetricExporter } from '@opentelemetry/sdk-metrics';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../../shared/client/connect.ts';
import { type TidemarkProcess, eventually, queryVector, startTidemark } from '../support/tidemark-process.ts';

describe('client libraries', () => {
  const data = mkdtempSync(join(tmpdir(), 'tidemark-clients-'));
  let tidemark: TidemarkProcess;

  beforeAll(async () => {
    tidemark = await startTidemark({ data });
  });

  afterAll(async () => {
    await tidemark?.stop();
    rmSync(data, { recursive: true, force: true });
  });

  /** The values of a query once it has `count` series, by one label. */
  const values = (expr: string, count: number, label: string): Promise<Record<string, number>> =>
    eventually(expr, 20_000, async () => {
      const found = await queryVector(tidemark.url, expr);
      if (found.length < count) return undefined;
      return Object.fromEntries(found.map((each) => [each.metric[label] ?? '', Number(each.value[1].replace('Inf', 'Infinity'))]));
    });

  it.each([
    ['protobuf', (url: string): PushMetricExporter => new ProtoExporter({ url })],
    ['JSON', (url: string): PushMetricExporter => new JsonExporter({ url })],
  ])("takes counters, gauges and histograms from OpenTelemetry's SDK over %s", async (encoding, makeExporter) => {
    const reader = new PeriodicExportingMetricReader({ exporter: makeExporter(`${tidemark.url}/v1/metrics`), exportIntervalMillis: 3_600_000 });
    const provider = new MeterProvider({ readers: [reader] });
    const meter = provider.getMeter('game');
    meter.createCounter('gacha.pulls', { unit: '1', description: 'pulls' }).add(7, { banner: 'summer', encoding });
    meter.createObservableGauge('arena.load').addCallback((result) => result.observe(0.29, { room: 'a', encoding }));
    const histogram = meter.createHistogram('frame.time', { unit: 's', advice: { explicitBucketBoundaries: [0.01, 0.02, 0.05] } });
    for (const seconds of [0.005, 0.015, 0.017, 0.04, 9]) histogram.record(seconds, { encoding });
    await provider.forceFlush();
    await provider.shutdown();
    expect(await values(`gacha_pulls_total{encoding="${encoding}"}`, 1, 'banner')).toEqual({ summer: 7 });
    expect(await values(`arena_load{encoding="${encoding}"}`, 1, 'room')).toEqual({ a: 0.29 });
    expect(await values(`frame_time_seconds_bucket{encoding="${encoding}"}`, 4, 'le')).toEqual({ '0.01': 1, '0.02': 3, '0.05': 4, '+Inf': 5 });
    const [sum] = Object.values(await values(`frame_time_seconds_sum{encoding="${encoding}"}`, 1, 'encoding'));
    expect(sum).toBe([0.005, 0.015, 0.017, 0.04, 9].reduce((total, each) => total + each, 0));
    expect(await values(`frame_time_seconds_count{encoding="${encoding}"}`, 1, 'encoding')).toEqual({ [encoding]: 5 });
  });

  it('takes points from the Influx client', async () => {
    const writer = new InfluxDB({ url: tidemark.url, token: 'none' }).getWriteApi('org', 'bucket', 'ms');
    const nowMs = Date.now();
    for (const [host, value] of [['h1', 0.64], ['h 2,=', -3]] as const) {
      writer.writePoint(new Point('cpu').tag('host', host).floatField('usage', value).intField('cores', 8).booleanField('busy', true).timestamp(nowMs));
    }
    await writer.close();
    expect(await values('cpu_usage', 2, 'host')).toEqual({ h1: 0.64, 'h 2,=': -3 });
    expect(await values('cpu_cores', 2, 'host')).toEqual({ h1: 8, 'h 2,=': 8 });
    expect(await values('cpu_busy', 2, 'host')).toEqual({ h1: 1, 'h 2,=': 1 });
  });

  it("takes counters and gauges from the product's own client", async () => {
    const connection = connect({ url: tidemark.url, sender: 'test', labels: { game: 'dice' }, flushIntervalMs: 3_600_000 });
    connection.client.registry.counter('item.drops', { item: 'sword' }).add(3);
    connection.client.registry.gauge('players', { item: 'none' }).set(12.5);
    expect(await connection.close()).toMatchObject({ sentSamples: 2 });
    expect(await values('{"item.drops", game="dice"}', 1, 'item')).toEqual({ sword: 3 });
    expect(await values('players{game="dice"}', 1, 'item')).toEqual({ none: 12.5 });
  });

  it('takes the plain line and JSON', async () => {
    const post = async (contentType: string, body: string): Promise<number> =>
      (await fetch(`${tidemark.url}/api/v1/push`, { method: 'POST', headers: { 'content-type': contentType }, body })).status;
    expect(await post('text/plain', 'CPU.load host=webserver01,region=us-west 50\n')).toBeLessThan(300);
    expect(await post('application/json', JSON.stringify({ samples: [{ metric: 'mem.free', labels: { host: 'b' }, ts: Date.now(), value: 1e9 }] }))).toBeLessThan(300);
    expect(await values('{"CPU.load"}', 1, 'host')).toEqual({ webserver01: 50 });
    expect(await values('{"mem.free"}', 1, 'host')).toEqual({ b: 1e9 });
  });
});
