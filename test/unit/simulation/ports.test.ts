import { makeKinesisListShards, makeKinesisPut } from '../../../shared/aws/stream-kinesis.ts';
import { Random } from '../../simulation/random.ts';
import { SimItems } from '../../simulation/sim-items.ts';
import { simKinesis } from '../../simulation/sim-kinesis.ts';
import { SimObjects } from '../../simulation/sim-objects.ts';
import { SimStream } from '../../simulation/sim-stream.ts';
import { defineItemTableContract } from '../../contract/item-table.contract.ts';
import { defineItemTransactContract } from '../../contract/item-transact.contract.ts';
import { defineObjectStoreContract } from '../../contract/object-store.contract.ts';
import { defineRecordStreamContract } from '../../contract/record-stream.contract.ts';
import { calm } from './settle.ts';

/** Through the faults, of which there are none, so that the way that actors go is under the contract too. */
const makeItems = async () => {
  const { faults, process, settle } = calm();
  const items = new SimItems().through(faults, process);
  return {
    get: (key: Parameters<typeof items.get>[0]) => settle(items.get(key)),
    query: (...args: Parameters<typeof items.query>) => settle(items.query(...args)),
    transact: (writes: Parameters<typeof items.transact>[0]) => settle(items.transact(writes)),
  };
};

defineItemTableContract('simulated', makeItems);
defineItemTransactContract('simulated', makeItems);

defineObjectStoreContract('simulated', async () => {
  const { faults, process, settle } = calm();
  const store = new SimObjects();
  const objects = store.through(faults, process);
  return {
    ...store.port(),
    putIfAbsent: (key, bytes) => settle(objects.putIfAbsent(key, bytes)),
    get: (key, range) => settle(objects.get(key, range)),
  };
});

defineRecordStreamContract('simulated, through the Kinesis adapter', async () => {
  const { faults, process, settle } = calm();
  const stream = new SimStream(2, new Random(1), Date.now);
  stream.reshard();
  const client = simKinesis(stream, { faults, process, partialPut: 0.2 });
  const put = makeKinesisPut(client, 'stream', { sleep: faults.scheduler.sleep, random: () => 0.5 });
  return {
    putRecords: (records) => settle(put(records)),
    listShards: () => settle(makeKinesisListShards(client, 'stream')()),
    records: async (shardId) => stream.shards.find((shard) => shard.shardId === shardId)?.records ?? [],
  };
});
