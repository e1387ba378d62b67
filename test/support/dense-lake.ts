import { addHotFile } from '../../shared/catalog/hot-files.ts';
import { compactHour } from '../../shared/compaction/compact-hour.ts';
import type { CompactPorts } from '../../shared/compaction/commit-attempt.ts';
import { HOUR_MS } from '../../shared/model/hour.ts';
import { SampleBatchBuilder } from '../../shared/model/sample-batch.ts';
import { buildHotObjects } from '../../shared/storage/hot-object.ts';
import { openTierRollup } from '../../shared/storage/tier-rollup.ts';

export const DENSE_START_MS = Date.UTC(2026, 2, 1);
const DENSE_HOSTS = 1000;
const DENSE_METRICS = 10;
export const DENSE_HOURS = 24;
/** A sample every 10 s. */
const POINTS = 360;

/** A cheap sequence of numbers below 2^31 that looks random. */
const numbersFrom = (seed: number): (() => number) => {
  let state = seed;
  return () => (state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff);
};

/**
 * A day of 10,000 series every 10 s, 86.4 M samples: half of the metrics are counters, half gauges of two decimals, and times jitter.
 * Compacted, with buckets of a minute.
 */
export const fillDense = async (ports: CompactPorts): Promise<void> => {
  const next = numbersFrom(7);
  const totals = new Float64Array(DENSE_HOSTS * DENSE_METRICS);
  for (let h = 0; h < DENSE_HOURS; h++) {
    const startMs = DENSE_START_MS + h * HOUR_MS;
    const builder = new SampleBatchBuilder();
    for (let host = 0; host < DENSE_HOSTS; host++) {
      const jitterMs = Array.from({ length: POINTS }, () => next() % 900);
      for (let metric = 0; metric < DENSE_METRICS; metric++) {
        builder.series(`m${metric}${metric % 2 === 0 ? '_total' : ''}`, `{"host":"h${String(host).padStart(3, '0')}","region":"r${host % 4}"}`);
        const series = host * DENSE_METRICS + metric;
        for (let i = 0; i < POINTS; i++) {
          const value = metric % 2 === 0 ? (totals[series] = (totals[series] as number) + (next() % 1000)) : (next() % 10_000) / 100;
          builder.sample(startMs + i * 10_000 + (jitterMs[i] as number), value);
        }
      }
    }
    for (const { bytes, ...row } of buildHotObjects([builder.build()], { promotedLabels: ['host'] })) {
      const key = `hot/dt=${row.hour}/${startMs}-0.parquet`;
      await ports.objects.putIfAbsent(key, bytes);
      await addHotFile(ports.catalog, { ...row, key, bytes: bytes.length });
      const settings = { promotedLabels: ['host'], buckets: 1, openRollup: () => openTierRollup(60_000, { promotedLabels: ['host'] }) };
      await compactHour(ports, row.hour, settings, { nowMs: startMs + 2 * HOUR_MS, watermarkMs: startMs + 2 * HOUR_MS, attempt: 'a' });
    }
  }
};
