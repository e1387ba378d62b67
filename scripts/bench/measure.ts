/** One measured number. `subject` is who was measured, `case` on what. */
export interface Measurement {
  readonly bench: string;
  readonly case: string;
  readonly subject: string;
  readonly metric: string;
  readonly value: number;
  readonly unit: string;
}

export interface Effort {
  /** Runs at least, after one to warm up. */
  readonly runs: number;
  /** Runs go on for this long. */
  readonly ms: number;
}

/**
 * CPU seconds of one call, user and system, of all threads: the best of all runs. Other processes on the machine only ever
 * make a run dearer, so the more runs, the less the best tells of them.
 */
export const bestCpuSeconds = async ({ runs, ms }: Effort, call: () => unknown): Promise<number> => {
  await call();
  let best = Infinity;
  const endMs = performance.now() + ms;
  for (let run = 0; run < runs || performance.now() < endMs; run++) {
    best = Math.min(best, await cpuSeconds(call));
  }
  return best;
};

/** CPU seconds of one call, user and system, of all threads. */
export const cpuSeconds = async (call: () => unknown): Promise<number> => {
  const before = process.cpuUsage();
  await call();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
};
