import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEvaluateMemory } from '../../../functions/evaluate/evaluate.ts';
import { decodeHistogram } from '../../../shared/histograms/histogram-bytes.ts';
import { EMPTY_HISTOGRAM } from '../../../shared/histograms/histogram.ts';
import type { Histogram } from '../../../shared/histograms/histogram.ts';
import { histogramAt } from '../../../shared/model/histogram-column.ts';
import { bitsOf, isStaleAt } from '../../../shared/model/stale.ts';
import { decodeFrame, isHeartbeat } from '../../../shared/wire/frame.ts';
import { World } from './world.ts';

const MINUTE = 60_000;
const START = 1_700_000_040_000;

let world: World;
beforeEach(async () => {
  world = await World.open();
});
afterEach(() => world.close());

/** `name{labels}=value@minute` of everything the rules have sent so far, in order. */
const sent = (): string[] =>
  world.records.flatMap(({ data }) => {
    const frame = decodeFrame(data);
    if (isHeartbeat(frame)) return [];
    const { metrics, labels, offsets, tMs, values } = frame.batch;
    const bits = bitsOf(values);
    return metrics.map((metric, k) => {
      const at = offsets[k] as number;
      return `${metric}${labels[k]}=${isStaleAt(bits, at) ? 'stale' : values[at]}@${((tMs[at] as number) - START) / MINUTE}`;
    });
  });

const fill = (host: string, value: number, fromMinute: number, toMinute: number): void => {
  for (let t = START + fromMinute * MINUTE; t < START + toMinute * MINUTE; t += 10_000) world.put('up', { host }, t, value);
};

const runMinutes = async (from: number, to: number): Promise<void> => {
  for (let minute = from; minute <= to; minute++) await world.tick(START + minute * MINUTE + 16_000);
};

const RECORDING = `- name: g
  labels: {team: x}
  rules:
    - {record: "hosts:up", expr: "sum by (host) (up)", labels: {kind: sum}}
    - {record: "hosts:up:twice", expr: "hosts:up * 2"}
`;

