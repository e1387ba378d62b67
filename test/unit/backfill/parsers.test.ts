import { describe, expect, it } from 'vitest';
import { csvParser, DEFAULT_COLUMNS } from '../../../shared/backfill/csv.ts';
import { jsonLinesParser } from '../../../shared/backfill/json-lines.ts';
import type { SampleParser } from '../../../shared/backfill/parser.ts';
import { prometheusParser } from '../../../shared/backfill/prometheus-text.ts';
import { SampleFeed } from '../../../shared/backfill/sample-feed.ts';
import type { SampleBatch } from '../../../shared/model/sample-batch.ts';
import { bitsOf, isStaleAt } from '../../../shared/model/stale.ts';

type Open = (feed: SampleFeed) => SampleParser;
const csv: Open = (feed) => csvParser('f', feed, DEFAULT_COLUMNS);
const json: Open = (feed) => jsonLinesParser('f', feed);
const prometheus: Open = (feed) => prometheusParser('f', feed);

const linesOf = (batch: SampleBatch | undefined): readonly string[] =>
  batch?.metrics.flatMap((metric, k) =>
    Array.from(batch.tMs.subarray(batch.offsets[k], batch.offsets[k + 1]), (tMs, i) => {
      const at = (batch.offsets[k] as number) + i;
      return `${metric}${batch.labels[k]} ${tMs} ${isStaleAt(bitsOf(batch.values), at) ? 'stale' : batch.values[at]}`;
    }),
  ) ?? [];

/** The samples, whatever pieces the text comes in. */
const read = async (open: Open, text: string, pieceUnits = 7): Promise<readonly string[]> => {
  const feed = new SampleFeed();
  const parser = open(feed);
  for (let at = 0; at < text.length; at += pieceUnits) parser.push(text.slice(at, at + pieceUnits));
  await parser.end();
  return linesOf(feed.last());
};

describe('CSV', () => {
  it('takes labels from every other column, quoted fields, CR LF, a byte order mark and a last line without an end', async () => {
    const text = '\ufeffhost,value,ts,metric,mode\r\n"a,""b""\nc",1.5,1700000000,cpu,user\r\n\r\nb,-Inf,1700000001500,cpu,\r\nb,NaN,2023-11-14T22:13:20.25Z,cpu,';
    expect(await read(csv, text)).toEqual([
      'cpu{"host":"a,\\"b\\"\\nc","mode":"user"} 1700000000000 1.5',
      'cpu{"host":"b"} 1700000001500 -Infinity',
      'cpu{"host":"b"} 1700000000250 NaN',
    ]);
  });

  it('takes names of columns', async () => {
    const open: Open = (feed) => csvParser('f', feed, { metric: 'name', time: 'time', value: 'v' });
    expect(await read(open, 'name,time,v,ts\nup,1700000000,1,x\n')).toEqual(['up{"ts":"x"} 1700000000000 1']);
  });

  it.each([
    ['', 'f:1: found no header, one with metric, ts and value needed'],
    ['metric,ts\n', 'f:1: found no column "value" in the header'],
    ['metric,ts,value,ts\n', 'f:1: found the column "ts" twice'],
    ['metric,ts,value\nup,1700000000,1\nup,soon,1\n', 'f:3: found the time "soon", Unix seconds, milliseconds or RFC 3339 allowed'],
    ['metric,ts,value\nup,1700000000,0x10\n', 'f:2: found the value "0x10", a number, NaN, +Inf or -Inf allowed'],
    ['metric,ts,value\n,1700000000,1\n', 'f:2: found a sample without a metric name'],
    ['metric,ts,value\nup,1700000000\n', 'f:2: found what is no CSV'],
    ['metric,ts,value\n"up"x,1700000000,1\n', 'f:2: found what is no CSV'],
    ['metric,ts,value\n"up,1700000000,1\n', 'f:2: found what is no CSV'],
    [`${Array.from({ length: 1001 }, (_, i) => `c${i}`).join()}\n`, 'f:1: found 1001 columns, 1000 allowed'],
  ])('refuses %j', async (text, message) => {
    await expect(read(csv, text, 1000)).rejects.toThrow(message);
  });
});

describe('JSON lines', () => {
  it('takes the objects of the JSON push, and arrays of one series', async () => {
    const text = [
      '{"metric":"up","labels":{"b":"2","a":"1","empty":""},"ts":1700000000000,"value":1}',
      '{"metric":"up","ts":[1700000000,"2023-11-14T22:13:21Z"],"value":["NaN",null]}\r',
      '',
      '{"metric":"up","ts":1700000000.5,"value":"+Inf"}',
    ].join('\n');
    expect(await read(json, text)).toEqual(['up{"a":"1","b":"2"} 1700000000000 1', 'up{} 1700000000000 NaN', 'up{} 1700000001000 stale', 'up{} 1700000000500 Infinity']);
  });

  it.each([
    ['{"metric":"up","ts":1,"value":1}\nup 1', 'f:2: found no JSON'],
    ['[1]', 'f:1: found "[1]", an object on each line allowed'],
    ['{"metric":"","ts":1,"value":1}', 'f:1: found no name under "metric"'],
    ['{"metric":"up","value":1}', 'f:1: found the time "undefined" under "ts"'],
    ['{"metric":"up","ts":1e15,"value":1}', 'f:1: found the time "1000000000000000" under "ts"'],
    ['{"metric":"up","ts":1,"value":"1"}', 'f:1: found "1" under "value"'],
    ['{"metric":"up","ts":[1,2],"value":[1]}', 'f:1: found "ts" and "value" of different lengths'],
    ['{"metric":"up","ts":1,"value":[1]}', 'f:1: found "ts" and "value" of different lengths'],
    ['{"metric":"up","labels":{"a":1},"ts":1,"value":1}', 'f:1: found the label "a" with "1", text allowed'],
    ['{"metric":"up","labels":{"a":"\\ud800"},"ts":1,"value":1}', 'f:1: found labels: label "a" is not valid UTF-8'],
    ['{"metric":"up","ts":1,"value":1,"tags":{}}', 'f:1: found the key "tags"'],
  ])('refuses %j', async (text, message) => {
    await expect(read(json, text)).rejects.toThrow(message);
  });
});

