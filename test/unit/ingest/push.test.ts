import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ThrottledError, UnavailableError } from '../../../shared/errors.ts';
import { SampleBatchBuilder } from '../../../shared/model/sample-batch.ts';
import { encodeFrame } from '../../../shared/wire/frame.ts';
import { NOW_MS, openIngest, post } from './open-ingest.ts';

const LINE = `CPU.load host=web01 ${NOW_MS / 1000} 50\n`;

describe('POST /api/v1/push', () => {
  it('puts plain lines into the stream before it answers', async () => {
    const ingest = openIngest();
    const answer = await ingest.app.request('/api/v1/push', post(LINE, { 'content-type': 'text/plain; charset=utf-8' }));
    expect([answer.status, await answer.json()]).toEqual([200, { accepted: 1 }]);
    expect(ingest.samples()).toEqual([`CPU.load{"host":"web01"} ${NOW_MS} 50`]);
    expect(ingest.counts).toEqual([{ accepted: 1, protocol: 'push', sender: 'anonymous' }]);
  });

  it('takes JSON, and gzip around it', async () => {
    const ingest = openIngest();
    const body = JSON.stringify({ samples: [{ metric: 'mem.free', labels: { host: 'b' }, ts: NOW_MS, value: 1e9 }] });
    const headers = { 'content-type': 'application/json' };
    expect((await ingest.app.request('/api/v1/push', post(body, headers))).status).toBe(200);
    expect((await ingest.app.request('/api/v1/push', post(gzipSync(body), { ...headers, 'content-encoding': 'gzip' }))).status).toBe(200);
    expect(ingest.samples()).toEqual(Array.from({ length: 2 }, () => `mem.free{"host":"b"} ${NOW_MS} 1000000000`));
  });

  it('keeps the bytes and the record id of a frame, so that a push sent twice is one record', async () => {
    const ingest = openIngest();
    const builder = new SampleBatchBuilder();
    builder.series('up', '{"host":"h"}');
    builder.sample(NOW_MS, 1);
    const recordId = new Uint8Array(16).fill(7);
    const frame = encodeFrame({ recordId, sender: 'client', flushIntervalMs: 10_000 }, builder.build());
    for (let i = 0; i < 2; i++) {
      expect((await ingest.app.request('/api/v1/push', post(frame, { 'content-type': 'application/vnd.tidemark.frame' }))).status).toBe(200);
    }
    expect(ingest.records.map((record) => Buffer.from(record.data))).toEqual([Buffer.from(frame), Buffer.from(frame)]);
    expect(ingest.headers()[0]).toEqual({ recordId, sender: 'client', flushIntervalMs: 10_000 });
    expect(ingest.records[0]?.partitionKey).toBe(ingest.records[1]?.partitionKey);
    frame[20] = (frame[20] as number) ^ 1;
    const damaged = await ingest.app.request('/api/v1/push', post(frame, { 'content-type': 'application/vnd.tidemark.frame' }));
    expect([damaged.status, await damaged.text()]).toEqual([400, expect.stringContaining('checksum')]);
  });

  it('stores the good lines, and answers 400 with reason and place of the bad ones', async () => {
    const ingest = openIngest();
    const answer = await ingest.app.request('/api/v1/push', post(`${LINE}a b c d\nold ${NOW_MS / 1000 - 10 * 86_400} 1\n`));
    expect(answer.status).toBe(400);
    const { error, accepted } = (await answer.json()) as { error: string; accepted: number };
    expect(accepted).toBe(1);
    expect(error).toMatch(/^push: 2 samples not stored, 1 stored: line 2:\d+: .*; old: timestamp more than 120 hours before arrival \(1 sample\)$/);
    expect(ingest.samples()).toHaveLength(1);
    expect(ingest.counts.filter((count) => 'rejected' in count)).toHaveLength(2);
  });

  it('answers 429 and 503 with Retry-After, and 503 when the stream fails in an unknown way', async () => {
    const failures = [new ThrottledError('put records: slow down', 2), new UnavailableError('put records: disk is full', 3), new Error('socket hang up')];
    const answers = await Promise.all(
      failures.map(async (failure) => {
        const ingest = openIngest({ putRecords: () => Promise.reject(failure) });
        const answer = await ingest.app.request('/api/v1/push', post(LINE));
        return [answer.status, answer.headers.get('retry-after')];
      }),
    );
    expect(answers).toEqual([[429, '2'], [503, '3'], [503, '5']]);
  });

  it('refuses bodies over the caps with 413: announced, streamed, and after decoding', async () => {
    const ingest = openIngest({}, { bodyBytes: 1000, decodedBytes: 5000 });
    const big = 'x'.repeat(1001);
    const announced = await ingest.app.request('/api/v1/push', post(big, { 'content-length': '1001' }));
    expect([announced.status, await announced.text()]).toEqual([413, expect.stringContaining('1000 bytes allowed')]);
    let pulled = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled++;
        controller.enqueue(new Uint8Array(100));
      },
    });
    const streamed = await ingest.app.request('/api/v1/push', { method: 'POST', body: endless, duplex: 'half' } as RequestInit);
    expect([streamed.status, pulled < 20]).toEqual([413, true]);
    const bomb = gzipSync(Buffer.alloc(100_000));
    const decoded = await ingest.app.request('/api/v1/push', post(bomb, { 'content-encoding': 'gzip' }));
    expect([decoded.status, await decoded.text()]).toEqual([413, expect.stringContaining('5000 bytes allowed')]);
    expect(ingest.records).toEqual([]);
  });

  it('turns requests away with 503 while the bytes in flight are spent', async () => {
    let release = (): void => undefined;
    const blocked = new Promise<void>((resolve) => {
      release = resolve;
    });
    const ingest = openIngest({ putRecords: () => blocked }, { inFlightBytes: LINE.length + 5 });
    const headers = { 'content-length': String(LINE.length) };
    const first = ingest.app.request('/api/v1/push', post(LINE, headers));
    const second = await ingest.app.request('/api/v1/push', post(LINE, headers));
    expect([second.status, second.headers.get('retry-after')]).toEqual([503, '1']);
    release();
    expect((await first).status).toBe(200);
    expect((await ingest.app.request('/api/v1/push', post(LINE, headers))).status).toBe(200);
  });

  it('holds what comes out of a content encoding against the bytes in flight while it comes out', async () => {
    const ingest = openIngest({}, { inFlightBytes: 1_000_000 });
    const bomb = gzipSync(Buffer.alloc(10_000_000, LINE));
    const before = process.memoryUsage().arrayBuffers;
    const answers = await Promise.all(Array.from({ length: 8 }, () => ingest.app.request('/api/v1/push', post(bomb, { 'content-encoding': 'gzip', 'content-length': String(bomb.length) }))));
    expect(answers.map((answer) => answer.status)).toEqual(Array.from({ length: 8 }, () => 503));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000);
    expect((await ingest.app.request('/api/v1/push', post(gzipSync(LINE), { 'content-encoding': 'gzip', 'content-length': '100' }))).status).toBe(200);
  });

  it('refuses unknown types, encodings, methods and routes in JSON', async () => {
    const { app } = openIngest();
    const answers = await Promise.all([
      app.request('/api/v1/push', post(LINE, { 'content-type': 'image/png' })),
      app.request('/api/v1/push', post(LINE, { 'content-encoding': 'br' })),
      app.request('/api/v1/push', post('damaged', { 'content-encoding': 'gzip' })),
      app.request('/api/v1/push'),
      app.request('/nowhere'),
    ]);
    expect(await Promise.all(answers.map(async (answer) => [answer.status, Object.keys((await answer.json()) as object)]))).toEqual(
      [415, 415, 400, 405, 404].map((status) => [status, ['error']]),
    );
  });
});
