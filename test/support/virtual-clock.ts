/** Time that passes only when everybody sleeps: the earliest sleeper is woken once the event loop has nothing else to do. */
export class VirtualClock {
  private readonly sleepers: { atMs: number; wake: () => void }[] = [];
  private ms: number;
  private turning = false;

  constructor(startMs: number) {
    this.ms = startMs;
  }

  readonly nowMs = (): number => this.ms;

  readonly sleep = (ms: number): Promise<void> =>
    new Promise((wake) => {
      this.sleepers.push({ atMs: this.ms + ms, wake });
      this.sleepers.sort((a, b) => a.atMs - b.atMs);
      this.turn();
    });

  private turn(): void {
    if (this.turning) return;
    this.turning = true;
    setImmediate(() => {
      this.turning = false;
      const next = this.sleepers.shift();
      if (next === undefined) return;
      this.ms = Math.max(this.ms, next.atMs);
      next.wake();
      this.turn();
    });
  }
}
