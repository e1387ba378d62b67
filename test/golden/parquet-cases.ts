import { type SampleBatch, SampleBatchBuilder } from '../../shared/model/sample-batch.ts';
import { STALE_HIGH, STALE_LOW } from '../../shared/model/stale.ts';

/** Samples of one hour that every reader of our files must give back bit for bit. */
export interface ParquetCase {
  readonly name: string;
  readonly batches: readonly SampleBatch[];
}

/** 2026-09-21T14:00:00Z */
const START_MS = 1_789_999_200_000;

const batchOf = (fill: (batch: SampleBatchBuilder) => void): SampleBatch => {
  const batch = new SampleBatchBuilder();
  fill(batch);
  return batch.build();
};

/** A series with a sample a second; more than an hour of them goes on in the next. */
export const numbersOf = (metric: string, labels: string, values: readonly number[], afterMs = (i: number): number => i * 1000): SampleBatch =>
  batchOf((batch) => {
    batch.series(metric, labels);
    values.forEach((value, i) => batch.sample(START_MS + afterMs(i), value));
  });

const SPECIAL: readonly number[] = [0, -0, Infinity, -Infinity, 5e-324, -5e-324, 1.7976931348623157e308, 2 ** 53 - 1, -(2 ** 53 - 1), 2 ** 53, 0.1, 1 / 3];

/** Halves of NaNs: quiet, negative, and with payloads on both sides of the stale marker's. */
const NANS: readonly (readonly [low: number, high: number])[] = [
  [0, 0x7ff80000],
  [0, 0xfff80000],
  [1, 0x7ff80000],
  [0xdeadbeef, 0x7ffabcde],
  [STALE_LOW, STALE_HIGH],
];

const specials = batchOf((batch) => {
  batch.series('special', '{"host":"a"}');
  SPECIAL.forEach((value, i) => batch.sample(START_MS + i * 1000, value));
  batch.series('nan', '{"host":"a"}');
  NANS.forEach(([low, high], i) => batch.sampleBits(START_MS + i * 1000, low, high));
  batch.series('mixed', '{"host":"a"}');
  NANS.forEach(([low, high], i) => {
    batch.sample(START_MS + i * 2000, 20 + i / 4);
    batch.sampleBits(START_MS + i * 2000 + 1000, low, high);
  });
  batch.series('zeros', '{"host":"a"}');
  [0, -0, 0, 1, -0].forEach((value, i) => batch.sample(START_MS + i * 1000, value));
});

const manySeries = batchOf((batch) => {
  for (let host = 0; host < 40; host++) {
    const labels = host % 3 === 0 ? `{"host":"h${host}"}` : `{"env":"production","host":"h${host}","rack":"r${host % 7}"}`;
    for (let metric = 0; metric < 25; metric++) {
      batch.series(`metric_${metric}`, labels);
      for (let i = 0; i < 1 + ((host * metric) % 13); i++) batch.sample(START_MS + host * 37 + i * 10_000, host * 1000 + i * 4096 + (metric % 5) / 100);
    }
  }
});

/** The texts lie on both sides of the surrogates, where UTF-16 and UTF-8 disagree about the order. */
const beyondBmp = batchOf((batch) => {
  for (const text of ['a', 'ﬀ', '😀', '～', '\u{10ffff}', 'é']) {
    batch.series(`m_${text}`, `{"host":"${text}","region":"${text}${text}"}`);
    batch.sample(START_MS, 1.5);
  }
});

export const PARQUET_CASES: readonly ParquetCase[] = [
  { name: 'one-row', batches: [numbersOf('up', '{}', [1])] },
  { name: 'one-stale-marker', batches: [batchOf((batch) => (batch.series('up', '{"host":"a"}'), batch.sampleBits(START_MS, STALE_LOW, STALE_HIGH)))] },
  { name: 'specials', batches: [specials] },
  { name: 'only-nan', batches: [batchOf((batch) => (batch.series('up', '{}'), batch.sampleBits(START_MS, 7, 0x7ff80000)))] },
  { name: 'beyond-bmp', batches: [beyondBmp] },
  { name: 'many-series', batches: [manySeries] },
  { name: 'long-series', batches: [numbersOf('long', '{"env":"test"}', Array.from({ length: 3600 }, (_, i) => i * 0.25 - 100))] },
  { name: 'wide-deltas', batches: [numbersOf('wide', '{}', Array.from({ length: 300 }, (_, i) => (i % 2 === 0 ? 2 ** 49 - i : -(2 ** 49) + 3 * i)))] },
  { name: 'full-mantissas', batches: [numbersOf('full', '{}', Array.from({ length: 300 }, (_, i) => Math.sqrt(i + 2)))] },
  { name: 'quoted-labels', batches: [numbersOf('quoted', '{"a.b":"x\\"y\\\\z","host":"line\\nbreak"}', [1, 2, 3])] },
];
