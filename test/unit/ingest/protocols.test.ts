import protobuf from 'protobufjs';
import { compressSync } from 'snappy';
import { describe, expect, it } from 'vitest';
import { UnavailableError } from '../../../shared/errors.ts';
import { NOW_MS, openIngest, post } from './open-ingest.ts';

const { root } = protobuf.parse(`syntax = "proto3";
  message WriteRequest { repeated TimeSeries timeseries = 1; }
  message TimeSeries { repeated Label labels = 1; repeated Sample samples = 2; }
  message Label { string name = 1; string value = 2; }
  message Sample { double value = 1; int64 timestamp = 2; }
  message Status { int32 code = 1; string message = 2; }
  message ExportResponse { Partial partial_success = 1; }
  message Partial { int64 rejected_data_points = 1; string error_message = 2; }`);

const RW_HEADERS = { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' };

const remoteWriteBody = (...series: [name: string, tMs: number, value: number][]): Uint8Array => {
  const type = root.lookupType('WriteRequest');
  const timeseries = series.map(([name, timestamp, value]) => ({ labels: [{ name: '__name__', value: name }, { name: 'job', value: 'n' }], samples: [{ value, timestamp }] }));
  return compressSync(Buffer.from(type.encode(type.fromObject({ timeseries })).finish()));
};

describe('POST /api/v1/write', () => {
  it('answers 204 once the samples are in the stream', async () => {
    const ingest = openIngest();
    const answer = await ingest.app.request('/api/v1/write', post(remoteWriteBody(['up', NOW_MS, 1], ['up', NOW_MS - 1000, 0]), RW_HEADERS));
    expect([answer.status, await answer.text()]).toEqual([204, '']);
    expect(ingest.samples().toSorted()).toEqual([`up{"job":"n"} ${NOW_MS - 1000} 0`, `up{"job":"n"} ${NOW_MS} 1`]);
  });

  it('stores what is good and answers 400, which is not sent again, for what never will be', async () => {
    const ingest = openIngest();
    const answer = await ingest.app.request('/api/v1/write', post(remoteWriteBody(['up', NOW_MS, 1], ['up', NOW_MS + 7_200_000, 1]), RW_HEADERS));
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringMatching(/^remote write: 1 samples not stored, 1 stored: .*60 minutes after arrival/)]);
    expect(ingest.samples()).toHaveLength(1);
  });

  it('refuses version 2, other types and encodings with 415, damaged bytes with 400, a bomb with 413', async () => {
    const { app, records } = openIngest({}, { decodedBytes: 10_000 });
    const body = remoteWriteBody(['up', NOW_MS, 1]);
    const statuses = await Promise.all([
      app.request('/api/v1/write', post(body, { ...RW_HEADERS, 'content-type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request' })),
      app.request('/api/v1/write', post(body, { ...RW_HEADERS, 'content-type': 'application/json' })),
      app.request('/api/v1/write', post(body, { ...RW_HEADERS, 'content-encoding': 'gzip' })),
      app.request('/api/v1/write', post(body.subarray(0, 10), RW_HEADERS)),
      app.request('/api/v1/write', post(compressSync(Buffer.alloc(10_001)), RW_HEADERS)),
    ]);
    expect(statuses.map((answer) => answer.status)).toEqual([415, 415, 415, 400, 413]);
    expect(records).toEqual([]);
  });

  it('takes the message of version 1 by its full name, and no type at all', async () => {
    const { app } = openIngest();
    const body = remoteWriteBody(['up', NOW_MS, 1]);
    const named = { ...RW_HEADERS, 'content-type': 'application/x-protobuf;proto=prometheus.WriteRequest' };
    expect((await app.request('/api/v1/write', post(body, named))).status).toBe(204);
    expect((await app.request('/api/v1/write', post(body, { 'content-encoding': 'snappy' }))).status).toBe(204);
  });
});

const otlpBody = (tMs: number, temporality: number): string =>
  JSON.stringify({
    resourceMetrics: [
      {
        scopeMetrics: [
          { metrics: [
            { name: 'queue.length', gauge: { dataPoints: [{ timeUnixNano: `${tMs}000000`, asDouble: 3 }] } },
            { name: 'requests', sum: { isMonotonic: true, aggregationTemporality: temporality, dataPoints: [{ timeUnixNano: `${tMs}000000`, asInt: '5' }] } },
          ] },
        ],
      },
    ],
  });

