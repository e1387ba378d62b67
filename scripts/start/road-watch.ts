import type { MetricRegistry } from '../../shared/client/metric-registry.ts';
import type { Say } from './live-files.ts';

/** Ticks come every 2 s and the mapping's window is 1 s: a road that is silent for so long is broken, or the machine is. */
export const ROAD_SILENT_MS = 60_000;

export interface RoadWatch {
  /** The newest of our own samples that has come back, as old as a tick has found it. */
  readonly came: (ageMs: number, nowMs: number) => void;
  /** To be called whether anything else goes on or not. */
  readonly check: (nowMs: number) => void;
}

/**
 * The dead man's switch of one machine: says when nothing comes back of what is put on the road, and when it does again. It hears of
 * neither rules nor notifications, and shows the road's age also while no tick ends.
 */
export const openRoadWatch = (registry: MetricRegistry, warn: Say, startedAtMs: number): RoadWatch => {
  let newestMs = startedAtMs;
  let silent = false;
  const gauge = registry.gauge('tidemark_road_age_seconds', {}, 'Since the newest of our own samples that came back: through stream, store, object and catalog.');
  const check = (nowMs: number): void => {
    const ageMs = nowMs - newestMs;
    gauge.set(ageMs / 1000);
    const isSilent = ageMs > ROAD_SILENT_MS;
    if (isSilent && !silent) warn(`road: nothing has come back for ${Math.round(ageMs / 1000)} s of the samples that are sent through stream, store and catalog: rules do not see what happens now`);
    if (!isSilent && silent) warn('road: samples come back again');
    silent = isSilent;
  };
  return {
    came: (ageMs, nowMs) => {
      newestMs = Math.max(newestMs, nowMs - ageMs);
      check(nowMs);
    },
    check,
  };
};
