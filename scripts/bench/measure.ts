/** One measured number. `subject` is who was measured, `case` on what. */
export interface Measurement {
  readonly bench: string;
  readonly case: string;
  readonly subject: string;
  readonly metric: string;
  readonly value: number;
  readonly unit: string;
}

/** CPU seconds of one call, user and system, of all threads: the best of some, after one to warm up. */
export const bestCpuSeconds = async (runs: number, call: () => unknown): Promise<number> => {
  await call();
  let best = Infinity;
  for (let i = 0; i < runs; i++) {
    const before = process.cpuUsage();
    await call();
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / 1e6);
  }
  return best;
};
