import { backfillFilesOf } from '../catalog/backfill-files.ts';
import type { HotFile } from '../catalog/hot-files.ts';
import type { ItemTable } from '../catalog/item-table.ts';
import { allPartitions, readEntry } from '../catalog/partitions.ts';
import { installationWatermark } from '../catalog/watermarks.ts';
import { type CompactPorts, compactHour, type CompactSettings, type HourOutcome } from '../compaction/compact-hour.ts';
import { compactDay } from '../compaction/compact-day.ts';
import { type Coverage, isCovered, readCoverage } from '../compaction/coverage.ts';
import { planDays } from '../compaction/plan-days.ts';
import { UnavailableError } from '../errors.ts';
import type { Rejection } from '../protocols/decoded.ts';
import type { Retention } from '../tiers/retention.ts';
import { placeOf } from './age.ts';
import type { CellTally, WaitingHour } from './empty-cells.ts';
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
 * Puts the waiting files of one partition of a lake where they belong, oldest first; undefined when none waits. A call that dies may
 * be made again, and other compactors may be at work on the same partition.
 */
export const commitStep = async (ports: CompactPorts, options: StepOptions): Promise<CommitStep | undefined> => {
  const [first] = await backfillFilesOf(ports.catalog, options.run, '', 1);
  if (first === undefined) return undefined;
  const coverage = await readCoverage(ports.catalog, options.retention);
  const place = placeOf(first.hour, coverage, options.nowMs);
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
  if (!(await isRolledUp(ports.catalog, hour, options))) return fillBehind(ports, hour, files, options);
  return step({ hours: 1, partition: { tier: 'raw', dt: hour }, stored: rowsOf(files) });
};

/** Whether the 1m partition of an hour has all that the raw one has. An hour that has expired begins with the first version again. */
const isRolledUp = async (catalog: ItemTable, hour: string, { retention, nowMs }: StepOptions): Promise<boolean> => {
  const raw = await readEntry(catalog, 'raw', hour);
  const isOfRaw = raw !== undefined && (await readEntry(catalog, '1m', hour))?.builtFrom?.[hour] === raw.version;
  return isOfRaw && isCovered(await readCoverage(catalog, retention), raw, nowMs);
};

/**
 * The hour left the raw tier between the look at its age and the merge, which then leaves the coarser tiers as they are: the samples
 * go there from the files that were merged, whose objects lie there for the grace. Who dies before this runs the command again.
 */
const fillBehind = async (ports: CompactPorts, hour: string, files: readonly HotFile[], options: StepOptions): Promise<CommitStep> => {
  for (const partition of [{ tier: '1m', dt: hour }, { tier: '1h', dt: hour.slice(0, 10) }] as const) {
    const cells = await fillCells(ports, partition, [{ hour, files }], options);
    if (cells !== 'expired') return step({ hours: 1, partition, ...filledOf(cells, partition) });
  }
  return step({ hours: 1, refused: [{ reason: TOO_OLD, samples: rowsOf(files) }] });
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
  const { run, nowMs } = options;
  const { catalog } = ports;
  const files = (await backfillFilesOf(catalog, run, partition.dt)).filter(({ hour }) => placeOf(hour, coverage, nowMs)?.tier === partition.tier);
  const hours = [...byHour(files)].map(([hour, ofHour]) => ({ hour, files: ofHour }));
  const cells = await fillCells(ports, partition, hours, options);
  // The next step finds the place that it has now.
  if (cells === 'expired') return step({});
  await dropFiles(catalog, run, files, nowMs);
  return step({ hours: hours.length, partition, ...filledOf(cells, partition) });
};

const fillCells = async (ports: CompactPorts, partition: TierPartition, hours: readonly WaitingHour[], options: StepOptions): Promise<CellTally | 'expired'> => {
  const { nowMs, nextAttempt } = options;
  // What the partition is yet to be made of comes first: it would be made anew from that alone.
  if (partition.tier === '1m') await mergeHour(ports, partition.dt, options);
  else await buildDay(ports, partition.dt, options);
  return untilCommitted(`fill ${partition.tier} ${partition.dt}`, () => fillPartition(ports, partition, hours, options, { nowMs, attempt: nextAttempt() }));
};

const filledOf = (cells: CellTally, partition: TierPartition): Pick<CommitStep, 'rolledUp' | 'refused' | 'cells'> => ({
  rolledUp: cells.filledSamples,
  refused: refusedOf(cells, partition),
  cells: { filled: cells.filled, skipped: cells.skipped },
});

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

/** The last steps of a run: a day each that is over and not yet made of its hours as they stand; undefined when none is. */
export const dayStep = async (ports: CompactPorts, options: StepOptions): Promise<CommitStep | undefined> => {
  const [day] = await dueDays(ports, await installationWatermark(ports.catalog));
  if (day === undefined) return undefined;
  await buildDay(ports, day, options);
  return step({ partition: { tier: '1h', dt: day } });
};
