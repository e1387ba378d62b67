import { createHash } from 'node:crypto';

/** Keys are spread over this many partitions each, so that 100,000 alerts at once do not meet one partition's write limit. */
export const SPREAD = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'] as const;

/** 128 bits of SHA-256 in hex; its first digit is the partition. */
export const hashOf = (...parts: readonly (string | number)[]): string => createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);

/** `prefix#<4 bits of hash>`. */
export const spreadKey = (prefix: string, hash: string): string => `${prefix}#${hash[0] as string}`;

/** A time as text that sorts as the number does; good until the year 5138. */
export const sortableMs = (tMs: number): string => String(tMs).padStart(14, '0');

/** Applies `work` to all, at most `limit` at a time, results in order. */
export const inParallel = async <In, Out>(inputs: readonly In[], limit: number, work: (input: In) => Promise<Out>): Promise<Out[]> => {
  const outputs: Out[] = [];
  let next = 0;
  const run = async (): Promise<void> => {
    for (let i = next++; i < inputs.length; i = next++) outputs[i] = await work(inputs[i] as In);
  };
  await Promise.all(Array.from({ length: Math.min(limit, inputs.length) }, run));
  return outputs;
};
