import { gzipSync } from 'node:zlib';
import { compressSync } from 'snappy';
import { describe, expect, it } from 'vitest';
import { openIngest, post } from './open-ingest.ts';

const REMOTE_WRITE = { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' };
const PROTOBUF = { 'content-type': 'application/x-protobuf' };
const JSON_TYPE = { 'content-type': 'application/json' };
const FRAME = { 'content-type': 'application/vnd.tidemark.frame' };

type Case = readonly [name: string, path: string, body: string | Uint8Array, headers: Record<string, string>, says: RegExp];

const answerOf = async ([, path, body, headers]: Case, limits = {}) => {
  const ingest = openIngest({}, limits);
  const answer = await ingest.app.request(path, post(body, headers));
  return { status: answer.status, text: Buffer.from(await answer.arrayBuffer()).toString('utf8'), records: ingest.records.length };
};

const MALFORMED: readonly Case[] = [
  ['remote write, damaged snappy', '/api/v1/write', Uint8Array.of(5, 0xff), REMOTE_WRITE, /snappy: byte 1: ends in the middle/],
  ['remote write, no snappy', '/api/v1/write', new Uint8Array(0), REMOTE_WRITE, /snappy: byte 0: ends in its length/],
  ['remote write, no protobuf', '/api/v1/write', compressSync(Buffer.from([0x0a, 0x7f])), REMOTE_WRITE, /remote write: byte 2: a field of 127 bytes, 0 follow/],
  ['OTLP, no protobuf', '/v1/metrics', Uint8Array.of(0x0a, 0x7f), PROTOBUF, /otlp: byte 2: a field of 127 bytes, 0 follow/],
  ['OTLP, no JSON', '/v1/metrics', '{', JSON_TYPE, /otlp: body: no JSON/],
  ['OTLP, JSON of another shape', '/v1/metrics', '{"resourceMetrics":[{"scopeMetrics":7}]}', JSON_TYPE, /resourceMetrics\[0\]\.scopeMetrics: no array/],
  ['Influx v1', '/write', 'cpu usage=x', {}, /line 1:11: a field value that is no number/],
  ['Influx v2', '/api/v2/write', 'cpu', {}, /line 1:4: a line without fields/],
  ['Influx, no UTF-8', '/write', Uint8Array.of(0xff), {}, /influx lines: body: text that is not UTF-8/],
  ['plain lines', '/api/v1/push', 'a b c d e\n', {}, /line 1:\d+: a value that is no number/],
  ['JSON', '/api/v1/push', '{"samples":[{"metric":"a","value":1,"ts":1.5}]}', JSON_TYPE, /samples\[0\]\.ts: 1\.5, Unix time in whole milliseconds needed/],
  ['a frame', '/api/v1/push', 'TDMK', FRAME, /decode frame: magic: 4 bytes/],
  ['damaged gzip', '/api/v1/push', gzipSync('a 1').subarray(0, 20), { 'content-encoding': 'gzip' }, /decode body: not valid gzip/],
];

const UNKNOWN_TYPES: readonly Case[] = ['/api/v1/write', '/v1/metrics', '/api/v1/otlp/v1/metrics', '/write', '/api/v2/write', '/api/v1/push'].map((path) => [
  path,
  path,
  'x',
  { 'content-type': 'image/png', 'content-encoding': path === '/api/v1/write' ? 'snappy' : '' },
  /"image\/png" found, .* allowed/,
]);

/** A series of two million samples and more, of two bytes each. */
const manySamples = (): Uint8Array => {
  const label = Buffer.from('\x0a\x0d\x0a\x08__name__\x12\x01m', 'latin1');
  const series = Buffer.concat([label, Buffer.alloc(2 * (2 ** 21 + 1), Buffer.from([0x12, 0x00]))]);
  const length = [series.length & 0x7f | 0x80, (series.length >> 7) & 0x7f | 0x80, (series.length >> 14) & 0x7f | 0x80, series.length >> 21];
  return compressSync(Buffer.concat([Buffer.from([0x0a, ...length]), series]));
};

const TOO_LARGE: readonly Case[] = [
  ['a body', '/write', 'x'.repeat(6 * 1024 * 1024 + 1), {}, /6291456 bytes allowed/],
  ['what snappy announces', '/api/v1/write', compressSync(Buffer.alloc(33 * 1024 * 1024)), REMOTE_WRITE, /34603008 bytes announced, 33554432 bytes allowed/],
  ['what comes out of gzip', '/v1/metrics', gzipSync(Buffer.alloc(33 * 1024 * 1024)), { ...PROTOBUF, 'content-encoding': 'gzip' }, /33554432 bytes allowed/],
  ['a frame', '/api/v1/push', new Uint8Array(1024 * 1024), FRAME, /1048576 bytes, 1048320 bytes allowed/],
  ['JSON', '/api/v1/push', gzipSync(Buffer.alloc(9_000_000, '[],')), { ...JSON_TYPE, 'content-encoding': 'gzip' }, /9000000 bytes of JSON, 8388608 bytes allowed/],
  ['JSON of OTLP', '/v1/metrics', gzipSync(Buffer.alloc(9_000_000, '[],')), { ...JSON_TYPE, 'content-encoding': 'gzip' }, /9000000 bytes of JSON, 8388608 bytes allowed/],
  ['samples of remote write', '/api/v1/write', manySamples(), REMOTE_WRITE, /more than 2097152 samples/],
  ['samples of lines', '/api/v1/push', gzipSync('a 1\n'.repeat(2 ** 21 + 1)), { 'content-encoding': 'gzip' }, /more than 2097152 samples/],
];

describe('bad input', () => {
  it.each(MALFORMED)('gets 400 with reason and place: %s', async (...each) => {
    expect(await answerOf(each)).toEqual({ status: 400, text: expect.stringMatching(each[4]), records: 0 });
  });

  it.each(UNKNOWN_TYPES)('gets 415 with what is allowed for an unknown content type: %s', async (...each) => {
    const { status, text, records } = await answerOf(each);
    expect({ status, text: text.replaceAll('\\', ''), records }).toEqual({ status: 415, text: expect.stringMatching(each[4]), records: 0 });
  });

  it.each(TOO_LARGE)('gets 413 with the cap: %s', async (...each) => {
    expect(await answerOf(each)).toEqual({ status: 413, text: expect.stringMatching(each[4]), records: 0 });
  });
});