describe('recording rules', () => {
  it('send their result, and later rules of the group read it at once', async () => {
    world.rulesText = RECORDING;
    fill('a', 3, 0, 5);
    expect(await world.tick(START + 16_000)).toMatchObject({ ruleErrors: 0, recordedSamples: 2, errors: [] });
    expect(sent()).toEqual(['hosts:up{"host":"a","kind":"sum","team":"x"}=3@0', 'hosts:up:twice{"host":"a","kind":"sum","team":"x"}=6@0']);
  });

  it('end a series before the later rules of the slot, also behind a new holder', async () => {
    world.rulesText = '- {name: g, rules: [{record: r, expr: up > 1}, {alert: Low, expr: r > 0}]}';
    fill('a', 3, 0, 2);
    fill('a', 1, 2, 4);
    fill('a', 3, 4, 6);
    fill('a', 1, 6, 9);
    const alerting = (): readonly string[] => sent().filter((sample) => sample.startsWith('ALERTS{'));
    await runMinutes(0, 5);
    const labels = 'ALERTS{"alertname":"Low","alertstate":"firing","host":"a"}';
    expect(alerting()).toEqual([`${labels}=1@0`, `${labels}=1@1`, `${labels}=stale@2`, `${labels}=1@4`, `${labels}=1@5`]);
    world.memory = createEvaluateMemory('00000000000000bb');
    await runMinutes(6, 6);
    expect(alerting().at(-1)).toBe(`${labels}=stale@6`);
  });

  it('end a series that is no longer given with a stale marker, also behind a new holder', async () => {
    world.rulesText = '- {name: g, rules: [{record: r, expr: up > 1}]}';
    fill('a', 3, 0, 2);
    fill('a', 1, 2, 9);
    await runMinutes(0, 1);
    world.memory = createEvaluateMemory('00000000000000bb');
    await runMinutes(2, 3);
    expect(sent()).toEqual(['r{"host":"a"}=3@0', 'r{"host":"a"}=3@1', 'r{"host":"a"}=stale@2']);
  });

  it('end their series behind a new holder in whose first slot another rule has an error', async () => {
    world.rulesText = '- {name: g, rules: [{record: r, expr: up > 1}, {record: s, expr: up * on (job) up}]}';
    fill('a', 3, 0, 2);
    fill('a', 1, 2, 9);
    fill('b', 1, 2, 9);
    await runMinutes(0, 1);
    world.memory = createEvaluateMemory('00000000000000bb');
    await runMinutes(2, 2);
    expect(world.reports.at(-1)).toMatchObject({ ruleErrors: 1 });
    expect(sent().filter((sample) => sample.startsWith('r{'))).toEqual(['r{"host":"a"}=3@0', 'r{"host":"a"}=3@1', 'r{"host":"a"}=stale@2']);
  });

  it('end their series behind a new holder when they had an error in the slots before', async () => {
    world.rulesText = '- {name: g, rules: [{record: r, expr: up > 1 unless on () (bad * on (job) bad)}, {record: s, expr: up}]}';
    fill('a', 3, 0, 3);
    fill('a', 1, 3, 9);
    for (const host of ['a', 'b']) for (const minute of [1, 2]) world.put('bad', { host }, START + minute * MINUTE, 1);
    await runMinutes(0, 2);
    expect(world.reports.map(({ ruleErrors }) => ruleErrors)).toEqual([0, 1, 1]);
    for (const minute of [3, 4]) {
      world.memory = createEvaluateMemory(`00000000000000b${minute}`);
      world.samples.splice(0, world.samples.length, ...world.samples.filter(({ labels }) => labels[0]?.[1] !== 'bad'));
      await runMinutes(minute, minute);
    }
    expect(sent().filter((sample) => sample.startsWith('r{'))).toEqual(['r{"host":"a"}=3@0', 'r{"host":"a"}=stale@3']);
  });

  it('go on behind a new holder while one of several rules of their name has an error', async () => {
    world.rulesText = '- {name: g, rules: [{record: r, expr: up * on (job) up, labels: {of: one}}, {record: r, expr: up, labels: {of: two}}]}';
    fill('a', 3, 0, 9);
    await runMinutes(0, 0);
    fill('b', 1, 1, 9);
    world.memory = createEvaluateMemory('00000000000000bb');
    await runMinutes(1, 1);
    expect(sent().filter((sample) => sample.includes('"one"'))).toEqual(['r{"of":"one"}=9@0']);
  });

  it('record histograms, which later rules read at once and which end with a marker, also behind a new holder', async () => {
    world.rulesText = '- {name: g, rules: [{record: r, expr: sum by (host) (latency)}, {alert: Slow, expr: histogram_avg(r) > 1}]}';
    const latency: Histogram = { ...EMPTY_HISTOGRAM, count: 2, sum: 6, positive: { indices: Int32Array.of(2), counts: Float64Array.of(2) } };
    for (const minute of [0, 1]) world.put('latency', { host: 'a' }, START + minute * MINUTE, latency);
    world.put('latency', { host: 'a' }, START + 2 * MINUTE, 'stale');
    await runMinutes(0, 1);
    const first = decodeFrame(world.records.map(({ data }) => data).find((data) => !isHeartbeat(decodeFrame(data))) as Uint8Array).batch;
    expect([first.metrics[0], first.labels[0]]).toEqual(['r', '{"host":"a"}']);
    expect(decodeHistogram(histogramAt(first.histograms, 0) as Uint8Array)).toEqual(latency);
    world.memory = createEvaluateMemory('00000000000000bb');
    world.records.length = 0;
    await runMinutes(2, 2);
    expect(sent().toSorted()).toEqual(['ALERTS_FOR_STATE{"alertname":"Slow","host":"a"}=stale@2', 'ALERTS{"alertname":"Slow","alertstate":"firing","host":"a"}=stale@2', 'r{"host":"a"}=stale@2']);
    expect(world.reports.map(({ ruleErrors }) => ruleErrors)).toEqual([0, 0, 0]);
  });

  it('send the stored bytes when a slot is repeated', async () => {
    world.rulesText = '- {name: g, rules: [{record: r, expr: up}]}';
    fill('a', 3, 0, 5);
    const { alerts } = world;
    const failing = world.ports({
      alerts: { ...bound(alerts), transact: (writes) => (JSON.stringify(writes).includes('"cursor"') ? Promise.reject(new Error('throttled')) : alerts.transact(writes)) },
    });
    expect((await world.tick(START + 16_000, START + 16_000, failing)).errors).toEqual(['evaluate group rules.yml;g: throttled']);
    world.put('up', { host: 'b' }, START, 9); // came late: the slot has been told already
    expect(await world.tick(START + 17_000)).toMatchObject({ slots: 1, errors: [] });
    expect(sent()).toEqual(['r{"host":"a"}=3@0', 'r{"host":"a"}=3@0']);
    const ids = world.records.map(({ data }) => decodeFrame(data)).filter((frame) => !isHeartbeat(frame));
    expect(ids[0]?.header.recordId).toEqual(ids[1]?.header.recordId);
  });

  it('are read by later slots until what was sent must be stored, however long the tick took that sent it', async () => {
    world.rulesText = '- {name: g, rules: [{record: r, expr: up}, {record: s, expr: "sum_over_time(r[5m])"}]}';
    fill('a', 3, 0, 5);
    await world.tick(START + 16_000, START + 16_000, world.ports({ clockMs: () => START + 70_000 }));
    await world.tick(START + MINUTE + 16_000);
    expect(sent().filter((sample) => sample.startsWith('s'))).toEqual(['s{"host":"a"}=3@0', 's{"host":"a"}=6@1']);
  });

  it.each([
    ['the same', false],
    ['a new', true],
  ])('are read by later slots of %s holder as long as the stream has not taken them', async (_, isNew) => {
    world.rulesText = '- {name: g, rules: [{record: r, expr: up}, {record: s, expr: "sum_over_time(r[5m])"}]}';
    fill('a', 3, 0, 5);
    world.failRecords = true;
    await runMinutes(0, 0);
    if (isNew) world.memory = createEvaluateMemory('00000000000000bb');
    await runMinutes(1, 1);
    world.failRecords = false;
    await runMinutes(2, 3);
    expect(sent().filter((sample) => sample.startsWith('s'))).toEqual(['s{"host":"a"}=3@0', 's{"host":"a"}=6@1', 's{"host":"a"}=9@2', 's{"host":"a"}=3@3']);
  });

  it('wait in the outbox while the stream takes nothing, over a restart', async () => {
    world.rulesText = '- {name: g, rules: [{record: r, expr: up}]}';
    fill('a', 3, 0, 5);
    world.failRecords = true;
    expect(await world.tick(START + 16_000)).toMatchObject({ slots: 1 });
    expect(sent()).toEqual([]);
    world.failRecords = false;
    world.memory = createEvaluateMemory('00000000000000bb');
    await world.tick(START + 17_000);
    await world.tick(START + 18_000);
    expect(sent()).toEqual(['r{"host":"a"}=3@0']);
  });

  it('leave a gap where samples are missing, and end nothing there', async () => {
    world.rulesText = '- {name: g, rules: [{record: r, expr: up}]}';
    fill('a', 3, 0, 1);
    await world.tick(START + 16_000);
    for (let minute = 1; minute <= 8; minute++) await world.tick(START + minute * MINUTE + 16_000, START + 16_000);
    expect(world.reports.at(-1)?.incompleteSlots).toBe(1);
    expect(sent()).toEqual(['r{"host":"a"}=3@0']);
  });

  it('end in an error past the limit, and with labels that meet; their series go on', async () => {
    world.rulesText = '- {name: g, limit: 1, rules: [{record: r, expr: up}, {record: s, expr: up, labels: {host: same}}]}';
    fill('a', 3, 0, 5);
    await world.tick(START + 16_000);
    fill('b', 3, 1, 5);
    expect(await world.tick(START + MINUTE + 16_000)).toMatchObject({ ruleErrors: 2 });
    expect(sent()).toEqual(['r{"host":"a"}=3@0', 's{"host":"same"}=3@0']);
  });

  it('keep their outbox for an hour', async () => {
    world.rulesText = '- {name: g, rules: [{record: r, expr: vector(1)}]}';
    await runMinutes(0, 70);
    expect(world.stored.size).toBe(60);
  });
});

