import { Random } from './random.ts';

interface Sleeper {
  readonly atMs: number;
  /** Orders what is due at one time: the seed decides, not who came first. */
  readonly order: number;
  readonly subject: string;
  readonly wake: () => void;
}

export type RunEnd = 'reached' | 'idle' | 'late';

/**
 * Virtual time, and the one place where it is decided who goes on next. Whoever waits sleeps here; the sleeper that is due
 * first is woken once nobody has anything left to do, and then runs alone until everybody waits again. What ran is kept as
 * a running hash, so that two runs can be compared.
 */
export class Scheduler {
  readonly random: Random;
  /** Every event in words; kept only when asked for. */
  readonly lines: string[] = [];
  private readonly keepLines: boolean;
  private readonly heap: Sleeper[] = [];
  private ms: number;
  private hash = 0x811c9dc5;
  private count = 0;

  constructor(seed: number, startMs: number, keepLines = false) {
    this.random = new Random(seed);
    this.ms = startMs;
    this.keepLines = keepLines;
  }

  readonly nowMs = (): number => this.ms;

  get events(): number {
    return this.count;
  }

  /** The hash of everything that was noted so far. */
  get traceHash(): string {
    return (this.hash >>> 0).toString(16).padStart(8, '0');
  }

  readonly sleep = (ms: number, subject = 'sleep'): Promise<void> => new Promise((wake) => this.after(ms, subject, wake));

  /** Calls `wake` after `ms`, rounded up: the clock shows whole milliseconds. */
  after(ms: number, subject: string, wake: () => void): void {
    push(this.heap, { atMs: this.ms + Math.ceil(ms), order: this.random.next(), subject, wake });
  }

  /** Adds a line to the trace. FNV-1a over its UTF-16 units. */
  note(text: string): void {
    let hash = this.hash;
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    this.hash = hash;
    if (this.keepLines) this.lines.push(`${(this.ms / 1000).toFixed(3)} ${text}`);
  }

  /** Runs until `reached` says so after an event, nobody waits any more, or the next event lies behind `untilMs`. */
  run(reached: () => boolean, untilMs: number): Promise<RunEnd> {
    return new Promise((resolve, reject) => {
      const turn = (): void => {
        try {
          const end = this.turn(reached, untilMs);
          if (end !== undefined) return resolve(end);
        } catch (error) {
          return reject(error);
        }
        // A tick that is asked for by a microtask runs when no microtask is left: all who were woken wait again by then.
        queueMicrotask(() => process.nextTick(turn));
      };
      process.nextTick(turn);
    });
  }

  private turn(reached: () => boolean, untilMs: number): RunEnd | undefined {
    if (reached()) return 'reached';
    const next = this.heap[0];
    if (next === undefined) return 'idle';
    if (next.atMs > untilMs) return 'late';
    pop(this.heap);
    this.ms = next.atMs;
    this.count++;
    this.note(`${next.atMs} ${next.subject}`);
    next.wake();
    return undefined;
  }
}

const isBefore = (a: Sleeper, b: Sleeper): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

const push = (heap: Sleeper[], added: Sleeper): void => {
  let at = heap.length;
  heap.push(added);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!isBefore(added, heap[parent] as Sleeper)) break;
    heap[at] = heap[parent] as Sleeper;
    at = parent;
  }
  heap[at] = added;
};

/** Takes the first one out; the heap must not be empty. */
const pop = (heap: Sleeper[]): void => {
  const moved = heap.pop() as Sleeper;
  if (heap.length === 0) return;
  let at = 0;
  for (;;) {
    const left = 2 * at + 1;
    if (left >= heap.length) break;
    const right = left + 1;
    const child = right < heap.length && isBefore(heap[right] as Sleeper, heap[left] as Sleeper) ? right : left;
    if (!isBefore(heap[child] as Sleeper, moved)) break;
    heap[at] = heap[child] as Sleeper;
    at = child;
  }
  heap[at] = moved;
};
