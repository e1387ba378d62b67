import { openFanOut } from '../../shared/embedded/fan-out-queue.ts';
import { openItemTables } from '../../shared/embedded/item-sqlite.ts';
import { defineFanOutContract } from './fan-out.contract.ts';

defineFanOutContract('queue in sqlite', async (channel, deliver) => {
  const tables = await openItemTables(':memory:', ['queue']);
  const fanOut = await openFanOut(tables.table('queue'), { channels: ['webhook', 'email'], nowMs: Date.now });
  const consumer = fanOut.consume(channel, async (notification) => {
    try {
      await deliver(notification);
      return { outcome: 'done' };
    } catch {
      return { outcome: 'retry', delayMs: 5 };
    }
  });
  const stop = async (): Promise<void> => {
    await consumer.stop();
    await tables.close();
  };
  return { publish: fanOut.publish, stop };
});
