import { describe, expect, it } from 'vitest';
import type { Decoded } from '../../../shared/protocols/decoded.ts';
import { MalformedBodyError } from '../../../shared/protocols/malformed-body-error.ts';
import { decodePlainLines } from '../../../shared/protocols/plain-line.ts';

const NOW_MS = 1_700_000_000_123;
const decode = (text: string): Decoded => decodePlainLines(Buffer.from(text), NOW_MS);
const rows = ({ batch }: Decoded): string[] =>
  batch.metrics.flatMap((metric, k) =>
    Array.from(batch.tMs.subarray(batch.offsets[k], batch.offsets[k + 1]), (t, i) => `${metric}${batch.labels[k]} ${t} ${batch.values[(batch.offsets[k] as number) + i]}`),
  );

describe('a plain line', () => {
  it.each([
    ['CPU.load host=webserver01,region=us-west 1613707265 50', 'CPU.load{"host":"webserver01","region":"us-west"} 1613707265000 50'],
    ['up 1', `up{} ${NOW_MS} 1`],
    ['up 1613707265.25 -1.5e3', 'up{} 1613707265250 -1500'],
    ['up b=2,a=1 7', `up{"a":"1","b":"2"} ${NOW_MS} 7`],
    ['\tup  a=1\t1.5 NaN\r', 'up{"a":"1"} 1500 NaN'],
    ['température ville=Zürich,q=a=b 1 +Inf', 'température{"q":"a=b","ville":"Zürich"} 1000 Infinity'],
    ['# a comment', undefined],
    ['  ', undefined],
  ])('%j gives %j', (line, row) => {
    const decoded = decode(line);
    expect(decoded.rejected).toEqual([]);
    expect(rows(decoded)).toEqual(row === undefined ? [] : [row]);
  });

  it.each([
    ['up', 'line 1:3', 'a line without a value'],
    ['up x', 'line 1:4', 'a value that is no number'],
    ['up 0x10', 'line 1:4', 'a value that is no number'],
    ['up a=1,b 1 1', 'line 1:8', 'a label that is not name=value'],
    ['up a=1,,b=2 1', 'line 1:8', 'a label that is not name=value'],
    ['up a=1,a=2 1', 'line 1:4', 'labels: label "a" is given twice, a label name stands once'],
    ['up a=1 now 1', 'line 1:8', 'a time that is not in Unix seconds'],
    ['up a=1 1 1 1', 'line 1:10', 'more words than name, labels, time and value'],
    ['up=1 1', 'line 1:1', 'a name with "," or "=" in it'],
    ['up __name__=x 1', 'line 1:4', 'a label __name__ beside the metric name'],
  ])('%j is rejected at %s', (line, place, reason) => {
    expect(decode(line).rejected).toEqual([{ reason, samples: 1, place }]);
  });
});

describe('plain lines', () => {
  it('that are good are taken beside bad ones, one series once', () => {
    const decoded = decode('a x=1 1 10\nbad\nb 1 5\na x=1 2 20\nworse\n');
    expect(rows(decoded)).toEqual(['a{"x":"1"} 1000 10', 'a{"x":"1"} 2000 20', 'b{} 1000 5']);
    expect(decoded.batch.metrics).toEqual(['a', 'b']);
    expect(decoded.rejected).toEqual([{ reason: 'a line without a value', samples: 2, place: 'line 2:4' }]);
  });

  it('that are not UTF-8 are malformed', () => {
    expect(() => decodePlainLines(Uint8Array.of(0x61, 0xff), NOW_MS)).toThrow(MalformedBodyError);
  });
});
