import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { METRIC_NAME, labelValue } from '../../../shared/model/labels.ts';
import { HOUR_MS } from '../../../shared/model/hour.ts';
import type { SelectSeries } from '../../../shared/promql/series-source.ts';
import { makePieceCache } from '../../../shared/storage/piece-cache.ts';
import { makeSelectSeries } from '../../../shared/storage/select-series.ts';
import { makeRawFirst } from '../../../shared/storage/select-tiers.ts';
import { DEFAULT_RETENTION } from '../../../shared/tiers/retention.ts';
import { decodeSlot } from '../../../shared/rules/slot-frames.ts';
import type { EvaluatePorts } from '../../../functions/evaluate/evaluate.ts';
import { MIDNIGHT_MS, openAgedLake } from '../../property/aged-lake.ts';
import type { AgedLake } from '../../property/aged-lake.ts';
import { START_MS } from '../compact/compact-road.ts';
import { World } from './world.ts';

/** A slot on the hour, sixteen hours behind the midnight before which there are no samples any more. */
const SLOT = MIDNIGHT_MS + 16 * HOUR_MS;
/** Samples are never looked for in the catalog's list of what has expired while they are younger than any retention. */
const LATER_MS = SLOT + 4 * 86_400_000;

let world: World;
let lake: AgedLake;
beforeEach(async () => {
  world = await World.open();
  // One a minute: 1, 2, 3 …
  lake = await openAgedLake(Array.from({ length: 30 * 60 + 1 }, (_, i) => ({ metric: 'g', labels: '{"host":"a"}', s: i * 60, value: i + 1 })), SLOT + HOUR_MS);
  await lake.forget('raw', MIDNIGHT_MS);
});
afterEach(() => world.close());

const ports = (hasTiers = true): EvaluatePorts => {
  const storage = { ...lake.road.ports, cache: makePieceCache(1e6), limits: { maxSamples: 1_000_000 } };
  return world.ports({ openSelect: () => makeSelectSeries(storage), ...(hasTiers && { openTiers: (select: SelectSeries) => makeRawFirst({ ...storage, retention: DEFAULT_RETENTION, nowMs: LATER_MS }, select) }) });
};

/** What the rules record at the slot, by name. */
const recorded = async (rules: Readonly<Record<string, string>>, nowPorts: EvaluatePorts = ports()): Promise<Record<string, number>> => {
  world.rulesText = `- {name: g, rules: [${Object.entries(rules).map(([name, expr]) => `{record: ${name}, expr: '${expr}'}`).join(', ')}]}`;
  await world.tick(SLOT + 16_000, SLOT + 16_000, nowPorts);
  return Object.fromEntries([...world.stored.values()].flatMap((bytes) => decodeSlot(bytes).samples.map(({ labels, value }) => [labelValue(labels, METRIC_NAME), value])));
};

/** Of the values of the samples of [fromMs, toMs). */
const sumOf = (fromMs: number, toMs: number): number => {
  let sum = 0;
  for (let t = fromMs; t < toMs; t += 60_000) sum += (t - START_MS) / 60_000 + 1;
  return sum;
};

describe('rules over times of which samples have gone', () => {
  it('read buckets there', async () => {
    const found = await recorded({ all: 'sum_over_time(g[20h])', before: 'g offset 20h' });
    const all = sumOf(SLOT - 20 * HOUR_MS, SLOT);
    expect(found).toEqual({ all, before: 10 * 60 });
    expect(world.reports.at(-1)).toMatchObject({ ruleErrors: 0, errors: [] });
  });

  it('see samples at the slot beside buckets, those of earlier rules among them', async () => {
    const all = sumOf(SLOT - 20 * HOUR_MS, SLOT);
    expect(await recorded({ now: 'g * 2', both: 'now + on () (g + on () sum_over_time(g[20h]))' })).toEqual({ now: 3602, both: 3602 + 1801 + all });
  });

  it('read samples alone where these cover the window, though buckets would fit it', async () => {
    const near = sumOf(SLOT - 2 * HOUR_MS + 60_000, SLOT + 1);
    expect(await recorded({ near: 'sum_over_time(g[2h])', middle: 'quantile_over_time(0, g[2h])' })).toEqual({ near, middle: (SLOT - 2 * HOUR_MS - START_MS) / 60_000 + 2 });
  });

  it('end in an error that says so where buckets cannot answer', async () => {
    expect(await recorded({ middle: 'quantile_over_time(0.5, g[20h])' })).toEqual({});
    expect([...(world.memory.alerts?.cursors.get('rules.yml;g')?.errors.values() ?? [])].join()).toContain('quantile_over_time needs raw samples, which have been replaced by buckets');
  });

  it('see samples alone without tiers', async () => {
    expect(await recorded({ all: 'sum_over_time(g[20h])' }, ports(false))).toEqual({ all: sumOf(MIDNIGHT_MS, SLOT + 1) });
  });
});
