import type { Channel } from '../../shared/alerting/publish.ts';
import { snsClient } from '../../shared/aws/clients.ts';
import { makeSnsPublish } from '../../shared/aws/publish-sns.ts';
import { defineFanOutContract } from '../contract/fan-out.contract.ts';
import { deleteTopic, freshTopic, onePerFile } from './fresh-resources.ts';
import { deleteQueue, queueBehind, receive } from './queue-behind-topic.ts';

const topic = onePerFile(freshTopic, deleteTopic);
const queues: Partial<Record<Channel, () => Promise<string>>> = {
  webhook: onePerFile(async () => queueBehind(await topic(), 'webhook'), deleteQueue),
  email: onePerFile(async () => queueBehind(await topic(), 'email'), deleteQueue),
};

defineFanOutContract('SNS and SQS', async (channel, deliver) => {
  const queueUrl = await (queues[channel] as () => Promise<string>)();
  const stopped = new AbortController();
  const loop = (async () => {
    while (!stopped.signal.aborted) await receive(queueUrl, 1, deliver);
  })();
  const stop = async (): Promise<void> => {
    stopped.abort();
    await loop;
  };
  return { publish: makeSnsPublish(snsClient(), await topic()), stop };
});
