import { setTimeout as sleep } from 'node:timers/promises';

/** Samples of one sender: the value is the running number, so that a sample tells which push it came from. */
export interface Acknowledged {
  readonly sender: string;
  readonly tMs: number;
  readonly value: number;
}

export interface LoadReport {
  readonly acknowledged: readonly Acknowledged[];
  /** Sent without an answer: they may be stored or not, but once at the most. */
  readonly unanswered: number;
}

const SAMPLES_PER_PUSH = 20;

/** Pushes JSON from several senders as fast as answers come, until `isOver`; no push is tried again. */
export const runLoad = async (url: string, senders: readonly string[], isOver: () => boolean, counters: Map<string, number>): Promise<LoadReport> => {
  const acknowledged: Acknowledged[] = [];
  let unanswered = 0;
  const runSender = async (sender: string): Promise<void> => {
    while (!isOver()) {
      const samples = nextSamples(sender, counters);
      const ok = await push(url, samples);
      if (ok === 'acknowledged') acknowledged.push(...samples);
      else if (ok === 'unanswered') unanswered += samples.length;
      if (ok !== 'acknowledged') await sleep(5);
    }
  };
  await Promise.all(senders.map(runSender));
  return { acknowledged, unanswered };
};

/** Times are the running number in milliseconds after the start, so that no two samples of a sender share one. */
const nextSamples = (sender: string, counters: Map<string, number>): Acknowledged[] => {
  const first = counters.get(sender) ?? Date.now();
  const samples = Array.from({ length: SAMPLES_PER_PUSH }, (_, i) => ({ sender, tMs: first + i, value: first + i }));
  counters.set(sender, Math.max(first + SAMPLES_PER_PUSH, Date.now()));
  return samples;
};

const push = async (url: string, samples: readonly Acknowledged[]): Promise<'acknowledged' | 'refused' | 'unanswered'> => {
  const body = JSON.stringify({ samples: samples.map(({ sender, tMs, value }) => ({ metric: 'kill_load', labels: { sender }, ts: tMs, value })) });
  try {
    const answer = await fetch(`${url}/api/v1/push`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    return answer.ok ? 'acknowledged' : 'refused';
  } catch {
    return 'unanswered';
  }
};
