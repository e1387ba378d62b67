import { describe, expect, it } from 'vitest';
import { redrive } from '../../../shared/commands/redrive.ts';
import type { OutgoingRecord } from '../../../shared/wire/record-stream.ts';
import { ARRIVAL_MS, frameOf, openStoreRoad, type StoreRoad } from '../store/store-road.ts';
import { openAdmin } from './open-admin.ts';

const KEY = 'aws/lambda/5f6a2b1c/shardId-000000000000/2026/03/01/2026-03-01T11.00.00-9f8e7d.json';
const FRAMES = [1, 2].map((id) => frameOf(id, [{ metric: 'up', tMs: ARRIVAL_MS, value: id }]));

/** As Lambda writes it: the event is a text inside of the record. */
const invocationRecord = (frames: readonly Uint8Array[]): Uint8Array => {
  const Records = frames.map((data, i) => ({
    eventID: `shardId-000000000000:4959${i}`,
    kinesis: { partitionKey: `host-${i}`, sequenceNumber: `4959${i}`, data: Buffer.from(data).toString('base64'), approximateArrivalTimestamp: ARRIVAL_MS / 1000 },
  }));
  return Buffer.from(JSON.stringify({ version: '1.0', requestContext: {}, KinesisBatchInfo: { shardId: 'shardId-000000000000' }, payload: JSON.stringify({ Records }) }));
};

const open = async () => {
  const road = await openStoreRoad();
  const sent: OutgoingRecord[] = [];
  const run = (dryRun = false, nowMs = ARRIVAL_MS + 3_600_000): Promise<string> =>
    redrive(openAdmin({ ...road.ports, clockMs: () => nowMs, putRecords: async (records) => void sent.push(...records) }), { dryRun, json: false, progress: () => undefined });
  return { road, sent, run };
};

const put = ({ ports }: StoreRoad, key: string, bytes: Uint8Array) => ports.objects.putIfAbsent(key, bytes);

describe('redrive of batches that Lambda gave up', () => {
  it('sends their records byte for byte, once, however often it runs', async () => {
    const { road, sent, run } = await open();
    await put(road, KEY, invocationRecord(FRAMES));
    const text = await run();
    expect(text).toContain('2 records of 1 batch that Lambda gave up taken into quarantine, and from there to the stream');
    expect(text).toContain('2 records sent');
    expect(sent.map(({ partitionKey, data }) => [partitionKey, Buffer.from(data)])).toEqual(FRAMES.map((data, i) => [`host-${i}`, Buffer.from(data)]));
    await run();
    expect(sent).toHaveLength(2);
  });

  it('changes nothing in a dry run', async () => {
    const { road, sent, run } = await open();
    await put(road, KEY, invocationRecord(FRAMES));
    const before = Object.keys(await road.objects());
    expect(await run(true)).toContain('2 records of 1 batch that Lambda gave up would be taken into quarantine');
    expect(sent).toEqual([]);
    expect(Object.keys(await road.objects())).toEqual(before);
  });

  it.each([
    ['no JSON', 'PAR1'],
    ['no payload', '{"version":"1.0"}'],
    ['no records', JSON.stringify({ payload: '{"Records":[]}' })],
    ['a shard that is a path', JSON.stringify({ payload: JSON.stringify({ Records: [{ eventID: '../../etc:1', kinesis: { partitionKey: 'a', sequenceNumber: '1', data: 'AA==', approximateArrivalTimestamp: 1 } }] }) })],
    ['a time that is none', JSON.stringify({ payload: JSON.stringify({ Records: [{ eventID: 's:1', kinesis: { partitionKey: 'a', sequenceNumber: '1', data: 'AA==', approximateArrivalTimestamp: '1' } }] }) })],
  ])('passes over an object with %s, names it, and takes the next', async (_, content) => {
    const { road, sent, run } = await open();
    await put(road, 'aws/lambda/0/bad.json', Buffer.from(content));
    await put(road, KEY, invocationRecord(FRAMES));
    expect(await run()).toContain('1 object where Lambda leaves its batches that are none: aws/lambda/0/bad.json');
    expect(sent).toHaveLength(2);
  });
});
