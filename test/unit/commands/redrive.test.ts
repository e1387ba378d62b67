import { describe, expect, it } from 'vitest';
import { addGap } from '../../../shared/catalog/gaps.ts';
import { listQuarantineFiles } from '../../../shared/catalog/quarantine-files.ts';
import { redrive } from '../../../shared/commands/redrive.ts';
import { parseRetentionClasses, type RetentionClass } from '../../../shared/lakes/retention-class.ts';
import { quarantine } from '../../../shared/storage/quarantine.ts';
import type { OutgoingRecord, PutRecords } from '../../../shared/wire/record-stream.ts';
import { ARRIVAL_MS, deliveryOf, frameOf, openStoreRoad, SHARD, type StoreRoad } from '../store/store-road.ts';
import { openAdmin } from './open-admin.ts';

const HOUR_MS = 3_600_000;
const LATER_MS = ARRIVAL_MS + 3 * HOUR_MS;
/** Refused on arrival, in range once the clock has come nearer. */
const AHEAD = frameOf(1, [{ metric: 'up', tMs: ARRIVAL_MS + 2 * HOUR_MS, value: 1 }, { metric: 'up', tMs: ARRIVAL_MS, value: 2 }], 'ahead');
/** Refused for ever. */
const OLD = frameOf(2, [{ metric: 'up', tMs: ARRIVAL_MS - 200 * HOUR_MS, value: 1 }], 'old');
const BROKEN = Buffer.from('not a frame');

interface World {
  readonly road: StoreRoad;
  readonly sent: OutgoingRecord[];
  readonly run: (options?: { dryRun?: boolean; nowMs?: number; putRecords?: PutRecords; progress?: string[]; classes?: readonly RetentionClass[] }) => Promise<string>;
}

const openWorld = async (): Promise<World> => {
  const road = await openStoreRoad();
  const sent: OutgoingRecord[] = [];
  const record: PutRecords = async (records) => void sent.push(...records);
  return {
    road,
    sent,
    run: ({ dryRun = false, nowMs = LATER_MS, putRecords = record, progress = [], classes = [] } = {}) => {
      return redrive(openAdmin({ ...road.ports, putRecords, clockMs: () => nowMs, classes }), { dryRun, json: false, progress: (text) => progress.push(text) });
    },
  };
};

/** Without the table's head and the sums below it. */
const rowsOf = (text: string): string[] => text.split('\n\n')[0]?.split('\n').slice(2).map((line) => line.replace(/ {2,}/g, ' | ')).sort() ?? [];