describe('Prometheus text', () => {
  it('takes times in milliseconds, and what OpenMetrics has: seconds, exemplars, quoted names, the end', async () => {
    const text = String.raw`# HELP http_requests_total All requests.
# TYPE http_requests_total counter
http_requests_total{method="post",path="a\"}\\\n",} 1027 1700000000000
http_requests_total{method="post",path="a\"}\\\n",} 1028 1700000010000
http_requests_total { a = "} 1 2" } 3 1700000000.25 # {trace_id="x"} 0.67 1700000000
{"my.metric",b="c","d e"="f"} +Inf 1700000000
up NaN 1.7e12
# EOF
`;
    expect(await read(prometheus, text)).toEqual([
      String.raw`http_requests_total{"method":"post","path":"a\"}\\\n"} 1700000000000 1027`,
      String.raw`http_requests_total{"method":"post","path":"a\"}\\\n"} 1700000010000 1028`,
      'http_requests_total{"a":"} 1 2"} 1700000000250 3',
      'my.metric{"b":"c","d e":"f"} 1700000000000 Infinity',
      'up{} 1700000000000 NaN',
    ]);
  });

  it('keeps what is said of a metric', () => {
    const feed = new SampleFeed();
    const parser = prometheusParser('f', feed);
    parser.push('# TYPE up gauge\n# a comment\n# UNIT up ratio\nup 1 1700000000\n');
    expect(feed.last()?.metadata).toEqual([{ metric: 'up', type: 'gauge', help: '', unit: 'ratio' }]);
  });

  it.each([
    ['up 1\n', 'f:1: found a sample without a time'],
    ['up\n', 'f:1: found no value'],
    ['up 1 x\n', 'f:1: found the time "x"'],
    ['up 1 2023-11-14T22:13:20Z\n', 'f:1: found the time "2023-11-14T22:13:20Z"'],
    ['up one 1700000000\n', 'f:1: found the value "one"'],
    ['up 1 1700000000 x\n', 'f:1: found "x" behind the time'],
    ['{a="b"} 1 1700000000\n', 'f:1: found a sample without a metric name'],
    ['up{"down"} 1 1700000000\n', 'f:1: found two metric names'],
    ['up{a="b} 1 1700000000\n', 'f:1: found "a=\\"b} 1 1700000000" where a label stands'],
    ['up{a="b" c="d"} 1 1700000000\n', 'f:1: found "a=\\"b\\" c=\\"d\\"} 1 1700000000" where a label stands'],
    ['up{a="b",a="c"} 1 1700000000\n', 'f:1: found labels: label "a" is given twice'],
    ['up 1 1700000000\n# EOF\nup 2 1700000001\n', 'f:3: found text behind "# EOF"'],
  ])('refuses %j', async (text, message) => {
    await expect(read(prometheus, text)).rejects.toThrow(message);
  });
});

describe('hostile text', () => {
  const TEN_MB = 10 * 1024 * 1024;

  it.each([
    { name: 'CSV', open: csv, head: 'metric,ts,value\n"' },
    { name: 'JSON lines', open: json, head: '{"metric":"' },
    { name: 'Prometheus text', open: prometheus, head: 'up{a="' },
  ])('of a line of 10 MB is refused when its first MB is read ($name)', async ({ open, head }) => {
    const parser = open(new SampleFeed());
    parser.push(head);
    let pushed = 0;
    const feedIt = async (): Promise<void> => {
      for (; pushed < TEN_MB; pushed += 65_536) {
        parser.push('a'.repeat(65_536));
        await new Promise((done) => setImmediate(done));
      }
    };
    await expect(feedIt()).rejects.toThrow(/1048576/);
    expect(pushed).toBeLessThan(TEN_MB / 4);
  });

  it.each([
    { name: 'braces', line: `up${'{'.repeat(1e6)}` },
    { name: 'quotes', line: `up{a=${'"'.repeat(1e6)}` },
    { name: 'escapes', line: `up{a="${'\\'.repeat(1e6)}` },
    { name: 'labels', line: `up{${'a="b",'.repeat(160_000)}` },
    { name: 'blanks', line: `up${' '.repeat(1e6)}x` },
  ])('of many $name is gone over once', async ({ line }) => {
    const startMs = performance.now();
    await expect(read(prometheus, `${line}\n`, 65_536)).rejects.toThrow(/^f:1: found/);
    expect(performance.now() - startMs).toBeLessThan(5000);
  });

  it('of a sample that is everywhere keeps memory and pieces bounded', () => {
    const feed = new SampleFeed(1000);
    const parser = prometheusParser('f', feed);
    for (let i = 0; i < 100; i++) parser.push(`up{i="${i % 7}"} ${i} 1700000000\n`.repeat(100));
    const sizes: number[] = [];
    for (let piece = feed.next(); piece !== undefined; piece = feed.next()) sizes.push(piece.tMs.length);
    expect(sizes).toEqual(Array.from({ length: 10 }, () => 1000));
  });
});
