import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEvaluateMemory } from '../../../functions/evaluate/evaluate.ts';
import { ROAD_METRIC } from '../../../functions/evaluate/road-sample.ts';
import { decodeFrame } from '../../../shared/wire/frame.ts';
import { World } from './world.ts';

const MINUTE = 60_000;
const START = 1_700_000_040_000;

let world: World;
beforeEach(async () => {
  world = await World.open();
  world.rulesText = '[]';
});
afterEach(() => world.close());

/** A tick whose sample can be read after a time. */
const tick = async (atMs: number, roadMs: number | 'lost', watermarkMs = atMs) => {
  const report = await world.tick(atMs, watermarkMs);
  if (roadMs !== 'lost') world.put(ROAD_METRIC, {}, atMs, atMs / 1000, atMs + roadMs);
  return report;
};

describe('the sample that walks the road', () => {
  it('is sent at each tick, with its own time as its value, under an id of its own', async () => {
    await tick(START, 'lost');
    await tick(START + 5000, 'lost');
    const frames = world.road.map(({ data }) => decodeFrame(data));
    expect(frames.map(({ batch }) => [batch.metrics, batch.labels, [...batch.tMs], [...batch.values]])).toEqual([START, START + 5000].map((t) => [[ROAD_METRIC], ['{}'], [t], [t / 1000]]));
    const ids = [...world.road, ...world.records].map(({ data }) => Buffer.from(decodeFrame(data).header.recordId).toString('hex'));
    expect(new Set(ids).size).toBe(4);
    expect(new Set(world.road.map(({ partitionKey }) => partitionKey)).size).toBe(2);
  });

  it('tells the age of the road, and how old a sample is when rules count it', async () => {
    expect(await tick(START, 3000)).toMatchObject({ roadAgeMs: undefined, detectionLatencyMs: undefined, errors: [] });
    expect(await tick(START + 2000, 3000)).toMatchObject({ roadAgeMs: undefined });
    expect(await tick(START + 4000, 3000)).toMatchObject({ roadAgeMs: 4000, detectionLatencyMs: undefined });
    for (let at = 6000; at < 60_000; at += 2000) await tick(START + at, 3000, START + at - 1000);
    // Lateness is 15 s, the watermark lies 1 s back: the newest tick at or before that is 16 s old.
    expect(await tick(START + 60_000, 3000, START + 59_000)).toMatchObject({ roadAgeMs: 4000, detectionLatencyMs: 16_000 });
  });

  it('grows old while nothing comes back, and is nothing to a new holder then', async () => {
    for (let at = 0; at <= MINUTE; at += 5000) await tick(START + at, 1000);
    for (let at = MINUTE + 5000; at <= 8 * MINUTE; at += 5000) await tick(START + at, 'lost', START + MINUTE);
    expect(world.reports.at(-1)).toMatchObject({ roadAgeMs: 7 * MINUTE, detectionLatencyMs: 7 * MINUTE });
    world.memory = createEvaluateMemory('00000000000000bb');
    expect(await tick(START + 8 * MINUTE + 5000, 'lost', START + MINUTE)).toMatchObject({ roadAgeMs: undefined, detectionLatencyMs: undefined });
  });

  it('is read anew by each holder', async () => {
    for (let at = 0; at <= 2 * MINUTE; at += 5000) await tick(START + at, 1000);
    world.memory = createEvaluateMemory('00000000000000bb');
    expect(await tick(START + 2 * MINUTE + 5000, 1000)).toMatchObject({ roadAgeMs: 5000, detectionLatencyMs: 15_000 });
  });

  it('asks for the little that is new', async () => {
    const asked: number[] = [];
    const ports = world.ports({ openSelect: () => (request) => (asked.push(request.toMs - request.fromMs), world.select(request)) });
    for (let at = 0; at <= 2 * MINUTE; at += 5000) {
      await world.tick(START + at, START + at, ports);
      world.put(ROAD_METRIC, {}, START + at, 0, START + at + 1000);
    }
    expect(asked[0]).toBe(300_000);
    expect(asked.at(-1)).toBeLessThanOrEqual(25_000);
  });

  it('stops nothing where it cannot be read or sent, and says so', async () => {
    await tick(START, 1000);
    world.failSelect = () => true;
    world.failRecords = true;
    const report = await tick(START + 5000, 'lost');
    expect(report.errors).toContain("put the road's sample: put records: the stream does not answer");
    expect(report.errors).toContain('read the road: select: the store does not answer');
    world.failSelect = undefined;
    expect(await tick(START + 10_000, 'lost')).toMatchObject({ roadAgeMs: 10_000 });
  });

  it('counts no sample of a clock that ran ahead', async () => {
    world.put(ROAD_METRIC, {}, START + MINUTE, 0, START);
    expect(await tick(START, 'lost')).toMatchObject({ roadAgeMs: undefined });
  });
});
