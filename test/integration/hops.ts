import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 200;

/** Tries until `attempt` gives something, and prints how long the hop took. Rejects with the last failure after `timeoutMs`. */
export const hop = async <T>(title: string, timeoutMs: number, attempt: () => Promise<T | undefined>): Promise<T> => {
  const startMs = performance.now();
  const elapsedMs = (): number => performance.now() - startMs;
  let last: unknown;
  while (elapsedMs() < timeoutMs) {
    try {
      const found = await attempt();
      if (found !== undefined) {
        process.stdout.write(`  ${title}: ${(elapsedMs() / 1000).toFixed(1)} s\n`);
        return found;
      }
    } catch (error) {
      last = error;
    }
    await sleep(POLL_MS);
  }
  throw new Error(`${title}: found nothing within ${timeoutMs} ms`, { cause: last });
};
