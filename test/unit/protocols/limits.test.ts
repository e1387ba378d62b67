import { describe, expect, it } from 'vitest';
import { SampleBatchBuilder } from '../../../shared/model/sample-batch.ts';
import { bitsOf, isStaleAt, STALE_HIGH, STALE_LOW } from '../../../shared/model/stale.ts';
import { applyLimits, DEFAULT_SAMPLE_LIMITS as LIMITS } from '../../../shared/protocols/limits.ts';

const ARRIVAL_MS = 1_700_000_000_000;
const HOUR_MS = 3_600_000;

const batchOf = (...series: [metric: string, labels: string, times: number[]][]) => {
  const builder = new SampleBatchBuilder();
  for (const [metric, labels, times] of series) {
    builder.series(metric, labels);
    times.forEach((t, i) => builder.sample(t, i));
  }
  return builder.build();
};

describe('limits', () => {
  it('cut long metadata and leave out that of a name over the limit', () => {
    const builder = new SampleBatchBuilder();
    builder.describe({ metric: 'up', type: 'gauge', help: `${'h'.repeat(1023)}😀`, unit: 's' });
    builder.describe({ metric: 'm'.repeat(1025), type: 'gauge', help: '', unit: '' });
    const { batch } = applyLimits(builder.build(), ARRIVAL_MS);
    expect(batch.metadata).toEqual([{ metric: 'up', type: 'gauge', help: `${'h'.repeat(1023)}\ufffd`, unit: 's' }]);
  });

  it('refuse labels of more characters than a series may have', () => {
    const labels = JSON.stringify(Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`l${i}`, 'v'.repeat(2048)])));
    expect(applyLimits(batchOf(['m', labels, [ARRIVAL_MS]]), ARRIVAL_MS).rejected.map(({ reason }) => reason)).toEqual(['labels of more than 16000 characters']);
  });

  it('give back the same batch when all is within them, bounds included', () => {
    const batch = batchOf(['up', '{"a":"b"}', [ARRIVAL_MS, ARRIVAL_MS + HOUR_MS, ARRIVAL_MS - 120 * HOUR_MS]]);
    expect(applyLimits(batch, ARRIVAL_MS)).toEqual({ batch, rejected: [] });
    expect(applyLimits(batch, ARRIVAL_MS).batch).toBe(batch);
  });

  it('refuse samples too far ahead and too old, and keep the bits of the others', () => {
    const builder = new SampleBatchBuilder();
    builder.series('gone', '{}');
    builder.sample(ARRIVAL_MS + HOUR_MS + 1, 1);
    builder.series('up', '{"a":"b"}');
    builder.sample(ARRIVAL_MS - 120 * HOUR_MS - 1, 1);
    builder.sampleBits(ARRIVAL_MS, STALE_LOW, STALE_HIGH);
    builder.sample(Number.NaN, 5);
    builder.describe({ metric: 'gone', type: 'gauge', help: '', unit: '' });
    const { batch, rejected } = applyLimits(builder.build(), ARRIVAL_MS);
    expect([batch.metrics, batch.labels, [...batch.offsets], [...batch.tMs]]).toEqual([['up'], ['{"a":"b"}'], [0, 1], [ARRIVAL_MS]]);
    expect(isStaleAt(bitsOf(batch.values), 0)).toBe(true);
    expect(batch.metadata.length).toBe(1);
    expect(rejected).toEqual([
      { reason: 'timestamp more than 60 minutes after arrival', samples: 1, place: 'gone' },
      { reason: 'timestamp more than 120 hours before arrival', samples: 2, place: 'up{a="b"}' },
    ]);
  });

  it('keep the histograms of what they keep', () => {
    const builder = new SampleBatchBuilder();
    builder.series('up', '{}');
    builder.histogram(ARRIVAL_MS + HOUR_MS + 1, Uint8Array.of(1));
    builder.sample(ARRIVAL_MS, 5);
    builder.histogram(ARRIVAL_MS, Uint8Array.of(2));
    const { batch } = applyLimits(builder.build(), ARRIVAL_MS);
    expect([batch.tMs.length, batch.histograms]).toEqual([2, { places: Uint32Array.of(1), bytes: [Uint8Array.of(2)] }]);
  });

  const many = (count: number): string => JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, i) => [`l${1000 + i}`, 'v'])));
  it.each([
    ['a name at the limit', 'm'.repeat(1024), '{}', undefined],
    ['a name over the limit', 'm'.repeat(1025), '{}', 'metric name longer than 1024 bytes'],
    ['a name over the limit in bytes alone', 'é'.repeat(513), '{}', 'metric name longer than 1024 bytes'],
    ['a label name at the limit', 'm', `{"${'l'.repeat(1024)}":"x"}`, undefined],
    ['a label name over the limit', 'm', `{"${'l'.repeat(1025)}":"x"}`, 'label name longer than 1024 bytes'],
    ['a label value at the limit', 'm', `{"a":"${'v'.repeat(2048)}"}`, undefined],
    ['a label value of escapes at the limit', 'm', `{"a":"${'\\"'.repeat(2048)}"}`, undefined],
    ['a label value over the limit', 'm', `{"a":"b","c":"${'😀'.repeat(512)}x"}`, 'label value longer than 2048 bytes'],
    ['labels at the limit', 'm', many(64), undefined],
    ['labels over the limit', 'm', many(65), 'more than 64 labels'],
    ['short labels over the limit', 'm', `{${Array.from({ length: 65 }, (_, i) => `"${String.fromCharCode(0x100 + i)}":"v"`).join(',')}}`, 'more than 64 labels'],
  ])('judge %s', (_, metric, labels, reason) => {
    const { batch, rejected } = applyLimits(batchOf(['ok', '{}', [ARRIVAL_MS]], [metric, labels, [ARRIVAL_MS, ARRIVAL_MS]]), ARRIVAL_MS, LIMITS);
    expect(rejected.map((one) => [one.reason, one.samples])).toEqual(reason === undefined ? [] : [[reason, 2]]);
    expect(batch.metrics.length).toBe(reason === undefined ? 2 : 1);
  });
});
