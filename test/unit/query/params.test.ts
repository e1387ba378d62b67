import { describe, expect, it } from 'vitest';
import { durationParameter, limitParameter, parseTimeMs, rangeParameters, unescapeLabelName } from '../../../functions/query/params.ts';

const range = (start: string, end: string, step: string): unknown => rangeParameters(new URLSearchParams({ start, end, step }));

describe('times and durations', () => {
  it('are seconds with a fraction, or RFC 3339', () => {
    expect(['4', '1435781451.781', '1e9', '-1.5', '2026-01-01T00:00:00Z', '2026-01-01T01:00:00.1239999+01:00'].map(parseTimeMs)).toEqual([
      4000, 1435781451781, 1e12, -1500, 1767225600000, 1767225600123,
    ]);
    expect(['', 'now', '1h', 'NaN', '1e30', '0x10', '2026-01-01', ' 1'].map(parseTimeMs)).toEqual(Array.from({ length: 8 }, () => undefined));
    expect(parseTimeMs('-292273086-05-16T16:47:06Z')).toBe(-8.64e15);
  });

  it('are seconds or Prometheus durations', () => {
    const of = (step: string): number | undefined => durationParameter(new URLSearchParams({ step }), 'step');
    expect(['15', '0.5', '1h30m', ''].map(of)).toEqual([15_000, 500, 5_400_000, undefined]);
    expect(() => of('1 hour')).toThrow('invalid parameter "step": cannot parse "1 hour" to a valid duration');
  });
});

describe('a range', () => {
  it('is taken up to 11,000 points', () => {
    expect(range('0', '11000', '1')).toEqual({ startMs: 0, endMs: 11_000_000, stepMs: 1000 });
    expect(() => range('0', '11001', '1')).toThrow('exceeded maximum resolution of 11,000 points per timeseries');
  });

  it('is refused in the words of Prometheus', () => {
    expect(() => range('2', '1', '1')).toThrow('invalid parameter "end": end timestamp must not be before start time');
    expect(() => range('1', '2', '0')).toThrow('zero or negative query resolution step widths are not accepted');
    expect(() => range('x', '2', '1')).toThrow('invalid parameter "start": cannot parse "x" to a valid timestamp');
    expect(() => range('', '2', '1')).toThrow('invalid parameter "start": cannot parse "" to a valid timestamp');
  });
});

describe('limit', () => {
  it('is none by default and with 0', () => {
    expect(['', '0', '7'].map((limit) => limitParameter(new URLSearchParams({ limit })))).toEqual([Infinity, Infinity, 7]);
    expect(() => limitParameter(new URLSearchParams({ limit: '-1' }))).toThrow('invalid parameter "limit"');
  });
});

describe('a label name in a path', () => {
  it('is unescaped when it starts with U__', () => {
    expect(['host', 'U__my_2e_label', 'U__a__b', 'U___1f600_', 'U__a_zz_', 'U__a_d800_'].map(unescapeLabelName)).toEqual([
      'host', 'my.label', 'a_b', '😀', 'U__a_zz_', 'a_d800_',
    ]);
  });
});
