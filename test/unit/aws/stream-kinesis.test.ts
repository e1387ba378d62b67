import { KinesisClient, KinesisServiceException, ListShardsCommand, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { makeKinesisListShards, makeKinesisPut } from '../../../shared/aws/stream-kinesis.ts';
import { PermanentError, ThrottledError, UnavailableError } from '../../../shared/errors.ts';
import type { OutgoingRecord } from '../../../shared/wire/record-stream.ts';
import { recordedPacing } from './pacing.ts';

const kinesis = mockClient(KinesisClient);

const record = (partitionKey: string, bytes = 1): OutgoingRecord => ({ partitionKey, data: new Uint8Array(bytes) });
const taken = { SequenceNumber: '1', ShardId: 'shardId-0' };
const refused = (ErrorCode: string) => ({ ErrorCode, ErrorMessage: 'no' });
const failure = (name: string): KinesisServiceException => new KinesisServiceException({ name, $fault: 'client', message: name, $metadata: {} });

const make = () => {
  const pacing = recordedPacing();
  return { pacing, put: makeKinesisPut(new KinesisClient({}), 'records', pacing) };
};

const keysPut = (): string[][] =>
  kinesis.commandCalls(PutRecordsCommand).map((call) => (call.args[0].input.Records ?? []).map((entry) => entry.PartitionKey ?? ''));

const takeAll = (): void => {
  kinesis.on(PutRecordsCommand).callsFake((input: { Records: unknown[] }) => ({ Records: input.Records.map(() => taken) }));
};

beforeEach(() => kinesis.reset());

describe('putting records into Kinesis', () => {
  it('puts nothing for no records', async () => {
    await make().put([]);
    expect(kinesis.calls()).toHaveLength(0);
  });

  it('carries the explicit hash key where there is one', async () => {
    takeAll();
    await make().put([{ ...record('a'), explicitHashKey: '17' }, record('b')]);
    const entries = kinesis.commandCalls(PutRecordsCommand)[0]?.args[0].input.Records;
    expect(entries?.map((entry) => entry.ExplicitHashKey)).toEqual(['17', undefined]);
  });

  it('cuts requests at 500 records, in order', async () => {
    takeAll();
    const keys = Array.from({ length: 1001 }, (_, k) => `k${k}`);
    await make().put(keys.map((each) => record(each)));
    expect(keysPut().map((each) => each.length)).toEqual([500, 500, 1]);
    expect(keysPut().flat()).toEqual(keys);
  });

  it('cuts requests at 5 MiB, keys counted', async () => {
    takeAll();
    const MiB = 1024 * 1024;
    await make().put(Array.from({ length: 6 }, () => record('k', MiB - 1)));
    expect(keysPut().map((each) => each.length)).toEqual([5, 1]);
  });

  it('refuses a record over 1 MiB for good, before anything is sent', async () => {
    await expect(make().put([record('a'), record('k', 1024 * 1024)])).rejects.toBeInstanceOf(PermanentError);
    expect(kinesis.calls()).toHaveLength(0);
  });

  it('sends again what was refused, and nothing else', async () => {
    kinesis
      .on(PutRecordsCommand)
      .resolvesOnce({ Records: [taken, refused('ProvisionedThroughputExceededException'), taken, refused('InternalFailure')] })
      .resolvesOnce({ Records: [taken, refused('InternalFailure')] })
      .resolvesOnce({ Records: [taken] });
    const { put, pacing } = make();
    await put(['a', 'b', 'c', 'd'].map((each) => record(each)));
    expect(keysPut()).toEqual([['a', 'b', 'c', 'd'], ['b', 'd'], ['d']]);
    expect(pacing.waitsMs).toEqual([50, 100]);
  });

  it.each([
    ['ProvisionedThroughputExceededException', ThrottledError],
    ['InternalFailure', UnavailableError],
  ])('gives up after six refusals with %s', async (code, error) => {
    kinesis.on(PutRecordsCommand).resolves({ Records: [refused(code)] });
    await expect(make().put([record('a')])).rejects.toBeInstanceOf(error);
    expect(kinesis.commandCalls(PutRecordsCommand)).toHaveLength(6);
  });

  it.each([
    ['LimitExceededException', ThrottledError],
    ['ResourceNotFoundException', UnavailableError],
  ])('maps a request refused with %s', async (name, error) => {
    kinesis.on(PutRecordsCommand).rejects(failure(name));
    await expect(make().put([record('a')])).rejects.toBeInstanceOf(error);
  });

  it('takes an answer without entries for a refusal', async () => {
    kinesis.on(PutRecordsCommand).resolves({});
    await expect(make().put([record('a')])).rejects.toBeInstanceOf(UnavailableError);
  });
});

describe('listing the shards of Kinesis', () => {
  it('follows the pages with the token alone, and reads parents and ends', async () => {
    kinesis
      .on(ListShardsCommand)
      .resolvesOnce({
        Shards: [{ ShardId: 's0', HashKeyRange: { StartingHashKey: '0', EndingHashKey: '9' }, SequenceNumberRange: { StartingSequenceNumber: '1', EndingSequenceNumber: '2' } }],
        NextToken: 'more',
      })
      .resolvesOnce({
        Shards: [
          {
            ShardId: 's2',
            ParentShardId: 's0',
            AdjacentParentShardId: 's1',
            HashKeyRange: { StartingHashKey: '5', EndingHashKey: '9' },
            SequenceNumberRange: { StartingSequenceNumber: '3' },
          },
        ],
      });
    expect(await makeKinesisListShards(new KinesisClient({}), 'records')()).toEqual([
      { shardId: 's0', parentIds: [], startingHashKey: '0', open: false },
      { shardId: 's2', parentIds: ['s0', 's1'], startingHashKey: '5', open: true },
    ]);
    expect(kinesis.commandCalls(ListShardsCommand)[1]?.args[0].input).toEqual({ NextToken: 'more' });
  });
});
