import { hotFilesOf } from '../catalog/hot-files.ts';
import { installationWatermark } from '../catalog/watermarks.ts';
import { compactHour } from '../compaction/compact-hour.ts';
import { PermanentError, UnavailableError } from '../errors.ts';
import { HOUR_MS, hourStartMs } from '../model/hour.ts';
import type { Labels } from '../model/labels.ts';
import { PromqlLimitError } from '../promql/errors.ts';
import { makePieceCache } from '../storage/piece-cache.ts';
import { makeSelectFromLake } from '../storage/select-series.ts';
import { type CompactPorts, MAX_LOST, type RewriteRun, type RewriteSettings } from './deletion-ports.ts';
import { refreshListOf } from './refresh-list.ts';
import { erasureOf, type Selection } from './selection.ts';

export interface FoundSamples {
  readonly series: readonly Labels[];
  /** Each time of a series once, in however many files it stands. */
  readonly samples: number;
}

/** Of one hour in memory, 16 bytes each. */
const MAX_SAMPLES = 50_000_000;

/** The raw samples of an hour that a selection means. */
export const findSamples = async ({ objects, catalog }: CompactPorts, hour: string, { matchers, fromMs, toMs }: Selection): Promise<FoundSamples> => {
  const startMs = hourStartMs(hour);
  // Nothing is kept: each hour is read once.
  const select = makeSelectFromLake({ objects, catalog, cache: makePieceCache(0), limits: { maxSamples: MAX_SAMPLES } });
  const request = { matchers, fromMs: Math.max(fromMs, startMs), toMs: Math.min(toMs, startMs + HOUR_MS) - 1 };
  const { labels, tMs } = await select(request).catch((cause: unknown) => {
    if (!(cause instanceof PromqlLimitError)) throw cause;
    throw new PermanentError(`delete from ${hour}: found more than ${MAX_SAMPLES} samples of one hour; delete by several narrower selectors or ranges`, { cause });
  });
  return { series: labels, samples: tMs.length };
};

/**
 * Deletes the raw samples of an hour that a selection means: its files and all hot files that were there when it began become one new
 * version without them, and the 1m partition is made anew from what is left. Hot files are merged by this, so that no later merge
 * brings a sample back; what arrives later is a new sample. Returns what was found; safe to repeat from any point.
 */
export const deleteSamples = async (ports: CompactPorts, hour: string, selection: Selection, settings: RewriteSettings, run: RewriteRun): Promise<FoundSamples> => {
  const first = await findSamples(ports, hour, selection);
  if (first.samples === 0) return first;
  const before = new Set((await hotFilesOf(ports.catalog, hour)).map(({ key }) => key));
  let lost = 0;
  for (let pass = 0, found = first; found.samples > 0; pass++, found = await findSamples(ports, hour, selection)) {
    const compactRun = { nowMs: run.nowMs, watermarkMs: await installationWatermark(ports.catalog), attempt: `${run.attempt}.${pass}` };
    const { kind } = await compactHour(ports, hour, { ...settings, erasure: erasureOf(selection, found.series) }, compactRun);
    if (kind === 'lost' && ++lost === MAX_LOST) {
      throw new UnavailableError(`delete from ${hour}: found ${MAX_LOST} other rewrites of the hour, one after the other; run it again`, 1);
    }
    // An hour that still receives such samples would never end: what came since is new.
    if (kind === 'merged' && (await hotFilesOf(ports.catalog, hour)).every(({ key }) => !before.has(key))) break;
  }
  for (const tier of ['raw', '1m'] as const) await refreshListOf(ports, tier, hour, { addressOf: settings.addressOf, nowMs: run.nowMs });
  return first;
};
