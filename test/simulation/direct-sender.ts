import { SampleBatchBuilder } from '../../shared/model/sample-batch.ts';
import { encodeFrame } from '../../shared/wire/frame.ts';
import type { PutRecords } from '../../shared/wire/record-stream.ts';
import type { DrawnSample } from './content.ts';
import type { SimProcess } from './process.ts';
import type { SimSample } from './sample.ts';
import type { ContentRates } from './scenario.ts';
import type { SenderParts, SenderSession } from './sender.ts';

interface PendingRecord {
  readonly data: Uint8Array;
  readonly samples: readonly DrawnSample[];
}

/** A workload that puts frames into the stream by itself: every bit pattern, and records that no program should write. */
export const openDirectSender = ({ scheduler, truth }: SenderParts, putRecords: PutRecords, process: SimProcess, rates: ContentRates): SenderSession => {
  const { random } = scheduler;
  let pending: PendingRecord[] = [];
  const flush = async (): Promise<boolean> => {
    const sent = pending;
    if (sent.length === 0) return true;
    try {
      await putRecords(sent.map(({ data }) => ({ partitionKey: `${process.name}-${random.int(0, 5)}`, data })));
    } catch {
      return false;
    }
    // Killers are set aside as they came, and nobody held the samples against the limits yet: those are not promised.
    for (const { data, samples } of sent) if (!truth.isKiller(data)) truth.acknowledge(samples.filter((sample) => !sample.risky));
    pending = pending.slice(sent.length);
    return true;
  };
  return {
    send: async (samples) => {
      // Some programs number their records anew with each start.
      const data = frameOf(samples, random.chance(0.1) ? new Uint8Array(16) : random.bytes(16), process.name);
      // A killer that is also held against the limits could not be told from one whose bytes are set aside.
      const kills = random.chance(rates.killer) && !samples.some((sample) => sample.risky);
      truth.declare(data, kills ? 'killer' : 'samples', samples);
      pending.push({ data, samples });
      if (random.chance(rates.poison)) {
        const poison = random.chance(0.5) ? random.bytes(random.int(0, 40)) : damaged(data, random.int(0, data.length - 1));
        truth.declare(poison, 'poison', []);
        pending.push({ data: poison, samples: [] });
      }
      await flush();
    },
    settle: flush,
  };
};

/** Every byte of a frame is under its checksum. */
const damaged = (data: Uint8Array, at: number): Uint8Array => data.map((byte, i) => (i === at ? byte ^ 0x40 : byte));

export const frameOf = (samples: readonly SimSample[], recordId: Uint8Array, sender: string): Uint8Array => {
  const builder = new SampleBatchBuilder();
  for (const { metric, labels, tMs, low, high } of samples) {
    builder.series(metric, JSON.stringify(labels));
    builder.sampleBits(tMs, low, high);
  }
  return encodeFrame({ recordId, sender, flushIntervalMs: 10_000 }, builder.build(), 'none');
};
