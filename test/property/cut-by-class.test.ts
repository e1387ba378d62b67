import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeCutByClass } from '../../shared/lakes/cut-by-class.ts';
import { parseRetentionClasses } from '../../shared/lakes/retention-class.ts';
import { histogramAt } from '../../shared/model/histogram-column.ts';
import { labelsFromJson } from '../../shared/model/labels.ts';
import { type SampleBatch, SampleBatchBuilder } from '../../shared/model/sample-batch.ts';
import { bitsOf } from '../../shared/model/stale.ts';
import { makeSeriesMatcher } from '../../shared/storage/label-matching.ts';

const SELECTORS = ['m1', '{host="a"}', '{host=~"b|c",__name__!="m1"}', 'm2{host!=""}', '{__name__=~"m.",host=""}'];
const METRICS = ['m1', 'm2', 'x'];
const LABELS = ['{}', '{"host":"a"}', '{"host":"b"}', '{"host":"c","rack":"1"}'];

const series = fc.record({
  metric: fc.constantFrom(...METRICS),
  labels: fc.constantFrom(...LABELS),
  samples: fc.array(fc.tuple(fc.integer({ min: 0, max: 1e6 }), fc.integer({ min: 0, max: 0xffffffff }), fc.integer({ min: 0, max: 0xffffffff })), { maxLength: 4 }),
});

const batchOf = (rows: readonly { metric: string; labels: string; samples: readonly (readonly [number, number, number])[] }[]): SampleBatch => {
  const builder = new SampleBatchBuilder();
  for (const { metric, labels, samples } of rows) {
    builder.series(metric, labels);
    for (const [tMs, low, high] of samples) {
      if (tMs % 5 === 0) builder.histogram(tMs, new Uint8Array([low % 256, high % 256]));
      else builder.sampleBits(tMs, low, high);
    }
  }
  return builder.build();
};

/** `metric labels t bits` of every sample. */
const linesOf = (batches: readonly SampleBatch[]): readonly string[] =>
  batches.flatMap(({ metrics, labels, offsets, tMs, values, histograms }) => {
    const bits = bitsOf(values);
    return metrics.flatMap((metric, k) => {
      const at = Array.from({ length: (offsets[k + 1] as number) - (offsets[k] as number) }, (_, i) => (offsets[k] as number) + i);
      return at.map((i) => `${metric} ${labels[k]} ${tMs[i]} ${bits[2 * i]} ${bits[2 * i + 1]} ${histogramAt(histograms, i)?.join()}`);
    });
  });

describe('the cut by retention class', () => {
  it('gives every sample, to the bit, to the first class that a selector of it names', () => {
    const classes = fc.uniqueArray(fc.record({ name: fc.constantFrom('a', 'b', 'c'), match: fc.array(fc.constantFrom(...SELECTORS), { maxLength: 2 }), retention: fc.constant('') }), { selector: ({ name }) => name });
    fc.assert(
      fc.property(classes, fc.array(fc.array(series, { maxLength: 8 }), { maxLength: 3 }), (settings, rows) => {
        const parsed = parseRetentionClasses(settings);
        const batches = rows.map(batchOf);
        const cut = makeCutByClass(parsed)(batches);
        expect(cut.flatMap((part) => linesOf(part.batches)).sort()).toEqual([...linesOf(batches)].sort());
        for (const { retentionClass, batches: found } of cut) {
          for (const { metrics, labels } of found) {
            metrics.forEach((metric, k) => {
              const json = labels[k] as string;
              const owner = parsed.find(({ selectors }) => selectors.some((matchers) => {
                const matcher = makeSeriesMatcher(matchers);
                return matcher.matchesMetric(metric) && matcher.labelsOf(metric, json) !== undefined;
              }));
              expect(retentionClass?.name, JSON.stringify(labelsFromJson(metric, json))).toBe(owner?.name);
            });
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it('leaves batches as they are where there is no class, and where all of a batch belongs to one', () => {
    const batches = [batchOf([{ metric: 'm1', labels: '{}', samples: [[1, 2, 3]] }])];
    expect(makeCutByClass([])(batches)).toEqual([{ retentionClass: undefined, batches }]);
    expect(makeCutByClass([])(batches)[0]?.batches).toBe(batches);
    const [, brief] = makeCutByClass(parseRetentionClasses([{ name: 'brief', match: 'm1', retention: '' }]))(batches);
    expect(brief?.batches[0]).toBe(batches[0]);
  });
});
