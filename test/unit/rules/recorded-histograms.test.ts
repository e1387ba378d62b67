import { describe, expect, it } from 'vitest';
import { EMPTY_HISTOGRAM } from '../../../shared/histograms/histogram.ts';
import type { Histogram } from '../../../shared/histograms/histogram.ts';
import { METRIC_NAME, makeLabels } from '../../../shared/model/labels.ts';
import { evaluateInstant } from '../../../shared/promql/engine.ts';
import { instantVector } from '../../../shared/promql/query-result.ts';
import { Overlay } from '../../../shared/rules/overlay.ts';
import { pointBlock } from '../../../shared/rules/point-block.ts';
import { recordedSamples } from '../../../shared/rules/recorded-samples.ts';
import type { RecordingRule, RuleGroup } from '../../../shared/rules/rule-group.ts';
import { parseRuleFile } from '../../../shared/rules/rule-file.ts';
import { decodeSlot, encodeSlot } from '../../../shared/rules/slot-frames.ts';

const GROUP = parseRuleFile('- {name: g, rules: [{record: r, expr: h, labels: {kind: sum}}]}', 'rules.yml').groups[0] as RuleGroup;
const RULE = GROUP.rules[0] as RecordingRule;
const HOST = makeLabels([['host', 'a']]);
const HISTOGRAM: Histogram = { ...EMPTY_HISTOGRAM, count: 2.5, sum: 4, positive: { indices: Int32Array.of(1, 4), counts: Float64Array.of(1.5, 1) } };
const RECORDED = makeLabels([[METRIC_NAME, 'r'], ['host', 'a'], ['kind', 'sum']]);
const NUMBER = makeLabels([[METRIC_NAME, 'r'], ['host', 'b']]);
const ENDED = makeLabels([[METRIC_NAME, 'r'], ['host', 'c']]);

const recorded = (histogram: Histogram) => recordedSamples(RULE, [{ labels: HOST, value: 0, histogram }], 0);

describe('recorded histograms', () => {
  it('get the name and the labels of the rule', () => {
    expect(recorded(HISTOGRAM)).toEqual([{ labels: RECORDED, value: 0, histogram: HISTOGRAM }]);
  });

  it('say nothing of the sample before, but that they are gauges or begin anew', () => {
    const hints = (['unknown', 'reset', 'not_reset', 'gauge'] as const).map((counterResetHint) => recorded({ ...HISTOGRAM, counterResetHint })[0]?.histogram?.counterResetHint);
    expect(hints).toEqual(['unknown', 'reset', 'unknown', 'gauge']);
  });

  it('are refused where they cannot be stored', () => {
    expect(() => recorded({ ...HISTOGRAM, count: -1 })).toThrow('record r: found a histogram with a count that is no number from 0');
    const indices = Int32Array.from({ length: 2049 }, (_, i) => i);
    expect(() => recorded({ ...HISTOGRAM, positive: { indices, counts: new Float64Array(2049) } })).toThrow('record r: found a histogram of more than 2048 buckets');
  });

  it('lie in the slot beside numbers and ends', () => {
    const series = { samples: [{ labels: RECORDED, value: 0, histogram: HISTOGRAM }, { labels: NUMBER, value: 3 }], ended: [ENDED] };
    expect(decodeSlot(encodeSlot(GROUP, 60_000, series))).toEqual(series);
  });

  it('are read by later rules before they are stored, until they end', async () => {
    const overlay = new Overlay();
    overlay.add(60_000, { samples: [{ labels: RECORDED, value: 0, histogram: HISTOGRAM }, { labels: NUMBER, value: 3 }], ended: [] });
    const select = overlay.over(async () => pointBlock([]));
    const ask = async (query: string, tMs: number) => instantVector(await evaluateInstant(select, query, tMs));
    expect(await ask('histogram_sum(r)', 60_000)).toEqual([{ labels: makeLabels([['host', 'a'], ['kind', 'sum']]), value: 4 }]);
    expect(await ask('r', 60_000)).toEqual([{ labels: RECORDED, value: 0, histogram: HISTOGRAM }, { labels: NUMBER, value: 3 }]);
    overlay.add(120_000, { samples: [], ended: [RECORDED] });
    expect(await ask('r', 120_000)).toEqual([{ labels: NUMBER, value: 3 }]);
  });

  it('have not ended where a later rule of the slot gives them', async () => {
    const overlay = new Overlay();
    overlay.add(60_000, { samples: [], ended: [NUMBER] });
    overlay.add(60_000, { samples: [{ labels: NUMBER, value: 3 }], ended: [] });
    const select = overlay.over(async () => pointBlock([]));
    expect(instantVector(await evaluateInstant(select, 'r', 60_000))).toEqual([{ labels: NUMBER, value: 3 }]);
  });
});
