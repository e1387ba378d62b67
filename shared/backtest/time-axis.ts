const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Distances of ticks that people read easily; longer ones are multiples of four weeks. */
const STEPS_MS = [
  ...[1, 5, 15, 30].map((n) => n * SECOND_MS),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE_MS),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR_MS),
  ...[1, 2, 7, 14, 28].map((n) => n * DAY_MS),
];

export interface Tick {
  readonly tMs: number;
  /** UTC. */
  readonly text: string;
}

/** At most `most` times inside [fromMs, toMs], each a multiple of their distance. */
export const timeTicks = (fromMs: number, toMs: number, most: number): readonly Tick[] => {
  const leastMs = (toMs - fromMs) / most;
  const stepMs = STEPS_MS.find((step) => step >= leastMs) ?? Math.ceil(leastMs / (28 * DAY_MS)) * 28 * DAY_MS;
  const ticks: Tick[] = [];
  for (let tMs = Math.ceil(fromMs / stepMs) * stepMs; tMs <= toMs; tMs += stepMs) ticks.push({ tMs, text: tickText(tMs, stepMs) });
  return ticks;
};

const tickText = (tMs: number, stepMs: number): string => {
  const text = new Date(tMs).toISOString();
  if (stepMs >= DAY_MS) return text.slice(5, 10);
  const time = text.slice(11, stepMs < MINUTE_MS ? 19 : 16);
  return tMs % DAY_MS === 0 ? text.slice(5, 10) : time;
};
