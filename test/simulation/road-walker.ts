import { createEvaluateMemory } from '../../functions/evaluate/memory.ts';
import type { EvaluatePorts } from '../../functions/evaluate/evaluate-ports.ts';
import { walkRoad } from '../../functions/evaluate/road.ts';
import { emptyReport } from '../../functions/evaluate/tick-report.ts';
import { makeKinesisListShards, makeKinesisPut } from '../../shared/aws/stream-kinesis.ts';
import { PermanentError } from '../../shared/errors.ts';
import type { Faults } from './faults.ts';
import type { Pace } from './pace.ts';
import { never, SimProcess } from './process.ts';
import type { SimItems } from './sim-items.ts';
import { simKinesis } from './sim-kinesis.ts';
import type { SimStream } from './sim-stream.ts';

export interface RoadWalkerOptions {
  readonly faults: Faults;
  readonly stream: SimStream;
  readonly items: SimItems;
  readonly partialPut: number;
  readonly pace: Pace;
}

const absent = (): never => {
  throw new PermanentError('walk road: found a call of a port that heartbeats and watermarks have no use for');
};

/** The evaluator's part of the road, tick after tick: the list of shards, heartbeats, watermarks. It starts again when it dies. */
export const runRoadWalker = async ({ faults, stream, items, partialPut, pace }: RoadWalkerOptions): Promise<never> => {
  const { scheduler } = faults;
  for (let life = 0; ; life++) {
    const process = new SimProcess(`evaluate-${life}`);
    const client = simKinesis(stream, { faults, process, partialPut });
    const ports: EvaluatePorts = {
      putRecords: makeKinesisPut(client, 'stream', { sleep: scheduler.sleep, random: () => scheduler.random.next() }),
      listShards: makeKinesisListShards(client, 'stream'),
      catalog: items.through(faults, process),
      alerts: { get: absent, query: absent, transact: absent },
      objects: { putIfAbsent: absent, get: absent },
      openSelect: absent,
      rules: absent,
      alertmanager: absent,
      publish: absent,
      clockMs: scheduler.nowMs,
      externalUrl: '',
    };
    const memory = createEvaluateMemory(Buffer.from(scheduler.random.bytes(8)).toString('hex'));
    await process.run(async () => {
      for (;;) {
        // A tick that fails is made good by the next one.
        await walkRoad(ports, memory, scheduler.nowMs(), emptyReport()).catch(() => undefined);
        await scheduler.sleep(pace.tickMs, process.name);
        if (!process.alive) await never();
      }
    });
  }
};
