import { describe, expect, it } from 'vitest';
import type { Decoded } from '../../../shared/protocols/decoded.ts';
import { decodeInfluxLines, type InfluxPrecision, influxPrecision } from '../../../shared/protocols/influx-line.ts';

const NOW_MS = 1_700_000_000_123;
const decode = (text: string, precision: InfluxPrecision = 'ns'): Decoded => decodeInfluxLines(Buffer.from(text), precision, NOW_MS);
const rows = ({ batch }: Decoded): string[] =>
  batch.metrics.flatMap((metric, k) =>
    Array.from(batch.tMs.subarray(batch.offsets[k], batch.offsets[k + 1]), (t, i) => `${metric}${batch.labels[k]} ${t} ${batch.values[(batch.offsets[k] as number) + i]}`),
  );

describe('line protocol', () => {
  it.each<[string, string[]]>([
    ['cpu,host=a usage=1.5,idle=2i 1613707265000000000', ['cpu_usage{"host":"a"} 1613707265000 1.5', 'cpu_idle{"host":"a"} 1613707265000 2']],
    ['cpu value=3u', [`cpu{} ${NOW_MS} 3`]],
    ['cpu value=-1e-3 1999999', ['cpu{} 1 -0.001']],
    ['b t=t,T=TRUE,f=False 0', ['b_t{} 0 1', 'b_T{} 0 1', 'b_f{} 0 0']],
    ['m s="text, with = and\nnewline \\" and \\\\",v=1 1000000', ['m_v{} 1 1']],
    ['only text="x" 1', []],
    ['my\\ cpu\\,x,tag\\=key=va\\ lue\\,1 my\\ field=1 1000000', ['my cpu,x_my field{"tag=key":"va lue,1"} 1 1']],
    ['disk,path=C:\\x\\y free=1 1000000', ['disk_free{"path":"C:\\\\x\\\\y"} 1 1']],
    ['m v=1   1000000  ', ['m_v{} 1 1']],
    ['m v=1  ', [`m_v{} ${NOW_MS} 1`]],
    ['# note, with = things\n\r\n  m v=1 1000000\r\n', ['m_v{} 1 1']],
    ['m v=1 -1', ['m_v{} -1 1']],
    ['m v=1 -1000000', ['m_v{} -1 1']],
  ])('%j is read', (text, expected) => {
    const decoded = decode(text);
    expect(decoded.rejected).toEqual([]);
    expect(rows(decoded)).toEqual(expected);
  });

  it.each<[InfluxPrecision, string, number]>([
    ['ns', '1613707265123999999', 1_613_707_265_123],
    ['us', '1613707265123999', 1_613_707_265_123],
    ['ms', '1613707265123', 1_613_707_265_123],
    ['s', '1613707265', 1_613_707_265_000],
    ['m', '2', 120_000],
    ['h', '2', 7_200_000],
  ])('in %s', (precision, time, tMs) => {
    expect([...decode(`m v=1 ${time}`, precision).batch.tMs]).toEqual([tMs]);
  });

  it('knows the precisions of both paths', () => {
    expect(['n', 'ns', 'u', 'us', 'ms', 's', 'm', 'h', 'd', ''].map((text) => influxPrecision(text))).toEqual(['ns', 'ns', 'us', 'us', 'ms', 's', 'm', 'h', undefined, undefined]);
  });

  it.each([
    ['m', 'line 1:2', 'a line without fields'],
    ['m,a=1 ', 'line 1:7', 'a line without fields'],
    ['m,a v=1', 'line 1:4', 'a tag that is not key=value'],
    ['m,a= v=1', 'line 1:5', 'a tag without a value'],
    [',a=1 v=1', 'line 1:1', 'a line without a measurement'],
    ['m v', 'line 1:4', 'a field that is not key=value'],
    ['m v=1,', 'line 1:7', 'a field that is not key=value'],
    ['m v=abc', 'line 1:5', 'a field value that is no number, boolean or quoted string'],
    ['m v=0x1i', 'line 1:5', 'a field value that is no number, boolean or quoted string'],
    ['m v="open\nm v=1', 'line 1:6', 'a quoted string without an end'],
    ['m v="x"y', 'line 1:8', 'something behind a field value'],
    ['m v=1 1.5', 'line 1:7', 'a time that is no whole number of ns'],
    ['m v=1 1 1', 'line 1:9', 'something behind the time'],
    ['m v=1 99999999999999999999999', 'line 1:7', 'a time that is no whole number of ns'],
    ['m,a=1,a=2 v=1', 'line 1:1', 'labels: label "a" is given twice, a label name stands once'],
  ])('%j is rejected at %s', (text, place, reason) => {
    const decoded = decode(text);
    expect(rows(decoded)).toEqual([]);
    expect(decoded.rejected).toEqual([{ reason, samples: 1, place }]);
  });

  it('keeps good lines beside bad ones and counts lines through quoted newlines', () => {
    const decoded = decode('a v=1 1000000\nb s="\n\n",v=2 2000000\nc v=\nd v=4 4000000');
    expect(rows(decoded)).toEqual(['a_v{} 1 1', 'b_v{} 2 2', 'd_v{} 4 4']);
    expect(decoded.rejected.map(({ place }) => place)).toEqual(['line 5:5']);
  });

  it('with more labels than a series may have in characters is rejected', () => {
    expect(decode(`m,t=${'x'.repeat(16_000)} v=1`).rejected.map(({ reason }) => reason)).toEqual(['labels or metric name of more than 16000 characters']);
  });

  it('of a long tag and many fields takes time by its length', () => {
    const fields = Array.from({ length: 100_000 }, (_, i) => `f${i}=1`).join(',');
    expect(decode(`m,t=${'x'.repeat(15_000)} ${fields} 1`).batch.metrics.length).toBe(100_000);
  });
});
