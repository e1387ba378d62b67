export const HOUR_MS = 3_600_000;

/** The partition of an instant: `YYYY-MM-DD-HH` in UTC. */
export const hourOf = (tMs: number): string => new Date(Math.floor(tMs / HOUR_MS) * HOUR_MS).toISOString().slice(0, 13).replace('T', '-');

/** Unix milliseconds of an hour's start; NaN for text that is no hour. */
export const hourStartMs = (hour: string): number => Date.parse(`${hour.slice(0, 10)}T${hour.slice(11)}:00:00Z`);