describe('the series of alerts', () => {
  it('are ALERTS and ALERTS_FOR_STATE, and end with the state they tell of', async () => {
    world.rulesText = '- {name: g, rules: [{alert: Down, expr: up == 0, for: 1m}, {record: firing, expr: \'count(ALERTS{alertstate="firing"})\'}]}';
    fill('a', 0, 0, 2);
    fill('a', 1, 2, 9);
    await runMinutes(0, 2);
    const since = START / 1000;
    expect(sent()).toEqual([
      'ALERTS{"alertname":"Down","alertstate":"pending","host":"a"}=1@0',
      `ALERTS_FOR_STATE{"alertname":"Down","host":"a"}=${since}@0`,
      'ALERTS{"alertname":"Down","alertstate":"firing","host":"a"}=1@1',
      `ALERTS_FOR_STATE{"alertname":"Down","host":"a"}=${since}@1`,
      'firing{}=1@1',
      'ALERTS{"alertname":"Down","alertstate":"pending","host":"a"}=stale@1',
      'ALERTS{"alertname":"Down","alertstate":"firing","host":"a"}=stale@2',
      `ALERTS_FOR_STATE{"alertname":"Down","host":"a"}=stale@2`,
      'firing{}=stale@2',
    ]);
  });
});

const bound = (table: World['alerts']): World['alerts'] => ({
  get: (key) => table.get(key),
  query: (pk, range) => table.query(pk, range),
  transact: (writes) => table.transact(writes),
});