describe('POST /v1/metrics', () => {
  const JSON_TYPE = { 'content-type': 'application/json' };

  it('answers in the encoding of the request, on both paths', async () => {
    const ingest = openIngest();
    for (const path of ['/v1/metrics', '/api/v1/otlp/v1/metrics']) {
      const answer = await ingest.app.request(path, post(otlpBody(NOW_MS, 2), JSON_TYPE));
      expect([answer.status, answer.headers.get('content-type'), await answer.json()]).toEqual([200, 'application/json', {}]);
    }
    const empty = await ingest.app.request('/v1/metrics', post(new Uint8Array(0), { 'content-type': 'application/x-protobuf' }));
    expect([empty.status, empty.headers.get('content-type'), (await empty.arrayBuffer()).byteLength]).toEqual([200, 'application/x-protobuf', 0]);
    expect(ingest.samples()).toHaveLength(4);
  });

  it('tells rejected data points in partial_success', async () => {
    const ingest = openIngest();
    const answer = await ingest.app.request('/v1/metrics', post(otlpBody(NOW_MS, 1), JSON_TYPE));
    expect([answer.status, await answer.json()]).toEqual([
      200,
      { partialSuccess: { rejectedDataPoints: '1', errorMessage: expect.stringContaining('delta temporality') } },
    ]);
    expect(ingest.samples()).toEqual([`queue_length{} ${NOW_MS} 3`]);
  });

  it('says a Status in the encoding of the request, with Retry-After when it may come again', async () => {
    const ingest = openIngest({ putRecords: () => Promise.reject(new UnavailableError('put records: down', 7)) });
    const down = await ingest.app.request('/v1/metrics', post(otlpBody(NOW_MS, 2), JSON_TYPE));
    expect([down.status, down.headers.get('retry-after'), await down.json()]).toEqual([503, '7', { code: 14, message: 'put records: down' }]);
    const damaged = await ingest.app.request('/v1/metrics', post(Uint8Array.of(0xff, 0xff), { 'content-type': 'application/x-protobuf' }));
    const status = root.lookupType('Status').decode(new Uint8Array(await damaged.arrayBuffer())).toJSON();
    expect([damaged.status, status]).toEqual([400, { code: 3, message: expect.stringContaining('decode') }]);
    expect((await ingest.app.request('/v1/metrics', post('x', { 'content-type': 'text/plain' }))).status).toBe(415);
  });
});

describe('POST /write and /api/v2/write', () => {
  const LINE = `cpu,host=a usage=0.5,value=2 ${NOW_MS}`;

  it('answer 204 and take the precision of either version', async () => {
    const ingest = openIngest();
    const paths = [`/write?db=x&precision=ms`, `/api/v2/write?org=o&bucket=b&precision=ms`];
    for (const path of paths) expect((await ingest.app.request(path, post(LINE))).status).toBe(204);
    expect((await ingest.app.request('/write?precision=n', post(`${LINE}000000`))).status).toBe(204);
    expect(ingest.samples()).toEqual(Array.from({ length: 3 }, () => [`cpu_usage{"host":"a"} ${NOW_MS} 0.5`, `cpu{"host":"a"} ${NOW_MS} 2`]).flat());
    expect((await ingest.app.request('/write?precision=days', post(LINE))).status).toBe(400);
    expect((await ingest.app.request('/ping')).status).toBe(204);
  });

  it('store the good lines and say "partial write" in the shape of their version', async () => {
    const ingest = openIngest();
    const body = `${LINE}\nbad line\n`;
    const v1 = await ingest.app.request('/write?precision=ms', post(body));
    expect([v1.status, await v1.json()]).toEqual([400, { error: expect.stringMatching(/^partial write: line 2:\d+: .* dropped=1$/) }]);
    expect(v1.headers.get('x-influxdb-error')).toContain('partial write');
    const v2 = await ingest.app.request('/api/v2/write?precision=ms', post(body));
    expect([v2.status, await v2.json()]).toEqual([400, { code: 'invalid', message: expect.stringContaining('partial write: line 2') }]);
    expect(ingest.samples()).toHaveLength(4);
  });
});
