import type { IngestHost } from './ingest-host.ts';
import type { SimProcess } from './process.ts';
import { numberOf } from './sample.ts';
import type { DrawnSample } from './content.ts';
import type { SenderParts, SenderSession } from './sender.ts';

interface Push {
  readonly text: string;
  readonly samples: readonly DrawnSample[];
}

/** A program that posts lines of text, each push until it is answered: every try becomes a record of its own. */
export const openLineSender = ({ truth }: SenderParts, ingest: IngestHost, process: SimProcess): SenderSession => {
  const pending: Push[] = [];
  const send = ingest.fetchFor(process, (body, status) => {
    if (status < 300) truth.acknowledge(pending.find((push) => push.text === Buffer.from(body).toString())?.samples ?? []);
  });
  const flush = async (): Promise<boolean> => {
    for (let next = pending[0]; next !== undefined; next = pending[0]) {
      const answer = await send('http://ingest/api/v1/push', { method: 'POST', body: Buffer.from(next.text), headers: { 'content-type': 'text/plain' } }).catch(() => undefined);
      if (answer === undefined || answer.status === 429 || answer.status >= 500) return false;
      pending.shift();
    }
    return true;
  };
  return {
    send: async (samples) => {
      pending.push({ text: samples.map(lineOf).join('\n'), samples });
      await flush();
    },
    settle: flush,
  };
};

const lineOf = ({ metric, labels, tMs, low, high }: DrawnSample): string => {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
  return `${metric} ${pairs.join(',')} ${tMs / 1000} ${numberOf(low, high)}`;
};
