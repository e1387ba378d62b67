import { backfillFilesOf, endBackfillWrite, touchBackfill } from '../catalog/backfill-files.ts';
import type { HotFile } from '../catalog/hot-files.ts';
import { allPartitions } from '../catalog/partitions.ts';
import { installationWatermark } from '../catalog/watermarks.ts';
import { type CompactPorts, compactHour, type CompactSettings, type HourOutcome } from '../compaction/compact-hour.ts';
import { compactDay } from '../compaction/compact-day.ts';
import { type Coverage, readCoverage } from '../compaction/coverage.ts';
import { planDays } from '../compaction/plan-days.ts';
import { UnavailableError } from '../errors.ts';
import type { Rejection } from '../protocols/decoded.ts';
import type { Retention } from '../tiers/retention.ts';
import { placeOf } from './age.ts';
import type { CellTally } from './empty-cells.ts';
import { fillPartition, type TierPartition } from './fill-partition.ts';
import { type CommitStep, NOTHING, TAKEN, TOO_OLD } from './report.ts';
import { byHour, dropFiles, publishFiles } from './waiting-files.ts';

export interface StepOptions extends CompactSettings {
  readonly retention: Retention;
  readonly run: string;
  readonly nowMs: number;
  /** Letters and digits that no other call has given. */
  readonly nextAttempt: () => string;
}

/** The compactor commits a partition once a minute at most: who loses so often has something else wrong. */
const TRIES = 10;

/**
 * Puts the waiting files of one partition where they belong, oldest first, and brings what is made of it up to date. To be called until
 * it says that it is done. A call that dies may be made again, and other compactors may be at work on the same partition.
 */
export const commitStep = async (ports: CompactPorts, options: StepOptions): Promise<CommitStep> => {
  const { run, nowMs } = options;
  await touchBackfill(ports.catalog, run, nowMs);
  const [first] = await backfillFilesOf(ports.catalog, run, '', 1);
  if (first === undefined) return bringDaysUpToDate(ports, options);
  const coverage = await readCoverage(ports.catalog, options.retention);
  const place = placeOf(first.hour, coverage, nowMs);
  if (place === undefined) return refuseHour(ports, first.hour, options);
  if (place.tier === 'raw') return storeHour(ports, first.hour, options);
  return fill(ports, { tier: place.tier, dt: place.dt }, coverage, options);
};

const step = (over: Partial<CommitStep>): CommitStep => ({ isDone: false, ...NOTHING, ...over });

const rowsOf = (files: readonly HotFile[]): number => files.reduce((sum, { rows }) => sum + rows, 0);

const refuseHour = async ({ catalog }: CompactPorts, hour: string, { run, nowMs }: StepOptions): Promise<CommitStep> => {
  const files = await backfillFilesOf(catalog, run, hour);
  await dropFiles(catalog, run, files, nowMs);
  return step({ hours: 1, refused: [{ reason: TOO_OLD, samples: rowsOf(files) }] });
};

const storeHour = async (ports: CompactPorts, hour: string, options: StepOptions): Promise<CommitStep> => {
  const files = await backfillFilesOf(ports.catalog, options.run, hour);
  await publishFiles(ports.catalog, options.run, hour, files);
  await mergeHour(ports, hour, options);
  return step({ hours: 1, partition: { tier: 'raw', dt: hour }, stored: rowsOf(files) });
};

/** Until no hot row of the hour is left. */
const mergeHour = async (ports: CompactPorts, hour: string, options: StepOptions): Promise<void> => {
  const watermarkMs = await installationWatermark(ports.catalog);
  const merge = (): Promise<HourOutcome> => compactHour(ports, hour, options, { nowMs: options.nowMs, watermarkMs, attempt: options.nextAttempt() });
  await untilCommitted(`compact ${hour}`, async () => {
    let outcome = await merge();
    while (outcome.kind === 'merged') outcome = await merge();
    return outcome.kind === 'nothing' ? outcome : undefined;
  });
};

const untilCommitted = async <T>(what: string, run: () => Promise<T | undefined>): Promise<T> => {
  for (let i = 0; i < TRIES; i++) {
    const done = await run();
    if (done !== undefined) return done;
  }
  throw new UnavailableError(`${what}: another compactor was first ${TRIES} times, run the command again`, 60);
};

const fill = async (ports: CompactPorts, partition: TierPartition, coverage: Coverage, options: StepOptions): Promise<CommitStep> => {
  const { run, nowMs, nextAttempt } = options;
  const { catalog } = ports;
  const files = (await backfillFilesOf(catalog, run, partition.dt)).filter(({ hour }) => placeOf(hour, coverage, nowMs)?.tier === partition.tier);
  const hours = [...byHour(files)].map(([hour, ofHour]) => ({ hour, files: ofHour }));
  // What the partition is yet to be made of comes first: it would be made anew from that alone.
  if (partition.tier === '1m') await mergeHour(ports, partition.dt, options);
  else await buildDay(ports, partition.dt, options);
  const cells = await untilCommitted(`fill ${partition.tier} ${partition.dt}`, () =>
    fillPartition(ports, partition, hours, options, { nowMs, attempt: nextAttempt() }),
  );
  // The next step finds the place that it has now.
  if (cells === 'expired') return step({});
  await dropFiles(catalog, run, files, nowMs);
  return step({ hours: hours.length, partition, rolledUp: cells.filledSamples, refused: refusedOf(cells, partition), cells: { filled: cells.filled, skipped: cells.skipped } });
};

const refusedOf = ({ skippedSamples }: CellTally, { tier }: TierPartition): readonly Rejection[] => (skippedSamples === 0 ? [] : [{ reason: TAKEN(tier), samples: skippedSamples }]);

const dueDays = async ({ catalog }: CompactPorts, closedMs: number | undefined): Promise<readonly string[]> =>
  planDays(await allPartitions(catalog, '1m'), await allPartitions(catalog, '1h'), closedMs);

/** A day whose hours leave the 1m tier has long been over, whatever the watermark says. */
const buildDay = async (ports: CompactPorts, day: string, options: StepOptions): Promise<void> => {
  const { nowMs, nextAttempt } = options;
  await untilCommitted(`compact ${day}`, async () => {
    if (!(await dueDays(ports, nowMs)).includes(day)) return true;
    await compactDay(ports, day, options, { nowMs, watermarkMs: nowMs, attempt: nextAttempt() });
    return undefined;
  });
};

/** The last steps of a run: a day each that is over and not yet made of its hours as they stand. */
const bringDaysUpToDate = async (ports: CompactPorts, options: StepOptions): Promise<CommitStep> => {
  const [day] = await dueDays(ports, await installationWatermark(ports.catalog));
  if (day !== undefined) {
    await buildDay(ports, day, options);
    return step({ partition: { tier: '1h', dt: day } });
  }
  await ports.catalog.transact([endBackfillWrite(options.run)]);
  return step({ isDone: true });
};
