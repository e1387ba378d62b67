import { describe, expect, it } from 'vitest';
import { PermanentError } from '../../../shared/errors.ts';
import { applyLimits, DEFAULT_SAMPLE_LIMITS, limitsFor } from '../../../shared/protocols/limits.ts';
import { SampleBatchBuilder } from '../../../shared/model/sample-batch.ts';
import { DEFAULT_RETENTION, formatRetention, latestArrivalMs, lifecycleDays, parseRetention } from '../../../shared/tiers/retention.ts';

const DAY_MS = 86_400_000;

describe('a retention', () => {
  it('is read by tier, and what is left out has its default', () => {
    expect(parseRetention('')).toEqual(DEFAULT_RETENTION);
    expect(parseRetention(' 1h=2y , raw=2w')).toEqual({ raw: 14 * DAY_MS, '1m': 30 * DAY_MS, '1h': 730 * DAY_MS });
    expect(parseRetention('raw=3d,1m=3d,1h=3d')).toEqual({ raw: 3 * DAY_MS, '1m': 3 * DAY_MS, '1h': 3 * DAY_MS });
  });

  it('is read back as it was written', () => {
    for (const text of ['raw=7d,1m=30d,1h=365d', 'raw=3d,1m=400d,1h=36500d']) expect(formatRetention(parseRetention(text))).toBe(text);
  });

  it.each([
    ['raw=2d', /found raw of 2d, 3d or more are allowed/],
    ['raw=60d', /found 1m of 30d with raw of 60d, as long or longer is allowed/],
    ['1m=400d', /found 1h of 365d with 1m of 400d, as long or longer is allowed/],
    ['raw=80h', /found raw of "80h", whole days such as 7d are allowed/],
    ['1m=soon', /found 1m of "soon", whole days such as 30d are allowed/],
    ['raw', /found raw of "", whole days/],
    ['5m=7d,raw=x', /found "5m=7d", days by tier such as raw=7d,1m=30d,1h=365d are allowed; found raw of "x"/],
    ['raw=7d,raw=8d', /found raw twice/],
    ['1h=36501d', /found 1h of 36501d, at most 36500d are allowed/],
    ['1h=99999999999999999999y', /at most 36500d are allowed|whole days/],
  ])('refuses %s', (text, message) => {
    expect(() => parseRetention(text)).toThrow(PermanentError);
    expect(() => parseRetention(text)).toThrow(message);
  });

  it('tells how late samples may be, and when the bucket itself removes objects', () => {
    const retention = parseRetention('raw=14d,1m=40d');
    expect(latestArrivalMs(retention)).toBe(12 * DAY_MS);
    expect(lifecycleDays(retention, 'raw')).toBe(16);
    expect(lifecycleDays(retention, '1h')).toBe(367);
  });

  it('decides which samples are taken; by default those of five days', () => {
    expect(limitsFor(DEFAULT_RETENTION)).toEqual(DEFAULT_SAMPLE_LIMITS);
    const builder = new SampleBatchBuilder();
    builder.series('m', '{}');
    builder.sample(0, 1);
    const batch = builder.build();
    const limits = limitsFor(parseRetention('raw=14d'));
    expect(applyLimits(batch, 12 * DAY_MS, limits).rejected).toEqual([]);
    expect(applyLimits(batch, 12 * DAY_MS + 1, limits).rejected).toMatchObject([{ reason: 'timestamp more than 288 hours before arrival', samples: 1 }]);
  });
});
