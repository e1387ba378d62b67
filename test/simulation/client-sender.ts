import { type FlushReport, MetricsClient } from '../../shared/client/metrics-client.ts';
import type { DrawnSample } from './content.ts';
import type { IngestHost } from './ingest-host.ts';
import type { SimProcess } from './process.ts';
import { numberOf } from './sample.ts';
import type { SenderParts, SenderSession } from './sender.ts';
import { Violation } from './truth.ts';

/** The product's client library. It must keep what is not acknowledged, and drop nothing but what was refused for good. */
export const openClientSender = ({ scheduler, truth }: SenderParts, ingest: IngestHost, process: SimProcess, skewMs: number): SenderSession => {
  // Frames leave in the order of their flushes, so the first frame that was not seen before is the first flush of this list.
  const unseen: (readonly DrawnSample[])[] = [];
  const inFlight = new Map<string, readonly DrawnSample[]>();
  let risky = false;
  const settleFrame = (body: Uint8Array, status: number): void => {
    const key = Buffer.from(body).toString('latin1');
    if (status < 300) truth.acknowledge(inFlight.get(key) ?? []);
    if (status < 300 || status === 400) inFlight.delete(key);
  };
  const send = ingest.fetchFor(process, settleFrame);
  const client = new MetricsClient({
    url: 'http://ingest',
    sender: process.name,
    flushIntervalMs: 10_000,
    bootId: scheduler.random.bytes(8),
    nowMs: () => scheduler.nowMs() + skewMs,
    fetch: (url, init) => {
      const body = init?.body as Uint8Array;
      if (!truth.isDeclared(body)) {
        const samples = unseen.shift() ?? [];
        truth.declare(body, 'samples', samples);
        inFlight.set(Buffer.from(body).toString('latin1'), samples);
      }
      return send(url, init);
    },
  });
  const check = ({ droppedSamples, problem }: FlushReport): void => {
    if (droppedSamples > 0 && !risky) truth.violate(new Violation('the client keeps what is not acknowledged', `${droppedSamples} samples dropped: ${problem}`));
  };
  return {
    send: async (samples) => {
      for (const { metric, labels, tMs, low, high } of samples) client.sample(metric, labels, numberOf(low, high), tMs);
      unseen.push(samples);
      risky ||= samples.some((sample) => sample.risky);
      check(await client.flush());
    },
    settle: async () => {
      const report = await client.flush();
      check(report);
      if (report.bufferedSamples > 0) return false;
      if (unseen.length + inFlight.size > 0) truth.violate(new Violation('the client keeps what is not acknowledged', 'its buffer is empty, and not everything was answered'));
      return true;
    },
  };
};