describe('redrive', () => {
  it('puts back, byte for byte, what the store would now take, and says of the rest why not', async () => {
    const { road, sent, run } = await openWorld();
    await road.store(deliveryOf([AHEAD, OLD, BROKEN]));
    const text = await run();
    expect(rowsOf(text)).toEqual([
      '(unknown) | undecodable: magic | 1 | 0 | would be refused again',
      'ahead | timestamp more than 60 minutes after arrival | 1 | 1 | sent',
      'old | timestamp more than 120 hours before arrival | 1 | 1 | would be refused again',
    ]);
    expect(text).toContain('\n1 record sent\n2 records left in quarantine: the store would refuse the same samples for the same reason');
    expect(sent).toEqual([{ partitionKey: 'host-0', data: new Uint8Array(AHEAD) }]);
    expect(await road.store({ shardId: SHARD, records: [{ ...(sent[0] as OutgoingRecord), sequence: '99', arrivalMs: LATER_MS }] })).toMatchObject({ quarantined: 0, rows: 2 });
  });

  it('judges by the class that lets go of its samples first, as the store does', async () => {
    const { road, sent, run } = await openWorld();
    const data = frameOf(3, [{ metric: 'up', tMs: ARRIVAL_MS - 48 * HOUR_MS, value: 1 }], 'late');
    const reasons = [{ reason: 'timestamp more than 24 hours before arrival', samples: 1 }];
    await quarantine(road.ports, [{ shardId: SHARD, sequence: '1', arrivalMs: ARRIVAL_MS, partitionKey: 'k', sender: 'late', reasons, data }]);
    const classes = parseRetentionClasses([{ name: 'brief', match: 'other', retention: 'raw=3d' }]);
    expect(rowsOf(await run({ classes }))).toEqual(['late | timestamp more than 24 hours before arrival | 1 | 1 | would be refused again']);
    expect(sent).toEqual([]);
    expect(rowsOf(await run())).toEqual(['late | timestamp more than 24 hours before arrival | 1 | 1 | sent']);
  });

  it('changes nothing on a dry run, and says the same', async () => {
    const { road, sent, run } = await openWorld();
    await road.store(deliveryOf([AHEAD, OLD, BROKEN]));
    const before = [await road.objects(), await road.rows()];
    const dry = await run({ dryRun: true });
    expect(dry).toContain('would be sent\n');
    expect([sent, await road.objects(), await road.rows()]).toEqual([[], ...before]);
    expect((await run()).replaceAll(' sent\n', ' would be sent\n').split('\n\n')[1]).toBe(dry.split('\n\n')[1]);
  });

  it('sends a record once, however often it is set aside and redriven', async () => {
    const { road, sent, run } = await openWorld();
    await road.store(deliveryOf([AHEAD, OLD]));
    await road.store(deliveryOf([AHEAD], 7));
    expect(await run()).toContain('\n1 record sent\n1 record sent before, not again');
    expect(await run()).toContain('\n0 records sent\n2 records sent before, not again');
    expect(sent).toHaveLength(1);
    expect((await listQuarantineFiles(road.ports.catalog)).map(({ records, redriven }) => [records, redriven])).toEqual([[2, 1], [1, 1]]);
  });

  it('is safe to interrupt: what was sent and could not be noted is sent again, and nothing is left out', async () => {
    const { road, sent, run } = await openWorld();
    await road.store(deliveryOf([AHEAD]));
    const cut: PutRecords = async (records) => {
      sent.push(...records);
      throw new Error('the connection is gone');
    };
    await expect(run({ putRecords: cut })).rejects.toThrow('the connection is gone');
    expect(await run()).toContain('1 record sent');
    expect(sent.map(({ data }) => Buffer.from(data).equals(AHEAD))).toEqual([true, true]);
  });

  it('sends the rest of a record that came back in part, once that is in range too', async () => {
    const { road, sent, run } = await openWorld();
    const two = frameOf(1, [{ metric: 'up', tMs: ARRIVAL_MS + 2 * HOUR_MS, value: 1 }, { metric: 'up', tMs: ARRIVAL_MS + 9 * HOUR_MS, value: 2 }], 'ahead');
    await road.store(deliveryOf([two]));
    expect(await run()).toContain('\n1 record sent');
    expect(await road.store({ shardId: SHARD, records: [{ ...(sent[0] as OutgoingRecord), sequence: '99', arrivalMs: LATER_MS }] })).toMatchObject({ quarantined: 1, rows: 1 });
    expect(await run({ nowMs: LATER_MS + HOUR_MS })).toContain('\n0 records sent\n1 record sent before, not again\n1 record left in quarantine: the store would refuse');
    expect(await run({ nowMs: LATER_MS + 8 * HOUR_MS })).toContain('\n1 record sent\n1 record sent before, not again');
    expect(await run({ nowMs: LATER_MS + 9 * HOUR_MS })).toContain('\n0 records sent\n2 records sent before, not again');
    expect(sent).toHaveLength(2);
  });

  it('sends a record that was given up without decoding it, and not again when it comes back', async () => {
    const { road, sent, run } = await openWorld();
    const giveUp = async (sequence: string, arrivalMs: number): Promise<void> => {
      const key = await quarantine(road.ports, [{ shardId: SHARD, sequence, arrivalMs, partitionKey: 'p', sender: '', reasons: [{ reason: 'no answer', samples: 0 }], data: BROKEN }]);
      await addGap(road.ports.catalog, { shardId: SHARD, sequence, arrivalMs, reason: 'no answer', key });
    };
    await giveUp('3', ARRIVAL_MS);
    expect(await run()).toContain('1 record sent');
    await giveUp('50', LATER_MS + 1000);
    expect(rowsOf(await run({ nowMs: LATER_MS + HOUR_MS }))).toEqual(['(unknown) | no answer | 1 | 0 | sent before', '(unknown) | no answer | 1 | 0 | sent before, given up again']);
    expect(sent).toHaveLength(1);
  });

  it('goes through more objects than one step holds, up to those of its beginning, and tells how far it is', async () => {
    const { road, sent, run } = await openWorld();
    const records = Array.from({ length: 60 }, (_, i) => frameOf(i, [{ metric: 'up', tMs: ARRIVAL_MS + 2 * HOUR_MS, value: i }], 'ahead'));
    for (const [i, data] of records.entries()) await road.store(deliveryOf([data, frameOf(1000 + i, [])], 2 * i + 1));
    await quarantine(road.ports, [{ shardId: SHARD, sequence: '999', arrivalMs: LATER_MS + 1, partitionKey: 'p', sender: '', reasons: [{ reason: 'later', samples: 1 }], data: AHEAD }]);
    const progress: string[] = [];
    expect(await run({ progress })).toContain('60 records sent');
    expect(progress).toEqual(['50 quarantine objects, 50 records sent', '60 quarantine objects, 60 records sent']);
    expect(sent).toHaveLength(60);
  });

  it('says of records whose object is gone that they are lost, and goes on', async () => {
    const { road, run } = await openWorld();
    await road.store(deliveryOf([AHEAD]));
    const { catalog } = road.ports;
    await catalog.transact([{ put: { pk: 'quarantine', sk: 'quarantine/dt=2026-03-01-10/1-gone.jsonl', attributes: { arrivalMs: 1, records: 3, redriven: 0 } } }]);
    const text = await run();
    expect(text).toContain('1 record sent\n');
    expect(text).toContain('3 records lost: the quarantine object is gone');
  });

  it('says that nothing is in quarantine, and refuses a time that is none', async () => {
    const { road, run } = await openWorld();
    expect(await run()).toBe('nothing is in quarantine');
    const api = openAdmin({ ...road.ports, clockMs: () => LATER_MS });
    const ask = (host: string): Promise<Response> => api.fetch('http://127.0.0.1/api/v1/admin/redrive?untilMs=soon', { method: 'POST', headers: { host } });
    expect((await ask('127.0.0.1')).status).toBe(400);
    expect((await ask('example.org')).status).toBe(403);
  });
});
