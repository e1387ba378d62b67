import { onTestFinished } from 'vitest';
import { openStream } from '../../shared/embedded/stream.ts';
import { defineRecordStreamContract } from './record-stream.contract.ts';
import { tempFolder } from './temp-folder.ts';

defineRecordStreamContract('segment files', async () => {
  const stream = await openStream(await tempFolder(), { shardCount: 3, nowMs: Date.now });
  onTestFinished(() => stream.close());
  return {
    putRecords: stream.putRecords,
    listShards: stream.listShards,
    records: async (shardId) => (await stream.read(shardId, undefined, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY)).records,
  };
});
